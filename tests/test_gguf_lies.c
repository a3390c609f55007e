/* GGUF files that lie, ask for more than there can be, or were damaged: refused in one clear line that names the place. */
#include "gguf_open.h"

#include <locale.h>
#include <stdio.h>
#include <unistd.h>

/* ---- Bad files ------------------------------------------------------------------------------------------------- */

static const struct {
    const char *script, *words;
} bad[] = {
    { "raw GGML u32 3 u64 0 u64 0", "byte 0: it does not begin with 'GGUF'" },
    { "raw GGUF", "byte 4: the file (4 bytes) ends inside its header" },
    { "raw GGUF u32 0 u64 0 u64 0", "byte 4: version 0 of GGUF is not known" },
    { "raw GGUF u32 1 u32 0 u32 0", "version 1 of GGUF, with counts of 32 bits" },
    { "raw GGUF u32 4 u64 0 u64 0", "version 4 of GGUF is not known" },
    { "raw GGUF u32 -1 u64 0 u64 0", "version 4294967295 of GGUF is not known" },
    { "raw GGUF u32 0x03000000 u64 0 u64 0", "a big-endian GGUF file" },
    /* counts */
    { "head -1 0", "byte 8: 18446744073709551615 tensors, but the 0 bytes behind hold 0 at most" },
    { "head 0x2000000000000001 1 " ARCH W, "byte 8: 2305843009213693953 tensors" },
    { "head 1000 1 " ARCH W "pad 32 zeros 32", "byte 8: 1000 tensors, but the 136 bytes behind hold 5 at most" },
    { "head 4 1 " ARCH W "pad 32 zeros 32", "tensor 4 ('') at byte 158: the file (160 bytes) ends inside its header" },
    { "head 0 -1", "byte 16: 18446744073709551615 metadata keys" },
    { "head 0 0x400000000000001 " ARCH, "byte 16: 288230376151711745 metadata keys" },
    /* keys */
    { "head 0 1 u64 -1 raw abcdefghijk", "metadata key 1 at byte 24: a key of 18446744073709551615 bytes, 11 are left" },
    { "head 0 1 u64 1000 raw abcdefghijk", "a key of 1000 bytes, 11 are left" },
    { "head 0 1 u64 65536 zeros 65536", "a key of 65536 bytes is over the limit of 65535" },
    { "head 0 1 key '' 0 u8 1 raw x", "metadata key 1 ('') at byte 24: an empty key" },
    { "head 0 2 key a 0 u8 1 key a 0 u8 2", "two metadata keys are named 'a' (one of them at byte " },
    { "head 0 1 key k 8 u64 -1 raw x",
      "metadata key 1 ('k') at byte 37: a string of 18446744073709551615 bytes, 1 are left" },
    { "head 0 1 key k 8 u64 0x80000000 zeros 64", "a string of 2147483648 bytes, 64 are left" },
    { "head 0 2 key a 0 u8 1 key k 13 zeros 8",
      "metadata key 2 ('k') at byte 47: value type 13 is not known, only 0 to 12 are" },
    { "head 0 1 key k -1 zeros 8", "value type 4294967295 is not known" },
    { "head 0 1 key k 10 u32 1", "metadata key 1 ('k') at byte 37: the file (41 bytes) ends inside its header" },
    { "head 0 1 key k 9 u32 10 u64 -1", "an array of 18446744073709551615 elements of type u64, 0 bytes are left" },
    { "head 0 1 key k 9 u32 10 u64 0x2000000000000001 zeros 8",
      "an array of 2305843009213693953 elements of type u64, 8 bytes" },
    { "head 0 1 key k 9 u32 8 u64 0x1000000000000001 text a",
      "an array of 1152921504606846977 elements of type string, 9 bytes" },
    { "head 0 1 key k 9 u32 0 u64 0x10000000000 zeros 64",
      "an array of 1099511627776 elements of type u8, 64 bytes are left" },
    { "head 0 1 key k 9 u32 8 u64 2 text a u64 9 zeros 8", "at byte 58: an element of 9 bytes, 8 are left" },
    { "head 0 1 key k 9 u32 9 u64 1 u32 0 u64 1 u8 1", "metadata key 1 ('k') at byte 37: an array of arrays" },
    { "head 0 1 key k 9 u32 99 u64 1 zeros 8", "element type 99 is not known" },
    { "head 0 1 key k 9 u32 13 u64 0", "element type 13 is not known" },
    { "head 0 1 key k 9 u32 5", "the file (41 bytes) ends inside its header" },
    /* alignment */
    { "head 1 1 key general.alignment 4 u32 0 " W "pad 32 zeros 32", "an alignment of 0 is no power of two" },
    { "head 1 1 key general.alignment 4 u32 24 " W "pad 32 zeros 32", "an alignment of 24 is no power of two" },
    { "head 1 1 key general.alignment 4 u32 0x80000000 " W "pad 32 zeros 32",
      "an alignment of 2147483648 bytes is over the limit of 1048576" },
    { "head 1 1 key general.alignment 8 text 32 " W "pad 32 zeros 32",
      "the alignment must be a number of type u32, not one of type string" },
    { "head 1 1 key general.alignment 10 u64 32 " W "pad 32 zeros 32", "not one of type u64" },
    { "head 1 1 key general.alignment 5 u32 32 " W "pad 32 zeros 32", "not one of type i32" },
    { "head 1 1 key general.alignment 9 u32 4 u64 1 u32 32 " W "pad 32 zeros 32", "not an array of u32" },
    /* tensors */
    { "head 1 0 u64 -1 raw w zeros 64", "tensor 1 at byte 24: a name of 18446744073709551615 bytes, 65 are left" },
    { "head 2 0 " W "tensor w 0 32 1 8 pad 32 zeros 64", "two tensors are named 'w' (one of them at byte " },
    { "head 1 0 tensor w 0 0 5 2 2 2 1 1 pad 32 zeros 32",
      "tensor 1 ('w') at byte 33: 5 dimensions are over the limit of 4" },
    { "head 1 0 text w u32 -1 u64 8 u32 0 u64 0 pad 32 zeros 32", "4294967295 dimensions are over the limit of 4" },
    { "head 1 0 tensor w 0 0 1 -8 pad 32 zeros 32", "dimension 0 is 18446744073709551608, over the limit of 2^63-1" },
    { "head 1 0 tensor w 0 0 2 0 -8 pad 32 zeros 32", "dimension 1 is 18446744073709551608" },
    { "head 1 0 tensor w 0 0 2 0x100000000 0x100000000 pad 32 zeros 32",
      "its dimensions ask for more than 2^64 bytes of F32" },
    { "head 1 0 tensor w 0 0 3 0x4000000000000000 4 8 pad 32 zeros 32", "its dimensions ask for more than 2^64 bytes" },
    { "head 1 0 tensor w 0 0 3 0x4000000000000000 4 0 pad 32 zeros 32", "its dimensions ask for more than 2^64 bytes" },
    { "head 1 0 tensor w 0 0 3 0x80000000 0x80000000 2 pad 32 zeros 32", "its dimensions ask for more than 2^64 bytes" },
    { "head 1 0 tensor w 0 0 1 0x4000000000000008 pad 32 zeros 32", "its dimensions ask for more than 2^64 bytes" },
    { "head 1 0 tensor w 24 0 2 0x4000000000000000 2 pad 32 zeros 32",
      "9223372036854775808 bytes at offset 0 end after the file" },
    { "head 1 0 tensor w 2 0 1 33 pad 32 zeros 64", "rows of 33 elements are not made of blocks of 32, as Q4_0 has them" },
    { "head 1 0 tensor w 12 0 2 128 2 pad 32 zeros 160",
      "rows of 128 elements are not made of blocks of 256, as Q4_K has them" },
    { "head 1 0 tensor w 2 0 0 pad 32 zeros 64", "rows of 1 elements are not made of blocks" },
    /* places */
    { "head 1 0 tensor w 0 0x100000 1 8 pad 32 zeros 32",
      "tensor 'w': 32 bytes at offset 1048576 end after the file (32 bytes of data from byte 64 on)" },
    { "head 1 0 tensor w 0 0xffffffffffffffe0 1 8 pad 32 zeros 32",
      "32 bytes at offset 18446744073709551584 end after the file" },
    { "head 2 0 " W "tensor v 28 32 1 0x1ffffffffffffffc pad 32 zeros 32",
      "tensor 'v': 18446744073709551584 bytes at offset 32 end after the file" },
    { "head 1 0 tensor w 0 4 1 4 pad 32 zeros 32", "offset 4 is no multiple of the alignment, 32" },
    { "head 2 0 " W "tensor v 0 0 1 8 pad 32 zeros 32",
      "its offset, 0, lies in the tensor before, which ends at 32 (byte 96 of the file)" },
    { "head 2 0 tensor v 0 0 1 9 " W "pad 32 zeros 64", "its offset, 0, lies in the tensor before, which ends at 64" },
    { "head 2 0 " W "tensor v 0 64 1 8 pad 32 zeros 96",
      "tensor 'v': 32 bytes before its offset, 64, belong to no tensor (byte 128 of the file)" },
    { "head 1 0 tensor w 0 32 1 8 pad 32 zeros 64",
      "tensor 'w': 32 bytes before its offset, 32, belong to no tensor (byte 64 of the file)" },
    { "head 2 0 " W "tensor z 0 64 1 0 pad 32 zeros 64", "tensor 'z': 32 bytes before its offset" },
    { "head 1 0 " W "pad 32 zeros 31", "32 bytes at offset 0 end after the file (31 bytes of data from byte 64 on)" },
    { "head 1 1 u64 20 raw general.architectu", "metadata key 1 at byte 24: a key of 20 bytes, 18 are left" },
    { "head 1 0 " W "pad 32", "32 bytes at offset 0 end after the file (0 bytes of data from byte 64 on)" },
    { "head 1 0 " W, "the file ends before its data (byte 64, it has 57 bytes)" },
    { "head 1 0 tensor z 0 0 1 0", "the file ends before its data (byte 64, it has 57 bytes)" },
    /* text that a terminal would act on */
    { "head 0 1 key \x1b]0;owned\x07 99 u8 0", "metadata key 1 ('\\x1b]0;owned\\x07')" },
    { "head 1 0 tensor \xe2\x80\xaegnp.\x1b[2J 4 0 1 8 pad 32 zeros 32", "tensor 1 ('\\u202egnp.\\x1b[2J')" },
    { "head 2 0 tensor a\rb 0 0 1 8 tensor a\rb 0 32 1 8 pad 32 zeros 64", "two tensors are named 'a\\x0db'" },
    /* a program took the file for text and wrote U+FFFD for a byte of 0x80 */
    { "head 0 2 key a 4 raw \xef\xbf\xbd u8 1 u8 0 u8 0 key abcdefgh 4 u32 5",
      "changed by a program that took it for text" },
};

static void every_lie_is_refused_in_one_clear_line_that_names_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        gguf g = gguf_make(bad[i].script);
        gguf_assert_refused(&g, bad[i].words);
        free(g.bytes);
    }
}

static void fifty_thousand_nested_arrays_are_refused_at_the_second(void **state)
{
    (void)state;
    gguf g = gguf_make("head 0 1 key k 9");
    for (int i = 0; i < 50000; i++)
        gguf_script(&g, "u32 9 u64 1");
    gguf_assert_refused(&g, "metadata key 1 ('k') at byte 37: an array of arrays");
    free(g.bytes);
}

/* Files as long as a lie needs, without taking the room: what is declared could be there. */
static void each_limit_is_named_by_the_error_that_it_causes(void **state)
{
    (void)state;
    static const struct {
        const char *script, *words;
    } cases[] = {
        { "head 1048577 0", "1048577 tensors are over the limit of 1048576" },
        { "head 0 1048577", "1048577 metadata keys are over the limit of 1048576" },
        { "head 0 1 key k 8 u64 0x40000001", "a string of 1073741825 bytes is over the limit of 1073741824" },
        { "head 0 1 key k 9 u32 0 u64 0x40000001", "an array of 1073741825 elements is over the limit of 1073741824" },
        { "head 0 1 key k 9 u32 8 u64 0x40000001", "an array of 1073741825 elements is over the limit of 1073741824" },
        { "head 0 1 key k 9 u32 12 u64 0x40000000", "its header is longer than the limit of 536870912 bytes" },
        { "head 0 1 key k 8 u64 0x40000000",
          "its header is longer than the limit of 536870912 bytes (it goes on at byte 45)" },
        { "head 1 0 u64 0x100001", "a name of 1048577 bytes is over the limit of 1048576" },
    };
    const char *path = testing_path(testing_folder(), GGUF_NAME);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gguf g = gguf_make(cases[i].script);
        testing_write(path, g.bytes, g.size);
        free(g.bytes);
        if (truncate(path, (off_t)1 << 40) != 0) {
            print_message("no sparse files of 1 TiB here: skipped\n");
            skip();
        }
        ql_model *model = NULL;
        ql_error error = { 0 };
        assert_int_equal(ql_model_open(path, QL_LAYOUT_AUTO, &model, &error), QL_BAD_FILE);
        if (!strstr(error.message, cases[i].words))
            fail_msg("'%s' does not say '%s'", error.message, cases[i].words);
    }
    assert_int_equal(unlink(path), 0);
}

/* ---- Damage ---------------------------------------------------------------------------------------------------- */

#define RICH                                                                                                                \
    "head 3 4 " ARCH "key general.alignment 4 u32 64 key a 9 u32 8 u64 2 text one text two key n 9 u32 3 u64 3 zeros 6 "    \
    "tensor v 2 0 2 64 3 tensor u 12 128 1 256 tensor t 0 320 3 2 1 5 pad 64 zeros 360"

static void a_file_cut_at_any_byte_is_refused(void **state)
{
    (void)state;
    gguf g = gguf_make(RICH);
    ql_error error;
    assert_int_equal(gguf_open_first(&g, g.size, &error), QL_OK);
    for (size_t size = 0; size < g.size; size++) {
        if (gguf_open_first(&g, size, &error) != QL_BAD_FILE)
            fail_msg("accepted when cut to %zu of %zu bytes", size, g.size);
        gguf_assert_clear(error.message);
    }
    free(g.bytes);
}

static void no_changed_byte_leads_outside_the_file(void **state)
{
    (void)state;
    gguf g = gguf_make(RICH);
    size_t accepted = 0;
    static const uint8_t values[] = { 0, 1, 7, 8, 9, 31, 64, 127, 128, 255 };
    for (size_t at = 0; at < g.size - 360; at++) {
        const uint8_t before = g.bytes[at];
        for (size_t i = 0; i < sizeof values; i++) {
            ql_error error;
            g.bytes[at] = values[i];
            const ql_status status = gguf_open_first(&g, g.size, &error);
            accepted += status == QL_OK;
            if (status != QL_OK)
                gguf_assert_clear(error.message);
        }
        g.bytes[at] = before;
    }
    assert_in_range(accepted, 100, 3000);
    free(g.bytes);
}

int main(void)
{
    setlocale(LC_CTYPE, "C"); /* names come out as ASCII */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_lie_is_refused_in_one_clear_line_that_names_its_place),
        cmocka_unit_test(fifty_thousand_nested_arrays_are_refused_at_the_second),
        cmocka_unit_test(each_limit_is_named_by_the_error_that_it_causes),
        cmocka_unit_test(a_file_cut_at_any_byte_is_refused),
        cmocka_unit_test(no_changed_byte_leads_outside_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
