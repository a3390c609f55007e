/* Products of packed operands: every shape against plain sums, for every instruction set and number of threads. */
#include "tensors.h"

#include <stdlib.h>

#include <math.h>

#include "matmul/gemm.h"

static uint64_t seed = 12;

static void *room(size_t count, size_t size)
{
    void *p = calloc(count, size);
    assert_non_null(p);
    return p;
}

static int8_t any_code(void)
{
    const uint64_t bits = random_bits(&seed);
    return bits % 5 == 0 ? -128 : bits % 5 == 1 ? 127 : (int8_t)(bits >> 32);
}

/* X[m][k], W[n][k], in all the forms that there are. */
typedef struct operands {
    size_t m, k, n, group, groups;
    int8_t *x, *w, *nibbles;
    float *float_x, *float_w, *scales;
    int8_t levels[16];
    float float_levels[16];
} operands;

static operands draw_operands(size_t m, size_t k, size_t n, size_t group)
{
    operands o = { m, k, n, group, (k + group - 1) / group, NULL, NULL, NULL, NULL, NULL, NULL, { 0 }, { 0 } };
    o.x = room(m * k, 1);
    o.w = room(n * k, 1);
    o.nibbles = room(n * k, 1);
    o.float_x = room(m * k, sizeof(float));
    o.float_w = room(n * k, sizeof(float));
    o.scales = room(n * o.groups, sizeof(float));
    for (size_t i = 0; i < m * k; i++) {
        o.x[i] = any_code();
        o.float_x[i] = (float)random_normal(&seed);
    }
    for (size_t i = 0; i < n * k; i++) {
        o.w[i] = any_code();
        o.nibbles[i] = (int8_t)(random_bits(&seed) & 15);
        o.float_w[i] = (float)random_normal(&seed);
    }
    for (size_t i = 0; i < n * o.groups; i++) {
        o.scales[i] = (float)random_normal(&seed);
    }
    for (int i = 0; i < 16; i++) {
        o.levels[i] = any_code();
        o.float_levels[i] = (float)random_normal(&seed);
    }
    return o;
}

static void free_operands(operands *o)
{
    free(o->x);
    free(o->w);
    free(o->nibbles);
    free(o->float_x);
    free(o->float_w);
    free(o->scales);
}

static int64_t sum_of(const operands *o, const int8_t *w, const int8_t *levels, size_t i, size_t j, size_t from, size_t end)
{
    int64_t sum = 0;
    for (size_t l = from; l < end && l < o->k; l++) {
        sum += o->x[i * o->k + l] * (levels ? levels[w[j * o->k + l]] : w[j * o->k + l]);
    }
    return sum;
}

static float grouped_of(const operands *o, const int8_t *w, const int8_t *levels, size_t i, size_t j)
{
    float y = 0;
    for (size_t g = 0; g < o->groups; g++) {
        y = fmaf((float)sum_of(o, w, levels, i, j, g * o->group, (g + 1) * o->group), o->scales[j * o->groups + g], y);
    }
    return y;
}

static float leveled_of(const operands *o, size_t i, size_t j)
{
    float y = 0;
    for (size_t l = 0; l < o->k; l++) {
        const float w = o->float_levels[o->nibbles[j * o->k + l]] * o->scales[j * o->groups + l / o->group];
        y = fmaf(o->float_x[i * o->k + l], w, y);
    }
    return y;
}

static float float_of(const operands *o, size_t i, size_t j)
{
    float y = 0;
    for (size_t l = 0; l < o->k; l++) {
        y = fmaf(o->float_x[i * o->k + l], o->float_w[j * o->k + l], y);
    }
    return y;
}

static void assert_same_bits(float a, float b)
{
    if (memcmp(&a, &b, sizeof a) != 0) {
        fail_msg("%a is not %a", (double)a, (double)b);
    }
}

static void make_row(void *context, unsigned worker, size_t row, int8_t *codes)
{
    const operands *o = context;
    (void)worker;
    memcpy(codes, o->x + row * o->k, o->k);
}

/* All five kinds of product, bit by bit, one after the other in the same memory. */
static void check_products(ql_engine *engine, const operands *o)
{
    ql_error error;
    ql_packed w = { .w = NULL };
    ql_gemm_x x = { 0 };
    const size_t count = o->m * o->n;
    int32_t *sums = room(count, sizeof *sums);
    float *y = room(count, sizeof *y);
    must(ql_pack_codes(engine, o->w, o->n, o->k, &w, &error), &error);
    must(ql_gemm_make_codes(engine, &w, make_row, (void *)(uintptr_t)o, o->m, &x, &error), &error);
    must(ql_gemm_codes(engine, &w, &x, sums, NULL, &error), &error);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(sums[i], sum_of(o, o->w, NULL, i / o->n, i % o->n, 0, o->k));
    }
    must(ql_pack_floats(engine, o->float_w, o->n, o->k, &w, &error), &error);
    must(ql_gemm_take_floats(engine, &w, o->float_x, o->m, &x, &error), &error);
    must(ql_gemm_floats(engine, &w, &x, y, NULL, &error), &error);
    for (size_t i = 0; i < count; i++) {
        assert_same_bits(y[i], float_of(o, i / o->n, i % o->n));
    }
    for (int is_nibbles = 0; is_nibbles < 2; is_nibbles++) {
        const int8_t *codes = is_nibbles ? o->nibbles : o->w, *levels = is_nibbles ? o->levels : NULL;
        must(ql_pack_grouped(engine, codes, o->n, o->k, o->group, o->scales, levels, &w, &error), &error);
        must(ql_gemm_make_codes(engine, &w, make_row, (void *)(uintptr_t)o, o->m, &x, &error), &error);
        must(ql_gemm_grouped(engine, &w, &x, y, NULL, &error), &error);
        for (size_t i = 0; i < count; i++) {
            assert_same_bits(y[i], grouped_of(o, codes, levels, i / o->n, i % o->n));
        }
    }
    must(ql_pack_leveled(engine, o->nibbles, o->n, o->k, o->group, o->scales, o->float_levels, &w, &error), &error);
    must(ql_gemm_take_floats(engine, &w, o->float_x, o->m, &x, &error), &error);
    must(ql_gemm_floats(engine, &w, &x, y, NULL, &error), &error);
    for (size_t i = 0; i < count; i++) {
        assert_same_bits(y[i], leveled_of(o, i / o->n, i % o->n));
    }
    ql_packed_free(&w);
    ql_gemm_x_free(&x);
    free(sums);
    free(y);
}

static void decode_row(const void *context, size_t output, size_t from, size_t count, float *w)
{
    const operands *o = context;
    memcpy(w, o->float_w + output * o->k + from, count * sizeof *w);
}

/* Every number once: a second time would show. */
static void negate(void *context, unsigned worker, const ql_gemm_tile *tile)
{
    (void)context, (void)worker;
    for (size_t i = 0; i < tile->rows; i++) {
        float *row = (float *)tile->y + i * tile->stride;
        for (size_t j = 0; j < tile->outputs; j++) {
            row[j] = -row[j];
        }
    }
}

static void check_options(ql_engine *engine, const operands *o)
{
    ql_error error;
    ql_packed w = { .w = NULL }, decoded = { .w = NULL };
    ql_gemm_x x = { 0 };
    const size_t count = o->m * o->n;
    float *y = room(count, sizeof *y), *z = room(count, sizeof *z);
    must(ql_pack_floats(engine, o->float_w, o->n, o->k, &w, &error), &error);
    must(ql_pack_decoder(o->n, o->k, decode_row, o, &decoded, &error), &error);
    must(ql_gemm_take_floats(engine, &w, o->float_x, o->m, &x, &error), &error);
    must(ql_gemm_floats(engine, &w, &x, y, NULL, &error), &error);
    must(ql_gemm_floats(engine, &decoded, &x, z, &(ql_gemm_options) { .end = negate }, &error), &error);
    for (size_t i = 0; i < count; i++) {
        assert_same_bits(-y[i], z[i]);
        z[i] = 0;
    }
    must(ql_gemm_floats(engine, &w, &x, z, &(ql_gemm_options) { .more = true }, &error), &error);
    assert_memory_equal(y, z, count * sizeof *y);
    ql_packed_free(&w);
    ql_packed_free(&decoded);
    ql_gemm_x_free(&x);
    free(y);
    free(z);
}

static void with_everything(void (*check)(ql_engine *engine))
{
    ql_error error;
    ql_isa_info isa;
    for (size_t i = 0; ql_isa_at(i, &isa); i++) {
        for (unsigned threads = 1; threads <= 3 && isa.runs_here; threads += 2) {
            ql_engine *engine;
            must(ql_isa_use(isa.name, &error), &error);
            must(ql_engine_new(threads, &engine, &error), &error);
            seed = 12;
            check(engine);
            ql_engine_free(&engine);
        }
    }
    must(ql_isa_use(NULL, &error), &error);
}

static void check_remainders(ql_engine *engine)
{
    static const size_t outputs[] = { 1, 2, 15, 16, 17, 31, 32, 33, 48, 63, 65, 97, 130 };
    static const size_t inputs[] = { 1, 2, 3, 4, 5, 7, 8, 31, 64, 65, 66, 67, 130 };
    for (size_t m = 1; m <= 26; m++) {
        const size_t at = m % 13;
        operands o = draw_operands(m, inputs[at], outputs[at * 5 % 13], QL_CELL * (1 + m % 9));
        check_products(engine, &o);
        check_options(engine, &o);
        free_operands(&o);
    }
}

static void every_remainder_of_every_tile_is_exact_on_every_instruction_set(void **state)
{
    (void)state;
    with_everything(check_remainders);
}

/* Each size alone, the others small: outputs up to two panels, rows up to three, inputs and groups up to a few cells. */
static void check_each_size(ql_engine *engine)
{
    for (size_t n = 1; n <= 2 * QL_PRODUCT_OUTPUTS + 1; n++) {
        operands o = draw_operands(1 + n % 3, 1 + n % 6, n, QL_CELL);
        check_products(engine, &o);
        free_operands(&o);
    }
    for (size_t m = 1; m <= 3 * QL_PRODUCT_ROWS + 1; m++) {
        operands o = draw_operands(m, 5, 3, QL_CELL);
        check_products(engine, &o);
        free_operands(&o);
    }
    for (size_t k = 1; k <= 6 * QL_CELL; k++) {
        for (size_t group = QL_CELL; group <= k + 2 * QL_CELL; group += QL_CELL) {
            operands o = draw_operands(2, k, 2, group);
            check_products(engine, &o);
            free_operands(&o);
        }
    }
}

static void every_size_of_each_side_is_exact(void **state)
{
    (void)state;
    with_everything(check_each_size);
}

/* Floats are taken in several depths, weights in several pieces, X in several pieces. */
static void check_pieces(ql_engine *engine)
{
    static const size_t shapes[][3] = { { 1, 1, 1 }, { 1, 65, 1 }, { 5, 2500, 40 }, { 300, 9, 700 }, { 2, 1100, 150 } };
    for (size_t s = 0; s < 5; s++) {
        operands o = draw_operands(shapes[s][0], shapes[s][1], shapes[s][2], 64);
        check_products(engine, &o);
        check_options(engine, &o);
        free_operands(&o);
    }
}

static void a_product_in_pieces_is_the_product(void **state)
{
    (void)state;
    with_everything(check_pieces);
}

static void check_extremes(ql_engine *engine)
{
    static const int8_t pairs[][2] = { { -128, -128 }, { -128, 127 }, { 127, -128 }, { 127, 127 } };
    const size_t k = QL_GEMM_MOST_INPUTS;
    int8_t *x = room(k, 1), *w = room(2 * k, 1);
    ql_error error;
    for (size_t p = 0; p < 4; p++) {
        ql_packed packed = { .w = NULL };
        ql_gemm_x taken = { 0 };
        int32_t y[2];
        memset(x, pairs[p][0], k);
        memset(w, pairs[p][1], 2 * k);
        w[k - 1] = 0;
        must(ql_pack_codes(engine, w, 2, k, &packed, &error), &error);
        must(ql_gemm_make_codes(engine, &packed, make_row, &(operands) { .k = k, .x = x }, 1, &taken, &error), &error);
        must(ql_gemm_codes(engine, &packed, &taken, y, NULL, &error), &error);
        const int64_t product = pairs[p][0] * pairs[p][1];
        assert_int_equal(y[0], product * (int64_t)(k - 1));
        assert_int_equal(y[1], product * (int64_t)k);
        ql_packed_free(&packed);
        ql_gemm_x_free(&taken);
    }
    free(x);
    free(w);
}

static void the_longest_sums_of_the_largest_codes_are_exact(void **state)
{
    (void)state;
    with_everything(check_extremes);
}

/* Also of kernels that others of the same instruction set stand before. */
static void every_kernel_sums_the_longest_rows_exactly(void **state)
{
    (void)state;
    enum { CELLS = (QL_GEMM_MOST_INPUTS + QL_CELL - 1) / QL_CELL };
    static const int8_t pairs[][2] = { { -128, -128 }, { -128, 127 }, { 127, -128 }, { 127, 127 } };
    const size_t k = QL_GEMM_MOST_INPUTS;
    int8_t *x = room(k, 1), *w = room(k, 1);
    uint8_t *packed_x = room((size_t)CELLS * QL_CELL, 1),
            *packed_w = room((size_t)CELLS * QL_PRODUCT_OUTPUTS * QL_CELL + 64, 1);
    const ql_product_kernels *kernels;
    for (size_t i = 0; (kernels = ql_products_at(i)) != NULL; i++) {
        for (size_t p = 0; p < 4; p++) {
            int32_t y[QL_PRODUCT_OUTPUTS];
            memset(x, pairs[p][0], k);
            memset(w, pairs[p][1], k);
            ql_pack_cells((const uint8_t *)x, k, k, 1, 1, 0, false, packed_x);
            ql_pack_cells((const uint8_t *)w, 0, k, kernels->outputs, kernels->outputs, 0x80, false, packed_w); /* one row */
            const ql_band band = {
                .cells = CELLS,
                .rows = 1,
                .panels = 1,
                .x = packed_x,
                .w = packed_w,
                .panel = (size_t)CELLS * kernels->outputs * QL_CELL,
                .stride = kernels->outputs,
            };
            kernels->codes(&band, (int32_t[]) { pairs[p][0] * (int32_t)k }, y);
            for (unsigned j = 0; j < kernels->outputs; j++) {
                assert_int_equal(y[j], pairs[p][0] * pairs[p][1] * (int32_t)k);
            }
        }
    }
    free(x);
    free(w);
    free(packed_x);
    free(packed_w);
}

static ql_engine *one_thread(void)
{
    ql_engine *engine;
    ql_error error;
    must(ql_engine_new(1, &engine, &error), &error);
    return engine;
}

static void longer_sums_of_codes_are_refused_in_words_and_sums_of_floats_are_not(void **state)
{
    (void)state;
    ql_engine *engine = one_thread();
    ql_error error;
    ql_packed packed = { .w = NULL };
    const size_t k = QL_GEMM_MOST_INPUTS + 1;
    float *w = room(k, sizeof *w);
    assert_int_equal(ql_pack_codes(engine, (const int8_t *)w, 1, k, &packed, &error), QL_UNUSABLE);
    assert_string_equal(error.message, "131072 inputs: sums of more than 131071 products of codes may not fit 32 bits");
    must(ql_pack_floats(engine, w, 1, k, &packed, &error), &error);
    ql_packed_free(&packed);
    const float scale[2] = { 1, 1 };
    assert_int_equal(ql_pack_grouped(engine, (const int8_t *)w, 1, k, k, scale, NULL, &packed, &error), QL_UNUSABLE);
    assert_string_equal(error.message, "131072 inputs: sums of more than 131071 products of codes may not fit 32 bits");
    free(w);
    ql_engine_free(&engine);
}

/* Every group has its own sum: two of the longest ones, of the largest codes. */
static void check_long_groups(ql_engine *engine)
{
    const size_t group = QL_GEMM_MOST_INPUTS / QL_CELL * QL_CELL, k = 2 * group;
    const float scales[4] = { 1, 0.25f, 0x1p-10f, -3 };
    const int8_t levels[16] = { 127, -128 };
    int8_t *x = room(k, 1), *w = room(2 * k, 1);
    ql_error error;
    memset(x, -128, k);
    for (int is_nibbles = 0; is_nibbles < 2; is_nibbles++) {
        ql_packed packed = { .w = NULL };
        ql_gemm_x taken = { 0 };
        float y[2], expected[2];
        memset(w, is_nibbles ? 0 : 127, k);
        memset(w + k, is_nibbles ? 1 : -128, k);
        must(ql_pack_grouped(engine, w, 2, k, group, scales, is_nibbles ? levels : NULL, &packed, &error), &error);
        must(ql_gemm_make_codes(engine, &packed, make_row, &(operands) { .k = k, .x = x }, 1, &taken, &error), &error);
        must(ql_gemm_grouped(engine, &packed, &taken, y, NULL, &error), &error);
        for (int j = 0; j < 2; j++) {
            const float sum = (float)((int64_t)group * -128 * (j ? -128 : 127));
            expected[j] = fmaf(sum, scales[2 * j + 1], fmaf(sum, scales[2 * j], 0));
            assert_same_bits(y[j], expected[j]);
        }
        ql_packed_free(&packed);
        ql_gemm_x_free(&taken);
    }
    free(x);
    free(w);
}

static void groups_may_be_as_many_as_there_are(void **state)
{
    (void)state;
    with_everything(check_long_groups);
}

static void a_product_needs_inputs_outputs_and_rows(void **state)
{
    (void)state;
    ql_engine *engine = one_thread();
    ql_error error;
    ql_packed packed = { .w = NULL };
    ql_gemm_x x = { 0 };
    const float w[6] = { 0 };
    assert_int_equal(ql_pack_floats(engine, w, 0, 3, &packed, &error), QL_UNUSABLE);
    assert_string_equal(error.message, "weights [0][3]: a product needs at least one input and one output");
    assert_int_equal(ql_pack_floats(engine, w, 2, 0, &packed, &error), QL_UNUSABLE);
    must(ql_pack_floats(engine, w, 2, 3, &packed, &error), &error);
    assert_int_equal(ql_gemm_take_floats(engine, &packed, w, 0, &x, &error), QL_UNUSABLE);
    assert_string_equal(error.message, "X has no rows: a product needs at least one");
    ql_packed_free(&packed);
    ql_gemm_x_free(&x);
    ql_engine_free(&engine);
}

static void memory_of_x_serves_the_next_one(void **state)
{
    (void)state;
    ql_engine *engine = one_thread();
    ql_error error;
    ql_packed packed = { .w = NULL };
    ql_gemm_x x = { 0 };
    static float w[30 * 7], rows[20 * 7], y[20 * 30];
    for (size_t i = 0; i < 20 * 7; i++) {
        rows[i] = (float)i;
    }
    for (size_t i = 0; i < 30 * 7; i++) {
        w[i] = 1;
    }
    must(ql_pack_floats(engine, w, 30, 7, &packed, &error), &error);
    static const size_t counts[] = { 3, 20, 1, 13 };
    for (size_t c = 0; c < 4; c++) {
        must(ql_gemm_take_floats(engine, &packed, rows, counts[c], &x, &error), &error);
        must(ql_gemm_floats(engine, &packed, &x, y, NULL, &error), &error);
        for (size_t i = 0; i < counts[c]; i++) {
            assert_true(y[i * 30] == (float)(49 * i + 21) && y[i * 30 + 29] == y[i * 30]);
        }
    }
    ql_packed_free(&packed);
    ql_gemm_x_free(&x);
    ql_engine_free(&engine);
}

/* Byte by byte as product.h says, near and past the caches, with what lies behind untouched. */
static void cells_of_rows_lie_side_by_side(void **state)
{
    enum { MOST_ROWS = 48, MOST_BYTES = 300, BEHIND = 64 };
    static uint8_t in[MOST_ROWS * MOST_BYTES];
    uint8_t *memory = aligned_alloc(64, MOST_ROWS * (MOST_BYTES + QL_CELL) + BEHIND);
    (void)state;
    assert_non_null(memory);
    for (size_t i = 0; i < sizeof in; i++) {
        in[i] = (uint8_t)(random_bits(&seed) >> 32);
    }
    for (int round = 0; round < 600; round++) {
        const unsigned rows =
                           round % 3 ? 16u * (1 + random_bits(&seed) % 3) : 1 + (unsigned)(random_bits(&seed) % MOST_ROWS),
                       have = round % 2 ? rows : (unsigned)(random_bits(&seed) % rows);
        const size_t bytes = 1 + random_bits(&seed) % MOST_BYTES, cells = (bytes + QL_CELL - 1) / QL_CELL,
                     size = cells * rows * QL_CELL;
        const uint8_t flip = round % 5 ? 0x80 : 0;
        memset(memory, 0x55, size + BEHIND);
        ql_pack_cells(in, MOST_BYTES, bytes, have, rows, flip, round % 4 > 0, memory);
        for (size_t i = 0; i < size; i++) {
            const size_t cell = i / QL_CELL / rows, row = i / QL_CELL % rows, byte = cell * QL_CELL + i % QL_CELL;
            const bool is_there = row < have && byte < bytes;
            assert_int_equal(memory[i], (is_there ? in[row * MOST_BYTES + byte] : 0) ^ flip);
        }
        for (size_t i = size; i < size + BEHIND; i++) {
            assert_int_equal(memory[i], 0x55);
        }
    }
    free(memory);
}

static bool stop(void *context, uint64_t done, uint64_t total)
{
    (void)context, (void)done, (void)total;
    return false;
}

static void a_product_can_be_stopped(void **state)
{
    (void)state;
    ql_engine *engine = one_thread();
    ql_error error;
    ql_packed packed = { .w = NULL };
    ql_gemm_x x = { 0 };
    operands o = draw_operands(40, 64, 2000, 64);
    float *y = room(40 * 2000, sizeof *y);
    must(ql_pack_floats(engine, o.float_w, o.n, o.k, &packed, &error), &error);
    must(ql_gemm_take_floats(engine, &packed, o.float_x, o.m, &x, &error), &error);
    assert_int_equal(
        ql_gemm_floats(engine, &packed, &x, y, &(ql_gemm_options) { .monitor = &(ql_monitor) { stop, NULL } }, &error),
        QL_CANCELLED);
    ql_packed_free(&packed);
    ql_gemm_x_free(&x);
    free_operands(&o);
    free(y);
    ql_engine_free(&engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_remainder_of_every_tile_is_exact_on_every_instruction_set),
        cmocka_unit_test(every_size_of_each_side_is_exact),
        cmocka_unit_test(a_product_in_pieces_is_the_product),
        cmocka_unit_test(the_longest_sums_of_the_largest_codes_are_exact),
        cmocka_unit_test(every_kernel_sums_the_longest_rows_exactly),
        cmocka_unit_test(longer_sums_of_codes_are_refused_in_words_and_sums_of_floats_are_not),
        cmocka_unit_test(groups_may_be_as_many_as_there_are),
        cmocka_unit_test(a_product_needs_inputs_outputs_and_rows),
        cmocka_unit_test(memory_of_x_serves_the_next_one),
        cmocka_unit_test(cells_of_rows_lie_side_by_side),
        cmocka_unit_test(a_product_can_be_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
