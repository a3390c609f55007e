/* Granularity: which element is in which group, against a table made from the definition in groups.h. */
#include "tensors.h"

#include <stdlib.h>

#include "quant/groups.h"

enum { MOST = 4096 };

/* By logical element: its group, its place in the walk, its place in the file. */
typedef struct table {
    uint64_t count;          /* of groups */
    uint64_t group[MOST];    /* by place in the file */
    uint64_t stored[MOST];   /* by place in the walk */
    uint64_t start[MOST], length[MOST]; /* by group, in the walk */
} table;

static uint64_t group_by_definition(const ql_spec *spec, uint64_t cols, uint64_t r, uint64_t c)
{
    const uint64_t blocks = spec->block ? (cols - 1) / spec->block + 1 : 0; /* of one row */
    switch (spec->per) {
    case QL_PER_TENSOR:
        return 0;
    case QL_PER_ROW:
        return r;
    case QL_PER_COL:
        return c;
    case QL_PER_BLOCK:
        return r * blocks + c / spec->block;
    case QL_PER_FLAT:
        return (r * cols + c) / spec->block;
    case QL_PER_TILE:
        return r / spec->block * ((cols - 1) / spec->tile_cols + 1) + c / spec->tile_cols;
    }
    return 0;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Place in the walk: tile after tile, each along its rows. */
static uint64_t place_in_tiles(const ql_spec *spec, uint64_t rows, uint64_t cols, uint64_t r, uint64_t c)
{
    const uint64_t top = r - r % spec->block, left = c - c % spec->tile_cols;
    const uint64_t height = least(spec->block, rows - top), width = least(spec->tile_cols, cols - left);
    return top * cols + left * height + (r - top) * width + (c - left);
}

static void fill(table *t, const ql_tensor *tensor, const ql_spec *spec)
{
    const uint64_t rows = tensor->rows, cols = tensor->cols;
    memset(t, 0, sizeof *t);
    for (uint64_t r = 0; r < rows; r++) {
        for (uint64_t c = 0; c < cols; c++) {
            const uint64_t group = group_by_definition(spec, cols, r, c);
            const uint64_t walk = spec->per == QL_PER_COL    ? c * rows + r
                                  : spec->per == QL_PER_TILE ? place_in_tiles(spec, rows, cols, r, c)
                                                             : r * cols + c;
            const uint64_t stored = tensor->layout == QL_LAYOUT_IN_OUT ? c * rows + r : r * cols + c;
            t->group[stored] = group;
            t->stored[walk] = stored;
            t->start[group] = t->length[group] == 0 || walk < t->start[group] ? walk : t->start[group];
            t->length[group]++;
            t->count = group + 1 > t->count ? group + 1 : t->count;
        }
    }
}

static uint64_t seed = 3;
static table wanted;
static float stored_numbers[MOST]; /* [i] = i */

static void check_groups(const ql_tensor *tensor, const ql_spec *spec)
{
    ql_groups g;
    ql_error error;
    const uint64_t n = tensor->element_count;
    must(ql_groups_make(tensor, spec, &g, &error), &error);
    fill(&wanted, tensor, spec);
    assert_int_equal(g.count, wanted.count);
    assert_int_equal(g.elements, n);
    for (uint64_t group = 0; group < g.count; group++) {
        assert_int_equal(ql_groups_start(&g, group), wanted.start[group]);
        assert_int_equal(ql_groups_length(&g, group), wanted.length[group]);
    }
    for (uint64_t walk = 0; walk < n; walk++)
        assert_int_equal(ql_groups_stored_index(&g, walk), wanted.stored[walk]);
    uint64_t out[MOST + 1];
    float values[MOST + 1];
    unsigned char *scratch = malloc(ql_tensor_scratch_size(tensor, (size_t)n));
    for (int i = 0; i < 12; i++) {
        const uint64_t begin = i == 0 ? 0 : random_below(&seed, n);
        const size_t count = i < 2 ? (size_t)(n - begin) : (size_t)random_below(&seed, n - begin + 1);
        out[count] = 4242;
        values[count] = 4242;
        ql_groups_of(&g, begin, count, out);
        assert_int_equal(out[count], 4242);
        assert_memory_equal(out, wanted.group + begin, count * sizeof *out);
        must(ql_groups_read(&g, tensor, begin, count, values, scratch, &error), &error);
        assert_true(values[count] == 4242);
        for (size_t k = 0; k < count; k++)
            assert_int_equal(values[k], wanted.stored[begin + k]);
    }
    for (uint64_t begin = 0; ql_groups_are_runs(&g) && begin < n; begin++) {
        uint64_t group, run = ql_groups_run(&g, begin, &group), want = 1;
        assert_int_equal(group, wanted.group[begin]);
        while (begin + want < n && wanted.group[begin + want] == group)
            want++;
        assert_int_equal(run, want);
        uint64_t length, offset, many = ql_groups_even_runs(&g, begin, &group, &length, &offset);
        assert_int_equal(group, wanted.group[begin]);
        assert_int_equal(offset, begin - wanted.start[group]);
        assert_true(many >= run && many <= n - begin);
        for (uint64_t k = 0; k < many; k++)
            assert_int_equal(group + (offset + k) / length, wanted.group[begin + k]);
        /* and no fewer than there are: what follows is behind a short run */
        assert_true(begin + many == n || wanted.length[wanted.group[begin + many - 1]] < length);
    }
    for (uint64_t group = 0; group < g.count; group++) {
        const uint64_t count = ql_groups_even(&g, group);
        assert_true(count >= 1 && count <= g.count - group);
        for (uint64_t k = 0; k < count; k++)
            assert_true(k + 1 < count ? wanted.length[group + k] == wanted.length[group]
                                      : wanted.length[group + k] <= wanted.length[group]);
        assert_true(group + count == g.count || spec->per == QL_PER_TILE || wanted.length[group + count - 1] < wanted.length[0]);
    }
    free(scratch);
}

/* Every granularity with blocks of 1, odd, longer than a row, longer than all. */
static void check_shape(unsigned rank, const uint64_t *shape)
{
    for (int layout = QL_LAYOUT_OUT_IN; layout <= QL_LAYOUT_IN_OUT; layout++) {
        memory_tensor m;
        memory_tensor_make(&m, QL_F32, stored_numbers, layout, rank, shape);
        for (int per = QL_PER_TENSOR; per <= QL_PER_FLAT; per++) {
            const uint64_t blocks[] = { 1, 2, 3, 7, 16, 64, m.tensor.cols, m.tensor.cols + 1, m.tensor.rows, UINT64_MAX };
            const bool needs_block = per == QL_PER_BLOCK || per == QL_PER_FLAT;
            for (size_t b = 0; b < (needs_block ? sizeof blocks / sizeof *blocks : 1); b++)
                check_groups(&m.tensor, &(ql_spec) { .per = per, .block = needs_block ? blocks[b] : 0 });
        }
        const uint64_t tiles[][2] = { { 1, 1 }, { 2, 3 }, { 7, 1 }, { 1, 16 }, { 16, 16 }, { m.tensor.rows, 2 }, { 3, m.tensor.cols },
                                      { UINT64_MAX, UINT64_MAX } };
        for (size_t t = 0; t < sizeof tiles / sizeof *tiles; t++)
            check_groups(&m.tensor, &(ql_spec) { .per = QL_PER_TILE, .block = tiles[t][0], .tile_cols = tiles[t][1] });
        memory_tensor_free(&m);
    }
}

static void groups_of_small_and_thin_shapes_are_those_of_the_definition(void **state)
{
    (void)state;
    for (uint64_t rows = 1; rows < 8; rows++)
        for (uint64_t cols = 1; cols < 8; cols++)
            check_shape(2, (uint64_t[]) { rows, cols });
    check_shape(0, NULL);
    for (uint64_t n = 1; n < 20; n++)
        check_shape(1, &n);
    check_shape(2, (uint64_t[]) { 1, 1499 });
    check_shape(2, (uint64_t[]) { 1499, 1 });
}

static void groups_of_primes_and_powers_are_those_of_the_definition(void **state)
{
    (void)state;
    check_shape(2, (uint64_t[]) { 31, 37 });
    check_shape(2, (uint64_t[]) { 2, 1031 }); /* more lines than are read in one piece */
    check_shape(2, (uint64_t[]) { 1031, 2 });
    check_shape(2, (uint64_t[]) { 64, 32 });
    check_shape(2, (uint64_t[]) { 17, 128 });
}

static void groups_of_higher_ranks_are_those_of_the_logical_matrix(void **state)
{
    (void)state;
    check_shape(3, (uint64_t[]) { 5, 3, 7 });
    check_shape(4, (uint64_t[]) { 4, 3, 5, 2 });
    check_shape(4, (uint64_t[]) { 1, 6, 1, 9 });
    check_shape(5, (uint64_t[]) { 2, 3, 1, 4, 5 });
}

static void groups_of_random_shapes_are_those_of_the_definition(void **state)
{
    (void)state;
    for (int i = 0; i < 40; i++) {
        const uint64_t rows = 1 + random_below(&seed, 60);
        check_shape(2, (uint64_t[]) { rows, 1 + random_below(&seed, 60) });
    }
}

static void a_block_of_nothing_is_refused(void **state)
{
    (void)state;
    memory_tensor m;
    memory_tensor_make(&m, QL_F32, stored_numbers, QL_LAYOUT_OUT_IN, 2, (uint64_t[]) { 4, 4 });
    for (int per = QL_PER_BLOCK; per <= QL_PER_FLAT; per++) {
        ql_groups g;
        ql_error error = { 0 };
        assert_int_equal(ql_groups_make(&m.tensor, &(ql_spec) { .per = per }, &g, &error), QL_BAD_USAGE);
        assert_non_null(strstr(error.message, "block="));
    }
    memory_tensor_free(&m);
}

int main(void)
{
    for (int i = 0; i < MOST; i++)
        stored_numbers[i] = (float)i;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_of_small_and_thin_shapes_are_those_of_the_definition),
        cmocka_unit_test(groups_of_primes_and_powers_are_those_of_the_definition),
        cmocka_unit_test(groups_of_higher_ranks_are_those_of_the_logical_matrix),
        cmocka_unit_test(groups_of_random_shapes_are_those_of_the_definition),
        cmocka_unit_test(a_block_of_nothing_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
