/*
 * nf4: the 4-bit NormalFloat of QLoRA. Sixteen levels, quantiles of a normal distribution, scaled by the block's largest
 * magnitude A.
 *
 *   v = clamp(x (1 / A), -1, 1) in float32      q = number of midpoints below v      y = level[q] A
 *
 * double=1 quantizes the maxima themselves, as bitsandbytes does: offset = their mean, c = A - offset in blocks of 256 by
 * the signed 8-bit dynamic map, whose entry is scaled by the block's largest |c|; A' = map[code] A2 + offset.
 */
#include "base/engine.h"
#include "base/error.h"
#include "base/sizes.h"
#include "quant/blockscale.h"
#include "quant/schemes.h"

#include <math.h>
#include <stdlib.h>

enum { LEVELS = 16, SECOND_BLOCK = 256, MAP_SIZE = 256 };

static const float level[LEVELS] = {
    -1.0f,
    -0.6961928009986877f,
    -0.5250730514526367f,
    -0.39491748809814453f,
    -0.28444138169288635f,
    -0.18477343022823334f,
    -0.09105003625154495f,
    0.0f,
    0.07958029955625534f,
    0.16093020141124725f,
    0.24611230194568634f,
    0.33791524171829224f,
    0.44070982933044434f,
    0.5626170039176941f,
    0.7229568362236023f,
    1.0f,
};

/* Float32 midpoints of the levels. In hex, because the decimals in circulation are float64 midpoints: four of them round the
 * other way. */
static const float midpoint[LEVELS - 1] = {
    -0x1.b239bp-1f,  -0x1.38a4ep-1f,  -0x1.d709p-2f,  -0x1.5bd4ecp-2f, -0x1.e079d8p-3f,
    -0x1.1a7178p-3f, -0x1.74f0e2p-5f, 0x1.45f5fep-5f, 0x1.ec90c4p-4f,  0x1.a0cfcp-3f,
    0x1.2b05a8p-2f,  0x1.8ea7f2p-2f,  0x1.00da08p-1f, 0x1.491b5ep-1f,  0x1.b913b4p-1f,
};

static void code_range(const ql_spec *spec, int *lo, int *hi)
{
    (void)spec;
    *lo = 0;
    *hi = LEVELS - 1;
}

static ql_status prepare(ql_quantizer *q, const ql_profile *profile, ql_error *error)
{
    (void)profile;
    (void)error;
    ql_levels16_make(LEVELS, level, midpoint, NULL, &q->levels16);
    return QL_OK;
}

/* extra holds the true maxima: codes are found with them, values decoded with the (perhaps quantized) scales. */
static const char *fit(ql_quantizer *q, uint64_t group, double lo, double hi)
{
    (void)lo;
    q->scales[group] = q->extra[group] = (float)hi;
    return NULL;
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* 0, 1 and +-10^(i-6) (0.1 + 0.9 (2j + 1) / 2^(i+1)) for i = 0..6, j < 2^i: in float64, rounded once. */
static void make_dynamic_map(float map[MAP_SIZE])
{
    static const double tens[] = { 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1 };
    double values[MAP_SIZE] = { 0, 1 };
    int count = 2;
    for (int i = 0; i < 7; i++) {
        for (int j = 0; j < 1 << i; j++) {
            const double v = tens[i] * (0.1 + 0.9 * (2 * j + 1) / (2 << i));
            values[count++] = v;
            values[count++] = -v;
        }
    }
    qsort(values, MAP_SIZE, sizeof *values, compare_doubles);
    for (int i = 0; i < MAP_SIZE; i++) {
        map[i] = (float)values[i];
    }
}

/* The nearest entry, ties to the lower: how many midpoints lie below. The last midpoint is infinite. */
static int dynamic_code(const float middle[MAP_SIZE], float v)
{
    int below = 0;
    for (int step = MAP_SIZE / 2; step > 0; step /= 2) {
        below += v > middle[below + step - 1] ? step : 0;
    }
    return below;
}

typedef struct second_level {
    ql_quantizer *quantizer;
    float map[MAP_SIZE], middle[MAP_SIZE];
} second_level;

static void quantize_scales(const second_level *s, uint64_t block)
{
    ql_quantizer *q = s->quantizer;
    const uint64_t begin = block * SECOND_BLOCK, left = q->groups.count - begin;
    const uint64_t end = begin + (left < SECOND_BLOCK ? left : SECOND_BLOCK);
    float largest = 0;
    for (uint64_t g = begin; g < end; g++) {
        largest = fmaxf(largest, fabsf(q->scales[g] - q->tensor_scale));
    }
    const float inverse = ql_block_inverse(largest);
    for (uint64_t g = begin; g < end; g++) {
        const int code = dynamic_code(s->middle, ql_block_scaled(q->scales[g] - q->tensor_scale, inverse));
        q->scale_codes[g] = (uint8_t)code;
        q->scales[g] = (float)((double)s->map[code] * (double)largest) + q->tensor_scale;
    }
    q->second_scales[block] = largest;
}

enum { BLOCKS_AT_ONCE = 16 };

static ql_status quantize_some(void *context, unsigned worker, uint64_t chunk, ql_error *error)
{
    (void)worker;
    (void)error;
    const second_level *s = context;
    const uint64_t begin = chunk * BLOCKS_AT_ONCE, left = s->quantizer->second_count - begin;
    for (uint64_t i = 0; i < (left < BLOCKS_AT_ONCE ? left : BLOCKS_AT_ONCE); i++) {
        quantize_scales(s, begin + i);
    }
    return QL_OK;
}

static ql_status finish(ql_quantizer *q, ql_engine *engine, ql_error *error)
{
    if (!q->spec.double_quant) {
        return QL_OK;
    }
    const uint64_t count = q->groups.count;
    q->second_count = ql_size_ceil_div(count, SECOND_BLOCK);
    q->second_scales = calloc(q->second_count, sizeof *q->second_scales);
    if (!q->second_scales) {
        return ql_fail_memory(error, q->second_count * sizeof *q->second_scales);
    }
    double sum = 0;
    for (uint64_t g = 0; g < count; g++) {
        sum += q->scales[g];
    }
    q->tensor_scale = (float)(sum / (double)count);
    second_level s = { .quantizer = q };
    make_dynamic_map(s.map);
    for (int i = 0; i < MAP_SIZE; i++) {
        s.middle[i] = i + 1 < MAP_SIZE ? (s.map[i] + s.map[i + 1]) / 2 : INFINITY;
    }
    const ql_pass pass = { .chunk_count = ql_size_ceil_div(q->second_count, BLOCKS_AT_ONCE),
                           .work = quantize_some,
                           .context = &s };
    return ql_parallel(engine, &pass, error);
}

static uint64_t quantize(const ql_quantizer *q, const ql_kernels *kernels, const ql_tile *tile)
{
    const float *largest = ql_tile_parameters(tile, q->extra, tile->step),
                *scale = ql_tile_parameters(tile, q->scales, tile->more);
    kernels->encode.scaled_levels(&q->levels16, largest, scale, ql_tile_blocks(tile), tile->x, tile->n, tile->codes,
                                  tile->y);
    return 0;
}

static float decode(const ql_quantizer *q, uint64_t group, int code)
{
    return level[code] * q->scales[group];
}

static double half_gap(const ql_quantizer *q, uint64_t group)
{
    /* The widest gap is the first; a doubly quantized scale may besides shrink the largest value. Where 1 / A is out of
       reach, values meet levels nearer to 0. */
    const double scale = fabs((double)q->scales[group]);
    const double widest = q->extra[group] < QL_BLOCK_LEAST ? 1 : (level[1] - level[0]) / 2;
    return widest * scale + fabs((double)q->extra[group] - (double)q->scales[group]);
}

static double parameter_bits(const ql_quantizer *q)
{
    const double count = (double)q->groups.count;
    return q->spec.double_quant ? 8 * count + 32.0 * (double)q->second_count + 32 : 32 * count;
}

const ql_mapping ql_mapping_nf4 = {
    .info = {
        .name = "nf4",
        .title = "4-bit NormalFloat",
        .formula = "A = max|x|   q = nearest NF4 level of x / A   y = level[q]·A",
        .source = "Dettmers et al. 2023, QLoRA, section 3 and appendix",
        .storage = "4 + 32·G/n; double=1: 4 + (8·G + 32·ceil(G/256) + 32)/n",
    },
    .symmetric = true,
    .keys = 1 << QL_KEY_PER | 1 << QL_KEY_BLOCK | 1 << QL_KEY_OUTLIERS | 1 << QL_KEY_DOUBLE,
    .per_allowed = 1 << QL_PER_FLAT | 1 << QL_PER_BLOCK,
    .bits_min = 4,
    .bits_max = 4,
    .defaults = { .bits = 4, .per = QL_PER_FLAT, .block = 64 },
    .arrays = QL_HAS_SCALES | QL_HAS_SCALE_CODES,
    .extra_per_group = 1,
    .code_range = code_range,
    .parameter_bits = parameter_bits,
    .prepare = prepare,
    .fit = fit,
    .finish = finish,
    .quantize = quantize,
    .decode = decode,
    .half_gap = half_gap,
};
