/* ggml's block types: the table, and that a decoder stays within its block. Values: test_golden. */
#include "tensors.h"

#include <stdlib.h>

#include "tensor/blocks.h"

static void every_type_is_found_by_name_and_by_number(void **state)
{
    (void)state;
    size_t count = 0;
    for (const ql_block_type *t; (t = ql_block_type_at(count)); count++) {
        assert_ptr_equal(ql_block_type_named(t->name), t);
        assert_ptr_equal(ql_block_type_of(t->ggml_id), t);
    }
    assert_int_equal(count, 10);
    assert_null(ql_block_type_named("q4_k"));
    assert_null(ql_block_type_of(9));
    assert_null(ql_block_type_at(10));
}

static void bits_per_weight_are_those_of_the_format(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double bits;
    } known[] = { { "q4_0", 4.5 },   { "q4_1", 5 },      { "q5_0", 5.5 }, { "q5_1", 6 },   { "q8_0", 8.5 },
                  { "q2_K", 2.625 }, { "q3_K", 3.4375 }, { "q4_K", 4.5 }, { "q5_K", 5.5 }, { "q6_K", 6.5625 } };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const ql_block_type *t = ql_block_type_named(known[i].name);
        assert_true(8.0 * t->bytes / t->elements == known[i].bits);
    }
}

/* The block ends where the memory ends (the sanitizer looks), at an odd address, with any bytes in it. */
static void decode_reads_its_bytes_and_writes_its_elements_alone(void **state)
{
    (void)state;
    uint64_t seed = 5;
    for (size_t i = 0; ql_block_type_at(i); i++) {
        const ql_block_type *t = ql_block_type_at(i);
        for (int round = 0; round < 50; round++) {
            uint8_t *memory = malloc(t->bytes + 1);
            float out[256 + 2], again[256 + 2];
            for (unsigned j = 0; j <= t->bytes; j++)
                memory[j] = round == 0 ? 0xff : (uint8_t)random_bits(&seed);
            out[0] = out[t->elements + 1] = 42;
            t->decode(memory + 1, out + 1);
            memory[0] ^= 0xff;
            t->decode(memory + 1, again + 1);
            assert_true(out[0] == 42 && out[t->elements + 1] == 42);
            assert_memory_equal(out + 1, again + 1, t->elements * sizeof(float));
            free(memory);
        }
    }
}

/* Each element depends on bits of its own: flipping bits one by one changes every element at least once, codes never two
   at a time. */
static void every_element_has_bits_of_its_own(void **state)
{
    (void)state;
    for (size_t i = 0; ql_block_type_at(i); i++) {
        const ql_block_type *t = ql_block_type_at(i);
        uint8_t block[256];
        float before[256], after[256];
        unsigned alone[256] = { 0 };
        memset(block, 0x22, sizeof block); /* scales are neither 0 nor special */
        t->decode(block, before);
        for (unsigned bit = 0; bit < 8 * t->bytes; bit++) {
            unsigned changed = 0, last = 0;
            block[bit / 8] ^= (uint8_t)(1 << bit % 8);
            t->decode(block, after);
            block[bit / 8] ^= (uint8_t)(1 << bit % 8);
            for (unsigned j = 0; j < t->elements; j++)
                if (after[j] != before[j]) {
                    changed++;
                    last = j;
                }
            if (changed == 1)
                alone[last]++;
        }
        const unsigned bits = t->name[1] - '0';
        for (unsigned j = 0; j < t->elements; j++)
            assert_int_equal(alone[j], bits);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_is_found_by_name_and_by_number),
        cmocka_unit_test(bits_per_weight_are_those_of_the_format),
        cmocka_unit_test(decode_reads_its_bytes_and_writes_its_elements_alone),
        cmocka_unit_test(every_element_has_bits_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
