/* Models in .npz archives: what is listed, what the values are, and what is refused in which words. */
#include "testing.h"

#include "formats/spans.h"
#include "qloupe.h"
#include "tensor/tensor.h"
#include "zip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Arrays and archives --------------------------------------------------------------------------------------- */

/* An .npy file of version 1.0: `dictionary` is its header, padded to 64 bytes as NumPy does. */
static zip_bytes make_npy(const char *dictionary, const void *data, size_t size)
{
    zip_bytes npy = { 0 };
    const size_t length = strlen(dictionary), padded = (10 + length + 1 + 63) / 64 * 64;
    const uint8_t head[10] = { 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (uint8_t)(padded - 10), (uint8_t)((padded - 10) >> 8) };
    zip_put(&npy, head, sizeof head);
    zip_put(&npy, dictionary, length);
    while (npy.size + 1 < padded)
        zip_put(&npy, " ", 1);
    zip_put(&npy, "\n", 1);
    zip_put(&npy, data, size);
    return npy;
}

#define HEADER(descr, fortran, shape) "{'descr': '" descr "', 'fortran_order': " fortran ", 'shape': " shape ", }"

static const float six[] = { 1, 2, 3, 4, 5, 6 };

/* Adds an entry whose data is an array; `entry` has all but the data. */
static size_t add_array(zip_writer *writer, zip_entry entry, const char *dictionary, const void *data, size_t size)
{
    zip_bytes npy = make_npy(dictionary, data, size);
    entry.data = npy.data;
    entry.size = npy.size;
    const size_t at = zip_add(writer, &entry) + npy.size - size;
    free(npy.data);
    return at;
}

static ql_model *open_archive(const zip_writer *writer)
{
    ql_model *model = NULL;
    ql_error error = { 0 };
    if (ql_model_open_memory("a.npz", writer->file.data, writer->file.size, QL_LAYOUT_AUTO, &model, &error) != QL_OK)
        fail_msg("%s", error.message);
    assert_string_equal(ql_model_format(model), "npz");
    return model;
}

/* Finishes the archive, which is refused with these words; frees it. */
static void assert_refused(zip_writer *writer, const char *words)
{
    ql_model *model = NULL;
    ql_error error = { 0 };
    zip_finish(writer, NULL);
    ql_status status = ql_model_open_memory("a.npz", writer->file.data, writer->file.size, QL_LAYOUT_AUTO, &model, &error);
    if (status != QL_BAD_FILE || !strstr(error.message, words) || strncmp(error.message, "a.npz: ", 7) != 0)
        fail_msg("status %d, '%s' does not say '%s'", status, error.message, words);
    for (const char *c = error.message; *c; c++)
        assert_in_range((uint8_t)*c, 0x20, 0x7e);
    assert_null(model);
    zip_free(writer);
}

static void assert_values(const ql_tensor *tensor, const float *values, size_t count)
{
    float found[64];
    ql_error error = { 0 };
    assert_int_equal(tensor->element_count, count);
    void *scratch = malloc(ql_tensor_scratch_size(tensor, count));
    assert_non_null(scratch);
    if (ql_tensor_read_f32(tensor, 0, count, found, scratch, &error) != QL_OK)
        fail_msg("%s", error.message);
    assert_memory_equal(found, values, count * sizeof *values);
    free(scratch);
}

static void assert_name(const ql_tensor *tensor, const char *name)
{
    assert_int_equal(tensor->name.size, strlen(name));
    assert_memory_equal(tensor->name.data, name, strlen(name));
}

/* ---- What is read ---------------------------------------------------------------------------------------------- */

static void arrays_are_named_as_their_entries_and_read_as_they_are(void **state)
{
    (void)state;
    static const uint8_t big_endian[] = { 0x3f, 0x80, 0, 0, 0x40, 0, 0, 0 };
    static const float by_columns[] = { 1, 4, 2, 5, 3, 6 };
    for (int deflate = 0; deflate < 2; deflate++) {
        zip_writer w = { 0 };
        size_t places[5];
        places[0] = add_array(&w, (zip_entry) { .name = "layer.0/w.npy", .deflate = deflate },
                              HEADER("<f4", "False", "(2, 3)"), six, sizeof six);
        zip_add(&w, &(zip_entry) { .name = "notes.txt", .data = "no array", .size = 8 });
        places[1] = add_array(&w, (zip_entry) { .name = "columns.npy", .deflate = deflate, .zip64_here = true },
                              HEADER("<f4", "True", "(2, 3)"), by_columns, sizeof by_columns);
        places[2] = add_array(&w, (zip_entry) { .name = ".npy", .deflate = deflate, .descriptor = true },
                              HEADER(">f4", "False", "(2,)"), big_endian, sizeof big_endian);
        places[3] = add_array(&w, (zip_entry) { .name = "\xc3\xa9.npy.npy", .deflate = deflate },
                              HEADER("<f4", "False", "()"), six + 4, sizeof *six);
        places[4] =
            add_array(&w, (zip_entry) { .name = "none.npy", .deflate = deflate }, HEADER("<f4", "False", "(0, 7)"), "", 0);
        zip_finish(&w, NULL);
        ql_model *model = open_archive(&w);
        assert_int_equal(ql_model_tensor_count(model), 5);
        static const char *const names[] = { "layer.0/w", "columns", "", "\xc3\xa9.npy", "none" };
        static const unsigned ranks[] = { 2, 2, 1, 0, 2 };
        for (size_t i = 0; i < 5; i++) {
            const ql_tensor *tensor = ql_model_tensor(model, i);
            assert_name(tensor, names[i]);
            assert_int_equal(tensor->rank, ranks[i]);
            assert_true(tensor->offset == (deflate ? QL_NO_OFFSET : places[i]));
            assert_int_equal(tensor->dtype, QL_F32);
        }
        assert_int_equal(ql_model_tensor(model, 0)->shape[1], 3);
        assert_int_equal(ql_model_tensor(model, 4)->shape[1], 7);
        assert_values(ql_model_tensor(model, 0), six, 6);
        assert_values(ql_model_tensor(model, 1), six, 6);
        assert_values(ql_model_tensor(model, 2), six, 2);
        assert_values(ql_model_tensor(model, 3), six + 4, 1);
        ql_model_free(&model);
        zip_free(&w);
    }
}

static void arrays_are_listed_in_the_order_of_their_data(void **state)
{
    (void)state;
    zip_writer w = { 0 };
    add_array(&w, (zip_entry) { .name = "z.npy" }, HEADER("<f4", "False", "(2,)"), six, 8);
    add_array(&w, (zip_entry) { .name = "a.npy" }, HEADER("<f4", "False", "(3,)"), six, 12);
    zip_turn(&w);
    zip_finish(&w, NULL);
    ql_model *model = open_archive(&w);
    assert_name(ql_model_tensor(model, 0), "z");
    assert_name(ql_model_tensor(model, 1), "a");
    assert_values(ql_model_tensor(model, 0), six, 2);
    assert_values(ql_model_tensor(model, 1), six, 3);
    ql_model_free(&model);
    zip_free(&w);
}

static void an_archive_without_entries_is_a_model_without_tensors(void **state)
{
    (void)state;
    zip_writer w = { 0 };
    zip_finish(&w, NULL);
    ql_model *model = open_archive(&w);
    assert_int_equal(ql_model_tensor_count(model), 0);
    ql_model_free(&model);
    zip_free(&w);
}

/* A header that goes on far behind the first bytes that are looked at. */
static void a_long_header_is_read_to_its_end(void **state)
{
    (void)state;
    char dictionary[20000];
    for (int deflate = 0; deflate < 2; deflate++) {
        snprintf(dictionary, sizeof dictionary, "%-19000s", HEADER("<f4", "False", "(6,)"));
        zip_writer w = { 0 };
        add_array(&w, (zip_entry) { .name = "a.npy", .deflate = deflate }, dictionary, six, sizeof six);
        zip_finish(&w, NULL);
        ql_model *model = open_archive(&w);
        assert_values(ql_model_tensor(model, 0), six, 6);
        ql_model_free(&model);
        zip_free(&w);
    }
}

static void headers_that_are_long_only_when_unpacked_have_a_limit_together(void **state)
{
    (void)state;
    /* 150 headers of a megabyte each, a kilobyte compressed. */
    enum { ENTRIES = 150, SIZE = 1 << 20 };
    static uint8_t npy[12 + SIZE + 4];
    memset(npy, ' ', sizeof npy);
    memcpy(npy, "\x93NUMPY\x02\x00\x00\x00\x10\x00" HEADER("<f4", "False", "(1,)"), 12 + strlen(HEADER("<f4", "False", "(1,)")));
    size_t packed_size;
    uint8_t *packed = zip_deflate(npy, sizeof npy, 9, &packed_size);
    zip_writer writer = { 0 };
    for (int i = 0; i < ENTRIES; i++) {
        char name[16];
        snprintf(name, sizeof name, "%d.npy", i);
        zip_add(&writer, &(zip_entry) { .name = name, .data = npy, .size = sizeof npy, .deflate = true, .packed = packed,
                                        .packed_size = packed_size });
    }
    free(packed);
    assert_refused(&writer, "the headers of its first 96 arrays have 100664448 bytes together, which is over the limit of 100000000");
}

static void a_hundred_thousand_arrays_are_listed(void **state)
{
    (void)state;
    enum { COUNT = 100000 };
    zip_writer w = { 0 };
    char name[32];
    zip_bytes npy = make_npy(HEADER("<f4", "False", "(2, 3)"), six, sizeof six);
    size_t packed_size;
    uint8_t *packed = zip_deflate(npy.data, npy.size, 9, &packed_size);
    for (size_t i = 0; i < COUNT; i++) {
        snprintf(name, sizeof name, "layer.%zu.weight.npy", i);
        zip_entry entry = { .name = name, .data = npy.data, .size = npy.size };
        if (i % 2) {
            entry.deflate = true;
            entry.packed = packed;
            entry.packed_size = packed_size;
        }
        zip_add(&w, &entry);
    }
    zip_finish(&w, &(zip_end) { .zip64 = true });
    ql_model *model = open_archive(&w);
    assert_int_equal(ql_model_tensor_count(model), COUNT);
    assert_name(ql_model_tensor(model, COUNT - 1), "layer.99999.weight");
    assert_values(ql_model_tensor(model, COUNT - 1), six, 6);
    assert_values(ql_model_tensor(model, COUNT - 2), six, 6);
    ql_model_free(&model);
    free(npy.data);
    free(packed);
    zip_free(&w);
}

/* Several spans of values; the threads of the engine read them at once. */
static void statistics_are_the_same_stored_and_deflated_in_a_file_mapped_or_not(void **state)
{
    (void)state;
    enum { COUNT = (2 * QL_SPAN + QL_SPAN / 2) / sizeof(float) };
    float *values = malloc(COUNT * sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < COUNT; i++)
        values[i] = (float)(i * 2654435761u % 1000) - 500.25f;
    char dictionary[100];
    snprintf(dictionary, sizeof dictionary, HEADER("<f4", "False", "(%d,)"), (int)COUNT);
    zip_writer w = { 0 };
    add_array(&w, (zip_entry) { .name = "stored.npy" }, dictionary, values, COUNT * sizeof *values);
    add_array(&w, (zip_entry) { .name = "deflated.npy", .deflate = true }, dictionary, values, COUNT * sizeof *values);
    snprintf(dictionary, sizeof dictionary, HEADER("<f4", "True", "(1, %d)"), (int)COUNT);
    add_array(&w, (zip_entry) { .name = "columns.npy", .deflate = true }, dictionary, values, COUNT * sizeof *values);
    zip_finish(&w, NULL);
    const char *path = testing_path(testing_folder(), "a.npz");
    testing_write(path, w.file.data, w.file.size);
    ql_engine *engine = NULL;
    ql_error error = { 0 };
    assert_int_equal(ql_engine_new(3, &engine, &error), QL_OK);
    ql_stats first = { 0 };
    for (int mapped = 0; mapped < 2; mapped++) {
        ql_model *model = NULL;
        ql_map_files(mapped);
        assert_int_equal(ql_model_open(path, QL_LAYOUT_AUTO, &model, &error), QL_OK);
        ql_map_files(false);
        for (size_t i = 0; i < 3; i++) {
            ql_profile *profile = NULL;
            if (ql_profile_make(engine, model, ql_model_tensor(model, i), NULL, &profile, &error) != QL_OK)
                fail_msg("%s", error.message);
            if (i == 0 && !mapped)
                first = profile->stats;
            assert_memory_equal(&profile->stats, &first, sizeof first);
            ql_profile_free(&profile);
        }
        ql_model_free(&model);
    }
    assert_int_equal(first.count, COUNT);
    ql_engine_free(&engine);
    free(values);
    zip_free(&w);
}

/* Values that deflate does not pack: whoever unpacked them would read megabytes. */
static void a_listing_unpacks_headers_only(void **state)
{
    (void)state;
    enum { COUNT = 1 << 20 };
    uint32_t *noise = malloc(COUNT * sizeof *noise);
    assert_non_null(noise);
    uint32_t seed = 1;
    for (size_t i = 0; i < COUNT; i++)
        noise[i] = (seed = seed * 1664525 + 1013904223) >> 8;
    zip_writer w = { 0 };
    add_array(&w, (zip_entry) { .name = "a.npy", .deflate = true, .crc = ZIP_LIE(1) }, HEADER("<u4", "False", "(1048576,)"),
              noise, COUNT * sizeof *noise);
    zip_finish(&w, NULL);
    assert_true(w.file.size > COUNT);
    ql_model *model = open_archive(&w);
    assert_int_equal(ql_model_tensor(model, 0)->element_count, COUNT);
    assert_in_range(ql_model_bytes_read(model), 1, COUNT / 4); /* the end is looked for in the last 64 KB */
    ql_model_free(&model);
    free(noise);
    zip_free(&w);
}

/* An array of 1 GiB out of 2 MiB: it is listed, and its values are not unpacked. */
static void what_shrank_more_than_weights_do_is_listed_only(void **state)
{
    (void)state;
    enum { PACKED = 2 << 20 };
    zip_bytes npy = make_npy(HEADER("<f4", "False", "(268435456,)"), "", 0);
    size_t size;
    uint8_t *begin = zip_deflate(npy.data, npy.size, 6, &size), *packed = calloc(1, PACKED);
    assert_non_null(packed);
    memcpy(packed, begin, size);
    zip_writer w = { 0 };
    zip_add(&w, &(zip_entry) { .name = "a.npy", .data = npy.data, .size = npy.size, .deflate = true, .packed = packed,
                               .packed_size = PACKED, .size_as = ZIP_LIE((1 << 30) + npy.size),
                               .local_size_as = ZIP_LIE((1 << 30) + npy.size) });
    zip_finish(&w, NULL);
    ql_model *model = open_archive(&w);
    const ql_tensor *tensor = ql_model_tensor(model, 0);
    assert_int_equal(tensor->byte_count, 1 << 30);
    float value;
    char scratch[64];
    ql_error error = { 0 };
    assert_int_equal(ql_tensor_read_f32(tensor, 1 << 27, 1, &value, scratch, &error), QL_BAD_FILE);
    assert_non_null(strstr(error.message, "shrank more than 100-fold"));
    ql_model_free(&model);
    zip_free(&w);
    free(packed);
    free(begin);
    free(npy.data);
}

/* ---- What is refused ------------------------------------------------------------------------------------------- */

static void entries_that_are_no_arrays_of_numbers_are_refused(void **state)
{
    (void)state;
    zip_writer w = { 0 };
    zip_add(&w, &(zip_entry) { .name = "a.npy", .data = "hello", .size = 5 });
    assert_refused(&w, "tensor 'a': 5 bytes are too few for an .npy file");
    zip_add(&w, &(zip_entry) { .name = "a.npy", .data = "hello, this is no array", .size = 23 });
    assert_refused(&w, "tensor 'a': does not begin with \\x93NUMPY");
    add_array(&w, (zip_entry) { .name = "a.npy" }, HEADER("|O", "False", "(1,)"), "\x80\x02N.", 4);
    assert_refused(&w, "tensor 'a': dtype '|O' means an object array");
    add_array(&w, (zip_entry) { .name = "a.npy" }, HEADER("<f4", "False", "(2, 2"), six, 16);
    assert_refused(&w, "of the entry)");
    add_array(&w, (zip_entry) { .name = "a.npy" }, HEADER("<f4", "False", "(2, 4)"), six, sizeof six);
    assert_refused(&w, "tensor 'a': the entry ends inside its data (32 bytes from byte 128 on, of which 24 are there)");
    add_array(&w, (zip_entry) { .name = "a.npy", .deflate = true }, HEADER("<f4", "False", "(2, 4)"), six, sizeof six);
    assert_refused(&w, "tensor 'a': the entry ends inside its data");
    add_array(&w, (zip_entry) { .name = "a.npy", .deflate = true, .size_as = ZIP_LIE(40) }, HEADER("<f4", "False", "(2, 3)"),
              six, sizeof six);
    assert_refused(&w, "entry 'a.npy': its compressed data give more than the size");
    add_array(&w, (zip_entry) { .name = "a.npy", .deflate = true, .packed = "\xff\xff\xff\xff garbage", .packed_size = 12 },
              HEADER("<f4", "False", "(2, 3)"), six, sizeof six);
    assert_refused(&w, "entry 'a.npy': its compressed data are no deflate stream");
    add_array(&w, (zip_entry) { .name = "\x1b]0;owned\x07.npy" }, HEADER("|O", "False", "(1,)"), "N.", 2);
    assert_refused(&w, "tensor '\\x1b]0;owned\\x07': ");
    zip_add(&w, &(zip_entry) { .name = "\x1b[2J.npy", .data = six, .size = 24, .crc = ZIP_LIE(7), .local_crc = ZIP_LIE(8) });
    assert_refused(&w, "entry '\\x1b[2J.npy': its local header has another CRC-32");
}

static void archives_without_arrays_are_refused_by_what_they_hold(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        { "model.weights.h5", "a Keras model" },
        { "model-00001-of-00002.safetensors", "a zip archive of safetensors files; unpack it" },
        { "\x1b[31m.txt", "none of its 2 entries is an .npy file, the first one is 'README'" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        zip_writer w = { 0 };
        zip_add(&w, &(zip_entry) { .name = "README", .data = six, .size = 4 });
        zip_add(&w, &(zip_entry) { .name = cases[i][0], .data = six, .size = 24 });
        assert_refused(&w, cases[i][1]);
    }
}

/* Values are damaged and the listing cannot know. */
static void damage_of_values_shows_when_they_are_read(void **state)
{
    (void)state;
    static const struct {
        zip_entry entry;
        const char *words;
    } cases[] = {
        { { .name = "a.npy", .crc = ZIP_LIE(0x12345678) }, "has the CRC-32" },
        { { .name = "a.npy", .deflate = true, .crc = ZIP_LIE(0x12345678) }, "has the CRC-32" },
        { { .name = "a.npy", .deflate = true, .size_as = ZIP_LIE(252) }, "give less than the size" },
    };
    ql_engine *engine = NULL;
    ql_error error = { 0 };
    assert_int_equal(ql_engine_new(2, &engine, &error), QL_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        zip_writer w = { 0 };
        add_array(&w, cases[i].entry, HEADER("<f4", "False", "(6,)"), six, sizeof six);
        zip_finish(&w, NULL);
        ql_model *model = open_archive(&w);
        ql_profile *profile = NULL;
        assert_int_equal(ql_profile_make(engine, model, ql_model_tensor(model, 0), NULL, &profile, &error), QL_BAD_FILE);
        if (!strstr(error.message, cases[i].words) || strncmp(error.message, "a.npz: entry 'a.npy': ", 22) != 0)
            fail_msg("'%s' does not say '%s'", error.message, cases[i].words);
        assert_null(profile);
        ql_model_free(&model);
        zip_free(&w);
    }
    ql_engine_free(&engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrays_are_named_as_their_entries_and_read_as_they_are),
        cmocka_unit_test(arrays_are_listed_in_the_order_of_their_data),
        cmocka_unit_test(an_archive_without_entries_is_a_model_without_tensors),
        cmocka_unit_test(a_long_header_is_read_to_its_end),
        cmocka_unit_test(headers_that_are_long_only_when_unpacked_have_a_limit_together),
        cmocka_unit_test(a_hundred_thousand_arrays_are_listed),
        cmocka_unit_test(statistics_are_the_same_stored_and_deflated_in_a_file_mapped_or_not),
        cmocka_unit_test(a_listing_unpacks_headers_only),
        cmocka_unit_test(what_shrank_more_than_weights_do_is_listed_only),
        cmocka_unit_test(entries_that_are_no_arrays_of_numbers_are_refused),
        cmocka_unit_test(archives_without_arrays_are_refused_by_what_they_hold),
        cmocka_unit_test(damage_of_values_shows_when_they_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
