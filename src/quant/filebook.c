/*
 * codebook: levels from an .npy file, scaled by the largest magnitude A of each group.
 *
 *   q = nearest level of x / A (float64; a tie: the lower), 0 / 0 = 0      y = level[q] A, rounded once
 *
 * The levels are float32, put in ascending order; up to 256 of them. A code takes as many bits as the number of levels
 * needs; the levels are counted once.
 */
#include "base/error.h"
#include "quant/codebook.h"
#include "quant/schemes.h"
#include "tensor/tensor.h"

#include <math.h>
#include <stdlib.h>

enum { MAX_LEVELS = 256 };

static int compare_floats(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static ql_status read_levels(ql_quantizer *q, const ql_tensor *tensor, const char *shown, ql_error *error)
{
    const uint64_t count = tensor->element_count;
    unsigned char scratch[(MAX_LEVELS + 2) * 9];
    if (count < 1 || count > MAX_LEVELS) {
        return ql_fail(error, QL_BAD_USAGE, "%s: %llu levels; a codebook has 1 to %d", shown, (unsigned long long)count,
                       MAX_LEVELS);
    }
    q->levels = malloc(MAX_LEVELS * sizeof *q->levels);
    q->thresholds = malloc(MAX_LEVELS * sizeof *q->thresholds);
    if (!q->levels || !q->thresholds) {
        return ql_fail_memory(error, MAX_LEVELS * (sizeof *q->levels + sizeof *q->thresholds));
    }
    ql_status status = ql_tensor_read_f32(tensor, 0, (size_t)count, q->levels, scratch, error);
    for (uint64_t i = 0; status == QL_OK && i < count; i++) {
        if (!isfinite(q->levels[i])) {
            status = ql_fail(error, QL_BAD_USAGE, "%s: level %llu is not finite; a codebook has numbers only", shown,
                             (unsigned long long)i);
        }
    }
    if (status == QL_OK) {
        qsort(q->levels, count, sizeof *q->levels, compare_floats);
        ql_codebook_thresholds(q->levels, (unsigned)count, MAX_LEVELS, q->thresholds);
        q->level_count = (unsigned)count;
        q->code_hi = (int)count - 1;
        q->spec.bits = 1;
        while (1u << q->spec.bits < count) {
            q->spec.bits++;
        }
    }
    return status;
}

static ql_status prepare(ql_quantizer *q, const ql_profile *profile, ql_error *error)
{
    (void)profile;
    ql_model *model = NULL;
    ql_status status = ql_model_open(q->spec.file, QL_LAYOUT_AUTO, &model, error);
    if (status == QL_OK && ql_model_tensor_count(model) != 1) {
        char shown[256];
        ql_text_print(shown, sizeof shown, ql_text_from(q->spec.file), 100);
        status = ql_fail(error, QL_BAD_USAGE, "%s: holds %zu tensors; a codebook is an .npy file with one", shown,
                         ql_model_tensor_count(model));
    }
    if (status == QL_OK) {
        const ql_tensor *tensor = ql_model_tensor(model, 0);
        status = read_levels(q, tensor, ql_source_shown(tensor->storage->source), error);
    }
    ql_model_free(&model);
    return status;
}

static void code_range(const ql_spec *spec, int *lo, int *hi)
{
    (void)spec; /* the file tells */
    *lo = 0;
    *hi = MAX_LEVELS - 1;
}

static float decode(const ql_quantizer *q, uint64_t group, int code)
{
    return q->levels[code] * q->scales[group];
}

static const char *fit(ql_quantizer *q, uint64_t group, double lo, double hi)
{
    (void)lo;
    q->scales[group] = (float)hi;
    const bool fits = isfinite(decode(q, group, 0)) && isfinite(decode(q, group, (int)q->level_count - 1));
    return fits ? NULL : "a level times the largest magnitude of a group is beyond float32; scale the levels to -1..1";
}

static uint64_t quantize(const ql_quantizer *q, const ql_kernels *kernels, const ql_tile *tile)
{
    const ql_levels levels = { q->level_count, q->levels, q->thresholds };
    kernels->encode.nearest_levels(levels, ql_tile_parameters(tile, q->scales, tile->step), ql_tile_blocks(tile), tile->x,
                                   tile->n, tile->codes, tile->y);
    return 0;
}

/* Between levels, or beyond the outermost one. */
static double half_gap(const ql_quantizer *q, uint64_t group)
{
    double widest = fmax(1 - (double)q->levels[q->level_count - 1], 1 + (double)q->levels[0]);
    for (unsigned i = 1; i < q->level_count; i++) {
        widest = fmax(widest, ((double)q->levels[i] - (double)q->levels[i - 1]) / 2);
    }
    return widest * (double)q->scales[group];
}

static double parameter_bits(const ql_quantizer *q)
{
    return 32.0 * (double)q->groups.count + 32.0 * q->level_count;
}

const ql_mapping ql_mapping_codebook = {
    .info = {
        .name = "codebook",
        .title = "levels from a file",
        .formula = "A = max|x|   q = nearest level of x / A   y = level[q]·A",
        .source = "your own levels, one .npy file",
        .storage = "b + 32·(G + K)/n",
    },
    .symmetric = true,
    .keys = 1 << QL_KEY_PER | 1 << QL_KEY_BLOCK | 1 << QL_KEY_FILE,
    .bits_min = 1,
    .bits_max = 8,
    .arrays = QL_HAS_SCALES,
    .code_range = code_range,
    .prepare = prepare,
    .parameter_bits = parameter_bits,
    .fit = fit,
    .quantize = quantize,
    .decode = decode,
    .half_gap = half_gap,
};
