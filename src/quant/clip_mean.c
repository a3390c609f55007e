/*
 * Ranges from moments.
 *
 *   clip=aciq   alpha = c_b mean|x - mu| (Laplace) or c_b sigma (Gauss), c_b the minimiser of clipping plus rounding error
 * for b bits (Banner et al. 2019; 7 bits: alpha e^alpha = 3 4^7, and the same condition for the Gaussian, solved
 * numerically) mean        alpha = mean|x|, of mappings that scale by it (ternary, binary)
 *
 * Sums are float64 in lanes; sigma is that of the population.
 */
#include "quant/calibrate.h"

#include <math.h>

static const double laplace[9] = { [2] = 2.8307, 3.8972, 5.0286, 6.2048, 7.4131, 8.6456, 9.8968 };
static const double gauss[9] = { [2] = 1.7106, 2.1516, 2.5591, 2.9362, 3.2869, 3.6151, 3.9240 };

/* What is summed: f(x - center). */
typedef enum moment { SUM, ABS, SQUARE } moment;

static inline double term(moment what, double x, double center)
{
    const double c = x - center;
    return what == SUM ? c : what == ABS ? fabs(c) : c * c;
}

static void add(moment what, double center, const float *x, size_t n, double lanes[QL_LANES])
{
    for (size_t i = 0; i < n; i++) {
        lanes[i % QL_LANES] += term(what, x[i], center);
    }
}

static double mean_of(moment what, double center, const float *x, size_t n)
{
    double lanes[QL_LANES] = { 0 };
    add(what, center, x, n, lanes);
    return ql_lanes_total(lanes) / (double)n;
}

typedef struct tensor_moment {
    moment what;
    double center, sum;
} tensor_moment;

static void add_tile(void *context, unsigned worker, void *memory, uint64_t begin, const float *x, size_t n)
{
    (void)worker;
    (void)begin;
    const tensor_moment *m = context;
    add(m->what, m->center, x, n, memory);
}

static void merge(void *context, const void *memory)
{
    ((tensor_moment *)context)->sum += ql_lanes_total(memory);
}

static ql_status mean_of_tensor(const ql_calibration *c, ql_stream *stream, moment what, double center, double *out,
                                ql_error *error)
{
    tensor_moment m = { what, center, 0 };
    stream->context = &m;
    stream->tile = add_tile;
    stream->merge = merge;
    stream->memory_size = QL_LANES * sizeof(double);
    ql_status status = ql_stream_run(stream, error);
    *out = m.sum / (double)c->groups->elements;
    return status;
}

static void store(const ql_calibration *c, uint64_t group, double alpha)
{
    c->hi[group] = alpha;
    c->lo[group] = -alpha;
}

static moment spread_of(const ql_spec *spec)
{
    return spec->dist == QL_DIST_GAUSS ? SQUARE : ABS;
}

static double aciq_alpha(const ql_spec *spec, double spread)
{
    return spec->dist == QL_DIST_GAUSS ? gauss[spec->bits] * sqrt(spread) : laplace[spec->bits] * spread;
}

static const char *aciq_group(const ql_calibration *c, void *context, uint64_t group, float *values, size_t n)
{
    (void)context;
    const double mean = mean_of(SUM, 0, values, n);
    store(c, group, aciq_alpha(c->spec, mean_of(spread_of(c->spec), mean, values, n)));
    return NULL;
}

static ql_status aciq(const ql_calibration *c, ql_error *error)
{
    if (c->groups->count > 1) {
        return ql_calibrate_groups(c, NULL, aciq_group, error);
    }
    ql_stream stream = ql_calibration_stream(c);
    double mean, spread;
    ql_status status = mean_of_tensor(c, &stream, SUM, 0, &mean, error);
    if (status == QL_OK) {
        status = mean_of_tensor(c, &stream, spread_of(c->spec), mean, &spread, error);
    }
    if (status == QL_OK) {
        store(c, 0, aciq_alpha(c->spec, spread));
    }
    return status;
}

static const char *mean_group(const ql_calibration *c, void *context, uint64_t group, float *values, size_t n)
{
    (void)context;
    store(c, group, mean_of(ABS, 0, values, n));
    return NULL;
}

static ql_status mean(const ql_calibration *c, ql_error *error)
{
    if (c->groups->count > 1) {
        return ql_calibrate_groups(c, NULL, mean_group, error);
    }
    ql_stream stream = ql_calibration_stream(c);
    double spread;
    ql_status status = mean_of_tensor(c, &stream, ABS, 0, &spread, error);
    if (status == QL_OK) {
        store(c, 0, spread);
    }
    return status;
}

const ql_calibrator ql_calibrator_aciq = { .name = "aciq", .passes_tensor = 2, .passes_groups = 1, .calibrate = aciq };
const ql_calibrator ql_calibrator_mean = { .name = "mean", .passes_tensor = 1, .passes_groups = 1, .calibrate = mean };
