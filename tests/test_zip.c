/* Zip archives: their directories, every lie that one can tell, and the contents of their entries at any place. */
#include "testing.h"

#include "formats/limits.h"
#include "formats/spans.h"
#include "formats/zip_entry.h"
#include "zip.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char text[] = "The quick brown fox jumps over the lazy dog, again and again and again and again.";

enum { TEXT = sizeof text - 1 };

/* Bytes that deflate packs a little: runs, and values that a counter makes. */
static uint8_t *make_bytes(size_t size)
{
    uint8_t *bytes = malloc(size + 1);
    assert_non_null(bytes);
    uint32_t state = 1;
    for (size_t i = 0; i < size; i++) {
        state = state * 1664525 + 1013904223;
        bytes[i] = i / 5000 % 3 == 0 ? (uint8_t)(i / 700) : (uint8_t)(state >> 24 & 31);
    }
    return bytes;
}

/* ---- Archives in memory ---------------------------------------------------------------------------------------- */

typedef struct archive {
    ql_source *source;
    ql_zip zip;
} archive;

static archive open_archive(const zip_writer *writer)
{
    archive a;
    ql_error error = { 0 };
    assert_int_equal(ql_source_from_memory("a.zip", writer->file.data, writer->file.size, &a.source, &error), QL_OK);
    if (ql_zip_read(&a.zip, a.source, &error) != QL_OK)
        fail_msg("%s", error.message);
    return a;
}

static void close_archive(archive *a)
{
    ql_zip_free(&a->zip);
    ql_source_free(&a->source);
}

/* The finished archive is refused, with these words in one line. */
static void assert_refused_bytes(const void *bytes, size_t size, const char *words)
{
    ql_source *source;
    ql_zip zip;
    ql_error error = { 0 };
    assert_int_equal(ql_source_from_memory("a.zip", bytes, size, &source, &error), QL_OK);
    ql_status status = ql_zip_read(&zip, source, &error);
    if (status != QL_BAD_FILE || !strstr(error.message, words) || strncmp(error.message, "a.zip: ", 7) != 0 ||
        strchr(error.message, '\n'))
        fail_msg("status %d, '%s' does not say '%s'", status, error.message, words);
    ql_source_free(&source);
}

/* An archive of two entries, the second one with lies, and an end with lies (may be NULL). */
static void assert_refused(zip_entry lying, const zip_end *end, const char *words)
{
    zip_writer writer = { 0 };
    zip_add(&writer, &(zip_entry) { .name = "good", .data = text, .size = TEXT });
    lying.name = lying.name ? lying.name : "lying";
    lying.data = lying.data ? lying.data : text;
    lying.size = lying.size ? lying.size : TEXT;
    zip_add(&writer, &lying);
    zip_finish(&writer, end);
    assert_refused_bytes(writer.file.data, writer.file.size, words);
    zip_free(&writer);
}

static void assert_refused_end(zip_end end, const char *words)
{
    assert_refused((zip_entry) { 0 }, &end, words);
}

/* ---- What is read ---------------------------------------------------------------------------------------------- */

static void entries_are_listed_with_the_place_of_their_data(void **state)
{
    (void)state;
    static const zip_end ends[] = {
        { .zip64 = false },
        { .zip64 = true },
        { .zip64_also = true },
        { .comment = "a comment, PK\5\6 and all", .comment_size = 24 },
        { .zip64 = true, .comment = "!", .comment_size = 1 },
    };
    static const zip_entry kinds[] = {
        { .name = "plain" },
        { .name = "numpy", .zip64_here = true },
        { .name = "wide", .zip64 = true },
        { .name = "later", .descriptor = true },
        { .name = "wide later", .descriptor = true, .zip64 = true },
        { .name = "padded", .local_extra = "FB\5\0ZZZZZ", .local_extra_size = 9 },
        { .name = "commented", .extra = "xx\2\0yy", .extra_size = 6 },
        { .name = "small", .deflate = true },
        { .name = "small later", .deflate = true, .descriptor = true },
    };
    enum { KINDS = sizeof kinds / sizeof *kinds };
    for (size_t e = 0; e < sizeof ends / sizeof *ends; e++) {
        zip_writer writer = { 0 };
        size_t places[KINDS];
        for (size_t i = 0; i < KINDS; i++) {
            zip_entry entry = kinds[i];
            entry.data = text;
            entry.size = TEXT - i;
            places[i] = zip_add(&writer, &entry);
        }
        zip_finish(&writer, &ends[e]);
        archive a = open_archive(&writer);
        assert_int_equal(a.zip.count, KINDS);
        for (size_t i = 0; i < KINDS; i++) {
            const ql_zip_entry *entry = &a.zip.entries[i];
            assert_int_equal(entry->name.size, strlen(kinds[i].name));
            assert_memory_equal(entry->name.data, kinds[i].name, entry->name.size);
            assert_int_equal(entry->method, kinds[i].deflate ? QL_ZIP_DEFLATED : QL_ZIP_STORED);
            assert_int_equal(entry->crc, zip_crc(text, TEXT - i));
            assert_true(entry->offset == places[i] && entry->size == TEXT - i);
            assert_ptr_equal(ql_zip_find(&a.zip, ql_text_from(kinds[i].name)), entry);
        }
        assert_null(ql_zip_find(&a.zip, ql_text_from("")));
        assert_null(ql_zip_find(&a.zip, ql_text_from("plai")));
        close_archive(&a);
        zip_free(&writer);
    }
}

static void an_archive_may_be_empty(void **state)
{
    (void)state;
    for (int wide = 0; wide < 2; wide++) {
        zip_writer writer = { 0 };
        zip_finish(&writer, &(zip_end) { .zip64 = wide });
        archive a = open_archive(&writer);
        assert_int_equal(a.zip.count, 0);
        assert_null(ql_zip_find(&a.zip, ql_text_from("a")));
        close_archive(&a);
        zip_free(&writer);
    }
}

static void entries_may_be_listed_in_any_order(void **state)
{
    (void)state;
    zip_writer writer = { 0 };
    zip_add(&writer, &(zip_entry) { .name = "1st", .data = text, .size = 10 });
    zip_add(&writer, &(zip_entry) { .name = "2nd", .data = text, .size = 20 });
    zip_turn(&writer);
    zip_finish(&writer, NULL);
    archive a = open_archive(&writer);
    assert_int_equal(a.zip.entries[0].size, 20);
    assert_int_equal(a.zip.entries[1].size, 10);
    assert_memory_equal(writer.file.data + a.zip.entries[0].offset, text, 20);
    close_archive(&a);
    zip_free(&writer);
}

static void a_hundred_thousand_entries_are_read_and_found(void **state)
{
    (void)state;
    enum { COUNT = 100000 };
    zip_writer writer = { 0 };
    char name[32];
    for (size_t i = 0; i < COUNT; i++) {
        snprintf(name, sizeof name, "layer.%zu.weight", i);
        zip_add(&writer, &(zip_entry) { .name = name, .data = text, .size = i % TEXT, .zip64_here = i % 2 });
    }
    zip_finish(&writer, NULL); /* the count does not fit 16 bits */
    assert_refused_bytes(writer.file.data, writer.file.size, "the directory");
    writer.file.size -= writer.directory.size + 22;
    zip_finish(&writer, &(zip_end) { .zip64 = true });
    archive a = open_archive(&writer);
    assert_int_equal(a.zip.count, COUNT);
    for (size_t i = 0; i < COUNT; i += 7) {
        snprintf(name, sizeof name, "layer.%zu.weight", i);
        const ql_zip_entry *entry = ql_zip_find(&a.zip, ql_text_from(name));
        assert_ptr_equal(entry, &a.zip.entries[i]);
        assert_int_equal(entry->size, i % TEXT);
        assert_memory_equal(writer.file.data + entry->offset, text, entry->size);
    }
    close_archive(&a);
    zip_free(&writer);
}

/* ---- What is refused ------------------------------------------------------------------------------------------- */

static void every_lie_of_the_end_is_refused(void **state)
{
    (void)state;
    assert_refused_end((zip_end) { .magic = ZIP_LIE(0x06054b51) }, "no end record");
    assert_refused_end((zip_end) { .comment_size_as = ZIP_LIE(1) }, "no end record");
    assert_refused_end((zip_end) { .comment = "x", .comment_size = 1, .comment_size_as = ZIP_LIE(0) }, "no end record");
    assert_refused_end((zip_end) { .disk = ZIP_LIE(3) }, "several files");
    assert_refused_end((zip_end) { .count = ZIP_LIE(500) }, "500 entries do not fit into the directory");
    assert_refused_end((zip_end) { .count = ZIP_LIE(1) }, "goes on after the last of its 1 entries");
    assert_refused_end((zip_end) { .count = ZIP_LIE(0) }, "goes on after the last of its 0 entries");
    assert_refused_end((zip_end) { .size = ZIP_LIE(UINT32_MAX - 1) }, "does not end where its end record begins");
    assert_refused_end((zip_end) { .offset = ZIP_LIE(1 << 30) }, "does not end where its end record begins");
    assert_refused_end((zip_end) { .offset = ZIP_LIE(0) }, "does not end where its end record begins");
    assert_refused_end((zip_end) { .before = "hidden", .before_size = 6 }, "does not end where its end record begins");
    /* The comment is an end record itself. */
    assert_refused_end((zip_end) { .comment = "PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", .comment_size = 22 },
                       "does not end where its end record begins");
}

static void every_lie_of_the_zip64_records_is_refused(void **state)
{
    (void)state;
    assert_refused_end((zip_end) { .zip64 = true, .locator_offset = ZIP_LIE(UINT64_MAX) }, "where no zip64 record can be");
    assert_refused_end((zip_end) { .zip64 = true, .locator_offset = ZIP_LIE(0) }, "no zip64 record reaches");
    assert_refused_end((zip_end) { .zip64 = true, .locator_disks = ZIP_LIE(2) }, "several files");
    assert_refused_end((zip_end) { .zip64 = true, .zip64_magic = ZIP_LIE(7) }, "no zip64 record reaches");
    assert_refused_end((zip_end) { .zip64 = true, .zip64_length = ZIP_LIE(45) }, "no zip64 record reaches");
    assert_refused_end((zip_end) { .zip64 = true, .zip64_length = ZIP_LIE(UINT64_MAX) }, "no zip64 record reaches");
    assert_refused_end((zip_end) { .zip64 = true, .zip64_disk = ZIP_LIE(1) }, "several files");
    assert_refused_end((zip_end) { .zip64 = true, .zip64_count = ZIP_LIE(UINT64_MAX) },
                       "18446744073709551615 entries of the archive");
    assert_refused_end((zip_end) { .zip64 = true, .zip64_count = ZIP_LIE(QL_LIMIT_ZIP_ENTRIES) }, "do not fit into");
    assert_refused_end((zip_end) { .zip64 = true, .zip64_count = ZIP_LIE(QL_LIMIT_ZIP_ENTRIES + 1) }, "limit of 1000000");
    assert_refused_end((zip_end) { .zip64 = true, .zip64_offset = ZIP_LIE(UINT64_MAX - 15) }, "does not end where");
    assert_refused_end((zip_end) { .zip64 = true, .zip64_size = ZIP_LIE(UINT64_MAX) }, "does not end where");
    assert_refused_end((zip_end) { .zip64 = true, .count = ZIP_LIE(1) }, "do not say the same");
    assert_refused_end((zip_end) { .zip64 = true, .size = ZIP_LIE(46) }, "do not say the same");
    assert_refused_end((zip_end) { .zip64 = true, .offset = ZIP_LIE(0) }, "do not say the same");
    assert_refused_end((zip_end) { .zip64 = true, .before = "hidden", .before_size = 6 }, "does not end where");
}

static void every_lie_of_a_record_is_refused(void **state)
{
    (void)state;
    static const uint8_t short_field[] = { 1, 0, 4, 0, 7, 0, 0, 0 };
    static const uint8_t huge_field[] = { 1,   0,   16,  0,   255, 255, 255, 255, 255, 255,
                                          255, 255, 255, 255, 255, 255, 255, 255, 255, 255 };
    static const uint8_t long_field[] = { 1, 0, 255, 255 };
    const zip_lie marker = ZIP_LIE(UINT32_MAX);
    assert_refused((zip_entry) { .magic = ZIP_LIE(0x02014b51) }, NULL, "no record of entry 1");
    assert_refused((zip_entry) { .extra_size_as = ZIP_LIE(9) }, NULL, "the directory ends inside entry 1");
    assert_refused((zip_entry) { .flags = ZIP_LIE(1) }, NULL, "entry 'lying': is encrypted");
    assert_refused((zip_entry) { .flags = ZIP_LIE(1 << 6 | 1) }, NULL, "is encrypted");
    assert_refused((zip_entry) { .method = ZIP_LIE(14) }, NULL, "14 (LZMA)");
    assert_refused((zip_entry) { .method = ZIP_LIE(77) }, NULL, "77 (unknown)");
    assert_refused((zip_entry) { .disk = ZIP_LIE(2) }, NULL, "part 2");
    assert_refused((zip_entry) { .size_as = ZIP_LIE(TEXT * 1000) }, NULL, "has two sizes");
    assert_refused((zip_entry) { .deflate = true, .size_as = ZIP_LIE(1 << 30) }, NULL, "at most 1032");
    assert_refused((zip_entry) { .size_as = ZIP_LIE(1 << 30), .packed_as = ZIP_LIE(1 << 30) }, NULL,
                   "reach into the directory");
    assert_refused((zip_entry) { .size_as = ZIP_LIE(TEXT + 1), .packed_as = ZIP_LIE(TEXT + 1) }, NULL,
                   "reach into the directory");
    assert_refused((zip_entry) { .size_as = ZIP_LIE(TEXT - 1), .packed_as = ZIP_LIE(TEXT - 1) }, NULL,
                   "1 bytes before the directory");
    assert_refused((zip_entry) { .offset = ZIP_LIE(0x7fffffff) }, NULL, "is not before the directory");
    assert_refused((zip_entry) { .offset = ZIP_LIE(20) }, NULL, "begins inside another entry");
    assert_refused((zip_entry) { .offset = ZIP_LIE(0) }, NULL, "begins inside another entry");
    assert_refused((zip_entry) { .offset = ZIP_LIE(130) }, NULL, "bytes before this one belong to no entry");
    assert_refused((zip_entry) { .size_as = marker, .packed_as = marker }, NULL, "its zip64 field is missing or too short");
    assert_refused((zip_entry) { .size_as = marker, .packed_as = marker, .extra = short_field, .extra_size = 8 }, NULL,
                   "too short");
    assert_refused((zip_entry) { .size_as = marker, .packed_as = marker, .extra = long_field, .extra_size = 4 }, NULL,
                   "too short");
    assert_refused((zip_entry) { .size_as = marker, .packed_as = marker, .extra = huge_field, .extra_size = 20 }, NULL,
                   "18446744073709551615 bytes of data reach into the directory");
    assert_refused((zip_entry) { .name = "nul\0nul", .name_size = 7 }, NULL,
                   "entry 'nul\\x00nul': its name contains a NUL byte");
    assert_refused((zip_entry) { .name = "good" }, NULL, "two entries are named 'good'");
}

static void every_lie_of_a_local_header_is_refused(void **state)
{
    (void)state;
    const zip_lie marker = ZIP_LIE(UINT32_MAX);
    assert_refused((zip_entry) { .local_magic = ZIP_LIE(0x04034b51) }, NULL, "no local header is where");
    assert_refused((zip_entry) { .local_name = "other" }, NULL, "has another name");
    assert_refused((zip_entry) { .local_name = "lyin" }, NULL, "has another name");
    assert_refused((zip_entry) { .local_flags = ZIP_LIE(1) }, NULL, "says that it is encrypted");
    assert_refused((zip_entry) { .local_method = ZIP_LIE(8) }, NULL, "another method");
    assert_refused((zip_entry) { .local_crc = ZIP_LIE(7) }, NULL, "another CRC-32");
    assert_refused((zip_entry) { .local_packed_as = ZIP_LIE(5) }, NULL, "other sizes");
    assert_refused((zip_entry) { .local_size_as = ZIP_LIE(5) }, NULL, "other sizes");
    assert_refused((zip_entry) { .local_size_as = ZIP_LIE(0), .local_packed_as = ZIP_LIE(0) }, NULL, "other sizes");
    assert_refused((zip_entry) { .descriptor = true, .local_packed_as = ZIP_LIE(5) }, NULL, "other sizes");
    assert_refused((zip_entry) { .local_size_as = marker, .local_packed_as = marker }, NULL, "lacks the zip64 field");
    assert_refused((zip_entry) { .local_extra_size_as = ZIP_LIE(60000) }, NULL, "reach into the directory");
    assert_refused((zip_entry) { .local_extra_size_as = ZIP_LIE(1) }, NULL, "reach into the directory");
}

/* One entry in the file, listed many times. */
static void entries_over_the_same_bytes_are_refused(void **state)
{
    (void)state;
    zip_writer writer = { 0 };
    zip_add(&writer, &(zip_entry) { .name = "00000", .data = text, .size = TEXT });
    const size_t record = writer.directory.size;
    for (int i = 1; i < 200; i++) {
        char copy[100], name[16];
        memcpy(copy, writer.directory.data, record);
        snprintf(name, sizeof name, "%05d", i);
        memcpy(copy + 46, name, 5);
        zip_put(&writer.directory, copy, record);
        writer.count++;
    }
    zip_finish(&writer, NULL);
    assert_refused_bytes(writer.file.data, writer.file.size, "begins inside another entry");
    zip_free(&writer);
}

static void bytes_before_an_archive_are_refused(void **state)
{
    (void)state;
    zip_writer writer = { 0 };
    zip_put(&writer.file, "hidden", 6); /* the offsets count them */
    zip_add(&writer, &(zip_entry) { .name = "a", .data = text, .size = TEXT });
    zip_finish(&writer, NULL);
    assert_refused_bytes(writer.file.data, writer.file.size, "6 bytes before this one belong to no entry");
    assert_refused_bytes(writer.file.data + 1, writer.file.size - 1, "does not end where"); /* they do not count them */
    zip_free(&writer);
}

static void an_archive_that_is_cut_anywhere_is_refused(void **state)
{
    (void)state;
    zip_writer writer = { 0 };
    zip_add(&writer, &(zip_entry) { .name = "a", .data = text, .size = TEXT, .zip64 = true });
    zip_add(&writer, &(zip_entry) { .name = "b", .data = text, .size = TEXT, .deflate = true });
    zip_finish(&writer, &(zip_end) { .zip64 = true, .comment = text, .comment_size = TEXT });
    for (size_t size = 0; size < writer.file.size; size++) {
        uint8_t *cut = malloc(size + 1);
        assert_non_null(cut);
        memcpy(cut, writer.file.data, size);
        assert_refused_bytes(cut, size, "no end record");
        free(cut);
    }
    zip_free(&writer);
}

/* No damage of a byte makes the reader do worse than refuse. */
static void an_archive_with_any_byte_changed_is_read_or_refused(void **state)
{
    (void)state;
    zip_writer writer = { 0 };
    zip_add(&writer, &(zip_entry) { .name = "a", .data = text, .size = TEXT, .zip64 = true, .descriptor = true });
    zip_add(&writer, &(zip_entry) { .name = "b", .data = text, .size = TEXT, .deflate = true });
    zip_finish(&writer, &(zip_end) { .zip64 = true });
    static const uint8_t changes[] = { 1, 0x80, 0xff };
    for (size_t i = 0; i < 3 * writer.file.size; i++) {
        writer.file.data[i / 3] ^= changes[i % 3];
        ql_source *source;
        ql_zip zip;
        ql_error error = { 0 };
        assert_int_equal(ql_source_from_memory("a.zip", writer.file.data, writer.file.size, &source, &error), QL_OK);
        ql_status status = ql_zip_read(&zip, source, &error);
        assert_true(status == QL_OK || (status == QL_BAD_FILE && error.message[0]));
        for (size_t e = 0; status == QL_OK && e < zip.count; e++) {
            ql_source *content = NULL;
            uint8_t bytes[TEXT];
            assert_int_equal(ql_zip_entry_open(source, &zip.entries[e], true, &content, &error), QL_OK);
            const size_t size = ql_source_size(content) < TEXT ? (size_t)ql_source_size(content) : TEXT;
            const uint8_t *there = ql_source_view(content, 0, size, bytes, &error);
            assert_true(!there || memcmp(there, text, size) == 0);
            ql_source_free(&content);
        }
        ql_zip_free(&zip);
        ql_source_free(&source);
        writer.file.data[i / 3] ^= changes[i % 3];
    }
    zip_free(&writer);
}

/* ---- Contents -------------------------------------------------------------------------------------------------- */

/* Archive of one entry and the source over its content. */
typedef struct content {
    zip_writer writer;
    archive archive;
    ql_source *source;
} content;

static content open_content(zip_entry entry, bool check_crc)
{
    content c = { 0 };
    ql_error error = { 0 };
    entry.name = "c";
    zip_add(&c.writer, &entry);
    zip_finish(&c.writer, NULL);
    c.archive = open_archive(&c.writer);
    if (ql_zip_entry_open(c.archive.source, c.archive.zip.entries, check_crc, &c.source, &error) != QL_OK)
        fail_msg("%s", error.message);
    return c;
}

static void close_content(content *c)
{
    ql_source_free(&c->source);
    close_archive(&c->archive);
    zip_free(&c->writer);
}

/* Nothing of the content can be had whole, and the reason has these words. */
static void assert_content_refused(zip_entry entry, const char *words)
{
    content c = open_content(entry, true);
    ql_error error = { 0 };
    const size_t size = (size_t)ql_source_size(c.source);
    void *buffer = malloc(size + 1);
    for (int twice = 0; twice < 2; twice++) {
        assert_null(ql_source_view(c.source, 0, size, buffer, &error));
        assert_int_equal(error.status, QL_BAD_FILE);
        assert_null(ql_source_fetch(c.source, 0, size, buffer, &error));
        if (!strstr(error.message, words) || strncmp(error.message, "a.zip: entry 'c': ", 18) != 0)
            fail_msg("'%s' does not say '%s'", error.message, words);
    }
    free(buffer);
    close_content(&c);
}

/* Sizes around those of a span, and less than everything. */
static const size_t sizes[] = { 1, 100, 5000, QL_SPAN - 1, QL_SPAN, QL_SPAN + 1, 3 * QL_SPAN + 12345 };

enum { SIZES = sizeof sizes / sizeof *sizes };

static void contents_are_the_same_at_any_place(void **state)
{
    (void)state;
    uint8_t *bytes = make_bytes(sizes[SIZES - 1]), *buffer = malloc(sizes[SIZES - 1]);
    assert_non_null(buffer);
    for (size_t s = 0; s < 2 * SIZES; s++) {
        const size_t size = sizes[s / 2];
        content c = open_content((zip_entry) { .data = bytes, .size = size, .deflate = s % 2 }, true);
        assert_int_equal(ql_source_size(c.source), size);
        uint32_t seed = 7;
        for (int i = 0; i < 40; i++) {
            seed = seed * 1664525 + 1013904223;
            const size_t at = i == 0 ? size : i == 1 ? 0 : seed % size, left = size - at;
            const size_t part = i == 1 ? size : i % 7 == 0 ? left : left < 20000 ? left : 20000;
            ql_error error;
            const void *found = (i % 2 ? ql_source_view : ql_source_fetch)(c.source, at, part, buffer, &error);
            if (!found)
                fail_msg("%s", error.message);
            assert_true(part == 0 || memcmp(found, bytes + at, part) == 0);
        }
        close_content(&c);
    }
    free(bytes);
    free(buffer);
}

static void a_source_of_an_entry_is_named_after_the_archive(void **state)
{
    (void)state;
    content c = open_content((zip_entry) { .data = text, .size = TEXT }, true);
    ql_error error = { 0 };
    uint8_t buffer[TEXT];
    assert_string_equal(ql_source_path(c.source), "a.zip");
    assert_string_equal(ql_source_shown(c.source), "a.zip");
    assert_null(ql_source_view(c.source, 1, TEXT, buffer, &error));
    assert_int_equal(error.status, QL_BAD_FILE);
    assert_int_equal(ql_source_check(c.source, &error), QL_OK);
    /* In memory, stored: no copy. */
    assert_ptr_equal(ql_source_view(c.source, 3, 5, buffer, &error), c.writer.file.data + c.archive.zip.entries->offset + 3);
    assert_ptr_equal(ql_source_in_memory(c.source, 3, 5), c.writer.file.data + c.archive.zip.entries->offset + 3);
    assert_null(ql_source_in_memory(c.source, 3, TEXT));
    close_content(&c);
}

typedef struct reading {
    pthread_t thread;
    const ql_source *source;
    const uint8_t *bytes;
    size_t first, step; /* tiles */
    bool wrong;
} reading;

enum { TILE = 16384, THREADS = 8 };

static void *read_tiles(void *context)
{
    reading *r = context;
    const size_t size = (size_t)ql_source_size(r->source);
    uint8_t buffer[TILE];
    ql_error error;
    for (size_t at = r->first * TILE; at < size; at += r->step * TILE) {
        const size_t part = size - at < TILE ? size - at : TILE;
        const void *found = ql_source_view(r->source, at, part, buffer, &error);
        r->wrong |= !found || memcmp(found, r->bytes + at, part) != 0;
    }
    return NULL;
}

static void many_threads_read_a_content_at_once(void **state)
{
    (void)state;
    const size_t size = 11 * QL_SPAN + 4321; /* more than are kept */
    uint8_t *bytes = make_bytes(size);
    for (int deflate = 0; deflate < 2; deflate++) {
        content c = open_content((zip_entry) { .data = bytes, .size = size, .deflate = deflate }, true);
        reading readings[THREADS];
        for (size_t i = 0; i < THREADS; i++) {
            readings[i] = (reading) { .source = c.source, .bytes = bytes, .first = i, .step = THREADS };
            assert_int_equal(pthread_create(&readings[i].thread, NULL, read_tiles, &readings[i]), 0);
        }
        for (size_t i = 0; i < THREADS; i++) {
            assert_int_equal(pthread_join(readings[i].thread, NULL), 0);
            assert_false(readings[i].wrong);
        }
        close_content(&c);
    }
    free(bytes);
}

static void streams_that_are_not_what_they_say_are_refused(void **state)
{
    (void)state;
    for (size_t s = 1; s < SIZES; s += 3) { /* in one span, at its end, in several */
        const size_t size = sizes[s];
        uint8_t *bytes = make_bytes(size + 1000);
        size_t packed_size;
        uint8_t *packed = zip_deflate(bytes, size, 9, &packed_size);
        packed = realloc(packed, packed_size + 1);
        packed[packed_size] = 0;
        const zip_entry good = {
            .data = bytes, .size = size, .deflate = true, .packed = packed, .packed_size = packed_size
        };
        zip_entry bad = good;
        bad.packed_size = packed_size - 6;
        assert_content_refused(bad, "are cut short");
        bad = good;
        bad.size = size - 1;
        assert_content_refused(bad, "give more than the size");
        bad = good;
        bad.size = size + 100;
        assert_content_refused(bad, "give less than the size");
        bad = good;
        bad.packed_size = packed_size + 1;
        assert_content_refused(bad, "go on after their end");
        bad = good;
        bad.crc = ZIP_LIE(0x12345678);
        assert_content_refused(bad, "the directory of the archive says 12345678");
        free(bytes);
        free(packed);
    }
    assert_content_refused(
        (zip_entry) { .data = text, .size = TEXT, .deflate = true, .packed = "\xff\xff\xff\xff garbage", .packed_size = 12 },
        "no deflate stream");
}

/* Blocks without content, without end. */
static void empty_blocks_are_read_no_further_than_they_go(void **state)
{
    (void)state;
    enum { BLOCKS = 100000 };
    uint8_t *packed = malloc(5 * BLOCKS);
    assert_non_null(packed);
    for (size_t i = 0; i < BLOCKS; i++)
        memcpy(packed + 5 * i, "\0\0\0\xff\xff", 5);
    assert_content_refused(
        (zip_entry) { .data = text, .size = TEXT, .deflate = true, .packed = packed, .packed_size = 5 * BLOCKS },
        "are cut short");
    free(packed);
}

static void a_wrong_crc_is_told_unless_nobody_asks(void **state)
{
    (void)state;
    for (size_t s = 0; s < SIZES; s++) {
        const size_t size = sizes[s];
        uint8_t *bytes = make_bytes(size), *buffer = malloc(size);
        assert_non_null(buffer);
        const zip_entry bad = { .data = bytes, .size = size, .crc = ZIP_LIE(0x12345678) };
        assert_content_refused(bad, "the directory of the archive says 12345678");
        content c = open_content(bad, false);
        ql_error error;
        const void *found = ql_source_view(c.source, 0, size, buffer, &error);
        assert_non_null(found);
        assert_memory_equal(found, bytes, size);
        close_content(&c);
        free(bytes);
        free(buffer);
    }
}

static void a_look_at_the_beginning_reads_no_more(void **state)
{
    (void)state;
    const size_t size = 3 * QL_SPAN;
    uint8_t *bytes = make_bytes(size), buffer[200];
    for (int deflate = 0; deflate < 2; deflate++) {
        content c = open_content((zip_entry) { .data = bytes, .size = size, .deflate = deflate, .crc = ZIP_LIE(1) }, true);
        ql_error error;
        const uint64_t before = ql_source_bytes_read(c.archive.source);
        const void *found = ql_source_fetch(c.source, 5, 100, buffer, &error);
        assert_non_null(found);
        assert_memory_equal(found, bytes + 5, 100);
        assert_in_range(ql_source_bytes_read(c.archive.source) - before, 100, 1024);
        close_content(&c);
    }
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_listed_with_the_place_of_their_data),
        cmocka_unit_test(an_archive_may_be_empty),
        cmocka_unit_test(entries_may_be_listed_in_any_order),
        cmocka_unit_test(a_hundred_thousand_entries_are_read_and_found),
        cmocka_unit_test(every_lie_of_the_end_is_refused),
        cmocka_unit_test(every_lie_of_the_zip64_records_is_refused),
        cmocka_unit_test(every_lie_of_a_record_is_refused),
        cmocka_unit_test(every_lie_of_a_local_header_is_refused),
        cmocka_unit_test(entries_over_the_same_bytes_are_refused),
        cmocka_unit_test(bytes_before_an_archive_are_refused),
        cmocka_unit_test(an_archive_that_is_cut_anywhere_is_refused),
        cmocka_unit_test(an_archive_with_any_byte_changed_is_read_or_refused),
        cmocka_unit_test(contents_are_the_same_at_any_place),
        cmocka_unit_test(a_source_of_an_entry_is_named_after_the_archive),
        cmocka_unit_test(many_threads_read_a_content_at_once),
        cmocka_unit_test(streams_that_are_not_what_they_say_are_refused),
        cmocka_unit_test(empty_blocks_are_read_no_further_than_they_go),
        cmocka_unit_test(a_wrong_crc_is_told_unless_nobody_asks),
        cmocka_unit_test(a_look_at_the_beginning_reads_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
