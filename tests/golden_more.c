/*
 * Golden cases whose scheme is no mapping: a table of schemes and what runs them.
 *
 * Inputs come as float64 (npy.h) and are narrowed to the type that the function under test takes.
 */
#include "golden.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/inputs.h"
#include "matmul/activations.h"
#include "matmul/intlinear.h"
#include "matmul/llmint8.h"
#include "npy.h"
#include "quant/ggml.h"
#include "tensor/blocks.h"
#include "tensor/floats.h"

enum { MAX_INPUTS = 3 };

typedef struct special {
    const golden *golden;
    const char *id, *params;
    text paths[MAX_INPUTS];
    npy in[MAX_INPUTS];
    float *f[MAX_INPUTS]; /* the same values as float32 */
} special;

/* Ends the program: the vectors are incomplete or the disk is full. */
static void stop(const special *c, const char *what)
{
    fprintf(stderr, "golden: %s: %s\n", c->id, what);
    exit(2);
}

static void *room(const special *c, size_t count, size_t size)
{
    void *memory = calloc(count + 1, size);
    if (!memory)
        stop(c, "out of memory");
    return memory;
}

/* The value of a parameter. */
static text param(const special *c, const char *key)
{
    text list = join(";%s;", c->params), wanted = join(";%s=", key);
    const char *at = strstr(list.text, wanted.text);
    if (!at)
        stop(c, join("no parameter %s", key).text);
    at += strlen(wanted.text);
    return join("%.*s", (int)strcspn(at, ";"), at);
}

static void write_array(const special *c, const char *field, const char *dtype, uint64_t rows, uint64_t cols,
                        const void *values)
{
    if (!npy_write(join("%s/%s.%s.npy", c->golden->results, c->id, field).text, dtype, 2, (uint64_t[]) { rows, cols },
                   values))
        stop(c, field);
}

static void write_list(const special *c, const char *field, const char *dtype, uint64_t count, const void *values)
{
    write_array(c, field, dtype, 1, count, values);
}

/* ---- Number formats ---- */

static const ql_float_format *format_of(const special *c)
{
    static const struct {
        const char *name;
        const ql_float_format *format;
    } formats[] = { { "fp16", &ql_format_fp16 },
                    { "bf16", &ql_format_bf16 },
                    { "e5m2", &ql_format_e5m2 },
                    { "e4m3fn", &ql_format_e4m3 },
                    { "e2m1", &ql_format_e2m1 } };
    text name = param(c, "fmt");
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(formats[i].name, name.text) == 0)
            return formats[i].format;
    stop(c, "unknown format");
    return NULL;
}

static ql_status encode_format(const special *c, ql_error *error)
{
    (void)error;
    const ql_float_format *format = format_of(c);
    const bool saturate = strcmp(param(c, "saturate").text, "1") == 0;
    uint16_t *codes = room(c, c->in[0].count, sizeof *codes);
    float *values = room(c, c->in[0].count, sizeof *values);
    for (size_t i = 0; i < c->in[0].count; i++) {
        codes[i] = ql_float_encode(format, c->in[0].values[i], saturate, NULL);
        values[i] = (float)ql_float_decode(format, codes[i]);
    }
    write_list(c, "codes", "u2", c->in[0].count, codes);
    write_list(c, "deq", "f4", c->in[0].count, values);
    free(codes);
    free(values);
    return QL_OK;
}

static ql_status decode_format(const special *c, ql_error *error)
{
    (void)error;
    float *values = room(c, c->in[0].count, sizeof *values);
    for (size_t i = 0; i < c->in[0].count; i++)
        values[i] = (float)ql_float_decode(format_of(c), (uint16_t)c->in[0].values[i]);
    write_list(c, "value", "f4", c->in[0].count, values);
    free(values);
    return QL_OK;
}

/* ---- Blocks of ggml ---- */

/* The blocks of a quantized tensor, one after the other; and their values, as the quantizer and as the reader of files
   decode them. */
static void write_blocks(const special *c, const ql_quantizer *q, const ql_tile_buffers *buffers)
{
    const size_t n = c->in[0].count, count = n / QL_GGML_BLOCK;
    const ql_block_type *type = ql_block_type_named(param(c, "kind").text);
    uint8_t *bytes = room(c, count, QL_GGML_MAX_BYTES);
    size_t at = 0;
    for (size_t block = 0; block < count; block++) {
        float read[QL_GGML_BLOCK];
        const float least = q->spec.mapping->decode(q, block, 0); /* 0 d + m */
        const size_t size =
            ql_ggml_pack(q->spec.mapping, q->scales[block], least, buffers->codes + block * QL_GGML_BLOCK, bytes + at);
        ql_blocks_decode(type, bytes + at, 1, read);
        if (size != type->bytes || memcmp(read, buffers->y + block * QL_GGML_BLOCK, sizeof read) != 0)
            stop(c, "the bytes of a block do not give its values");
        at += size;
    }
    write_list(c, "bytes", "u1", at, bytes);
    write_list(c, "deq", "f4", n, buffers->y);
    free(bytes);
}

static ql_status encode_blocks(const special *c, ql_error *error)
{
    ql_model *model = NULL;
    ql_profile *profile = NULL;
    ql_quantizer quantizer = { 0 };
    ql_spec spec;
    ql_tile_buffers *buffers = room(c, 1, sizeof *buffers);
    uint64_t clipped = 0;
    ql_status status = ql_spec_parse(param(c, "kind").text, &spec, error);
    if (c->in[0].count > QL_TILE)
        stop(c, "more than a tile");
    if (status == QL_OK)
        status = ql_model_open(c->paths[0].text, QL_LAYOUT_AUTO, &model, error);
    if (status == QL_OK)
        status = ql_profile_make(c->golden->engine, model, ql_model_tensor(model, 0), NULL, &profile, error);
    if (status == QL_OK)
        status = ql_quantizer_make(c->golden->engine, profile, &spec, NULL, ql_quantizer_elements(profile, &spec),
                                   &quantizer, error);
    if (status == QL_OK)
        status =
            ql_quantize_tile(&quantizer, ql_kernels_active(), profile->tensor, 0, c->in[0].count, buffers, &clipped, error);
    if (status == QL_OK)
        write_blocks(c, &quantizer, buffers);
    ql_quantizer_free(&quantizer);
    ql_profile_free(&profile);
    ql_model_free(&model);
    free(buffers);
    return status;
}

static ql_status decode_blocks(const special *c, ql_error *error)
{
    (void)error;
    const ql_block_type *type = ql_block_type_named(param(c, "kind").text);
    const size_t count = c->in[0].count / type->bytes;
    uint8_t *bytes = room(c, c->in[0].count, 1);
    float *values = room(c, count * type->elements, sizeof *values);
    for (size_t i = 0; i < c->in[0].count; i++)
        bytes[i] = (uint8_t)c->in[0].values[i];
    ql_blocks_decode(type, bytes, count, values);
    write_list(c, "deq", "f4", count * type->elements, values);
    free(bytes);
    free(values);
    return QL_OK;
}

/* ---- Activations and integer products ---- */

/* Codes of the test values by the way that `name` stands for. */
static void write_affine(const special *c, const char *name, const char *zero_name, ql_affine codes, const float *x,
                         size_t n)
{
    int8_t *q = room(c, n, 1);
    ql_affine_encode(codes, x, n, q);
    write_list(c, join("%s_scale", name).text, "f4", 1, &codes.step);
    write_list(c, join("%s_%s", name, zero_name).text, "i4", 1, &codes.zero);
    write_list(c, join("%s_codes", name).text, "i1", n, q);
    free(q);
}

/* in[0] holds the calibration batches, in[1] the test values [rows][cols]. */
static ql_status activations(const special *c, ql_error *error)
{
    const size_t batches = (size_t)c->in[0].shape[0], size = c->in[0].count / batches, n = c->in[1].count;
    const size_t rows = (size_t)c->in[1].shape[0], cols = n / rows;
    ql_observed whole = { 0 }, average = { 0 };
    ql_affine dynamic = { 0 };
    ql_status status = QL_OK;
    for (size_t batch = 0; status == QL_OK && batch < batches; batch++) {
        status = ql_observe_minmax(&whole, c->f[0] + batch * size, size, error);
        if (status == QL_OK)
            status = ql_observe_average(&average, strtof(param(c, "ema").text, NULL), c->f[0] + batch * size, size, error);
    }
    if (status == QL_OK)
        status = ql_affine_dynamic(c->f[1], n, &dynamic, error);
    if (status != QL_OK)
        return status;
    write_affine(c, "static", "zp", ql_affine_of(&whole), c->f[1], n);
    write_affine(c, "ema", "zp", ql_affine_of(&average), c->f[1], n);
    write_affine(c, "dyn", "zp", dynamic, c->f[1], n);
    write_list(c, "ema_range", "f4", 2, (float[]) { average.lo, average.hi });
    float *steps = room(c, rows, sizeof *steps);
    int8_t *codes = room(c, n, 1);
    status = ql_rows_encode(c->f[1], rows, cols, steps, codes, error);
    write_list(c, "token_scales", "f4", rows, steps);
    write_array(c, "token_codes", "i1", rows, cols, codes);
    free(steps);
    free(codes);
    return status;
}

/* Integers in[0] times each of the multipliers in[1]. */
static ql_status requantize(const special *c, ql_error *error)
{
    (void)error;
    const size_t rows = c->in[0].count, cols = c->in[1].count;
    int32_t *m0 = room(c, cols, sizeof *m0), *shift = room(c, cols, sizeof *shift), *y = room(c, rows * cols, sizeof *y);
    for (size_t j = 0; j < cols; j++) {
        const ql_multiplier m = ql_multiplier_of(c->in[1].values[j]);
        m0[j] = m.m0;
        shift[j] = m.shift;
        for (size_t i = 0; i < rows; i++)
            if (!ql_requantize((int32_t)c->in[0].values[i], m, &y[i * cols + j]))
                y[i * cols + j] = 0; /* as the vectors mark what overflows */
    }
    write_list(c, "m0", "i4", cols, m0);
    write_list(c, "shift", "i4", cols, shift);
    write_array(c, "y", "i4", rows, cols, y);
    free(m0);
    free(shift);
    free(y);
    return QL_OK;
}

/* The codes of the output come from the range of the layer in floating point. */
static ql_affine output_codes(const special *c, size_t m, size_t n, size_t k)
{
    ql_affine codes = { 0 };
    float *y = room(c, m * n, sizeof *y);
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            double sum = 0;
            for (size_t l = 0; l < k; l++)
                sum += c->in[0].values[i * k + l] * c->in[1].values[j * k + l];
            y[i * n + j] = (float)(sum + c->in[2].values[j]);
        }
    ql_affine_dynamic(y, m * n, &codes, NULL);
    free(y);
    return codes;
}

static void write_layer(const special *c, const ql_int_linear *layer)
{
    int32_t *m0 = room(c, layer->n, sizeof *m0), *shift = room(c, layer->n, sizeof *shift);
    for (size_t j = 0; j < layer->n; j++) {
        m0[j] = layer->multipliers[j].m0;
        shift[j] = layer->multipliers[j].shift;
    }
    write_array(c, "w_codes", "i1", layer->n, layer->k, layer->weights);
    write_list(c, "w_scales", "f4", layer->n, layer->weight_steps);
    write_list(c, "bias_q", "i4", layer->n, layer->bias);
    write_list(c, "m0", "i4", layer->n, m0);
    write_list(c, "shift", "i4", layer->n, shift);
    write_list(c, "y_scale", "f4", 1, &layer->y.step);
    write_list(c, "y_zp", "i4", 1, &layer->y.zero);
    free(m0);
    free(shift);
}

/* in: x[m][k], w[n][k], b[n]. y_codes_float is the sum times the real multiplier, rounded once. */
static ql_status integer_linear(const special *c, ql_error *error)
{
    const size_t m = (size_t)c->in[0].shape[0], n = (size_t)c->in[1].shape[0], k = (size_t)c->in[1].shape[1];
    ql_affine x = { 0 };
    ql_int_linear *layer = NULL;
    ql_status status = ql_affine_dynamic(c->f[0], m * k, &x, error);
    if (status == QL_OK)
        status = ql_int_linear_make(c->f[1], c->f[2], n, k, x, output_codes(c, m, n, k), &layer, error);
    if (status != QL_OK)
        return status;
    int8_t *codes = room(c, m * k, 1), *y = room(c, m * n, 1), *rounded = room(c, m * n, 1);
    int32_t *sums = room(c, m * n, sizeof *sums);
    float *values = room(c, m * n, sizeof *values);
    ql_affine_encode(x, c->f[0], m * k, codes);
    ql_int_linear_run(layer, codes, m, sums, y);
    for (size_t i = 0; i < m * n; i++) {
        rounded[i] = (int8_t)fmin(fmax(rint(sums[i] * layer->scale[i % n]) + layer->y.zero, -128), 127);
        values[i] = (float)((double)(y[i] - layer->y.zero) * (double)layer->y.step);
    }
    write_layer(c, layer);
    write_array(c, "x_codes", "i1", m, k, codes);
    write_list(c, "x_scale", "f4", 1, &x.step);
    write_list(c, "x_zp", "i4", 1, &x.zero);
    write_array(c, "acc", "i4", m, n, sums);
    write_array(c, "y_codes", "i1", m, n, y);
    write_array(c, "y_codes_float", "i1", m, n, rounded);
    write_array(c, "y_deq", "f4", m, n, values);
    free(codes);
    free(y);
    free(rounded);
    free(sums);
    free(values);
    ql_int_linear_free(&layer);
    return QL_OK;
}

/* The product of packed operands must be that of the definition: outliers, the largest sum, Y but for float32's rounding. */
static void check_packed(const special *c, const ql_llm_int8 *y)
{
    const uint64_t shape[2] = { y->n, y->k };
    float *w = room(c, y->n * y->k, sizeof *w);
    const ql_activations x = { .rows = y->m, .cols = y->k, .row_count = y->m, .values = c->f[0], .name = "x" };
    ql_engine *engine = c->golden->engine;
    ql_model *model = NULL;
    ql_matmul *matmul = NULL;
    ql_matmul_result result;
    ql_error error;
    int32_t largest = 0;
    for (size_t i = 0; i < y->n * y->k; i++)
        w[i] = c->f[1][i % y->k * y->n + i / y->k];
    if (ql_model_from_values("w", 2, shape, w, &model, &error) != QL_OK ||
        ql_matmul_new(engine, ql_model_tensor(model, 0), &x, 0, NULL, &matmul, &error) != QL_OK ||
        ql_matmul_run(matmul, join("llm_int8:%s", param(c, "threshold").text).text, 1, NULL, &result, &error) != QL_OK)
        stop(c, error.message);
    bool same = result.outlier_count == y->outlier_count;
    for (size_t i = 0; i < y->outlier_count && same; i++)
        same = result.outliers[i] == (uint32_t)y->outliers[i];
    for (size_t i = 0; i < y->m * y->n && same; i++) {
        largest = abs(y->sums[i]) > largest ? abs(y->sums[i]) : largest;
        same = fabs((double)ql_matmul_y(matmul)[i] - (double)y->y[i]) <= 1e-5 + 1e-5 * fabs((double)y->y[i]);
    }
    if (!same || (largest > 0 ? result.accumulator_max != largest : !isnan(result.accumulator_max)))
        stop(c, "the product of packed operands is another one");
    ql_matmul_free(&matmul);
    ql_model_free(&model);
    free(w);
}

/* in: X[m][k], W[k][n]. */
static ql_status llm_int8(const special *c, ql_error *error)
{
    const size_t m = (size_t)c->in[0].shape[0], k = (size_t)c->in[0].shape[1], n = (size_t)c->in[1].shape[1];
    ql_llm_int8 *y = NULL;
    ql_status status = ql_llm_int8_make(c->f[0], c->f[1], m, k, n, strtof(param(c, "threshold").text, NULL), &y, error);
    if (status != QL_OK)
        return status;
    const size_t regular = k - y->outlier_count;
    write_list(c, "outlier_cols", "i4", y->outlier_count, y->outliers);
    write_array(c, "x_codes", "i1", m, regular, y->x_codes);
    write_list(c, "x_scales", "f4", m, y->x_steps);
    write_array(c, "w_codes", "i1", regular, n, y->w_codes);
    write_list(c, "w_scales", "f4", n, y->w_steps);
    write_array(c, "acc", "i4", m, n, y->sums);
    write_array(c, "y", "f4", m, n, y->y);
    check_packed(c, y);
    ql_llm_int8_free(&y);
    return QL_OK;
}

static const struct {
    const char *scheme;
    ql_status (*run)(const special *c, ql_error *error);
} schemes[] = {
    { "fmt", encode_format }, { "fmtdec", decode_format }, { "ggml", encode_blocks },       { "ggmldec", decode_blocks },
    { "act", activations },   { "requant", requantize },   { "intlinear", integer_linear }, { "llmint8", llm_int8 },
};

/* "NAME:dtype,NAME:dtype" */
static void read_inputs(special *c, const char *inputs)
{
    for (size_t i = 0; i < MAX_INPUTS && *inputs; i++) {
        c->paths[i] = join("%s/in/%.*s.npy", c->golden->vectors, (int)strcspn(inputs, ":"), inputs);
        if (!npy_read(c->paths[i].text, &c->in[i]))
            stop(c, c->paths[i].text);
        c->f[i] = room(c, c->in[i].count, sizeof *c->f[i]);
        for (size_t j = 0; j < c->in[i].count; j++)
            c->f[i][j] = (float)c->in[i].values[j];
        inputs += strcspn(inputs, ",");
        inputs += *inputs == ',';
    }
}

bool golden_more(const golden *g, const char *id, const char *scheme, const char *inputs, const char *params,
                 ql_status *status, ql_error *error)
{
    special c = { .golden = g, .id = id, .params = params };
    size_t row = 0;
    while (row < sizeof schemes / sizeof *schemes && strcmp(schemes[row].scheme, scheme) != 0)
        row++;
    if (row == sizeof schemes / sizeof *schemes)
        return false;
    read_inputs(&c, inputs);
    *status = schemes[row].run(&c, error);
    for (size_t i = 0; i < MAX_INPUTS; i++) {
        free(c.f[i]);
        npy_free(&c.in[i]);
    }
    return true;
}
