/*
 * NumPy's .npy, versions 1.0, 2.0 and 3.0: one array.
 *
 *   | 93 'NUMPY' | u8 major | u8 minor | u16 (1.0) or u32 (2.0, 3.0) HL | HL bytes of header | data |
 *
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html. Bytes after the data are ignored, as NumPy does.
 * The array is named after the file. What the header may say is in npy_header.c.
 */
#include "base/cursor.h"
#include "base/error.h"
#include "formats/formats.h"
#include "formats/limits.h"
#include "formats/npy_header.h"
#include "tensor/strided.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t magic[] = { 0x93, 'N', 'U', 'M', 'P', 'Y' };

enum { PREFIX = 12 }; /* magic, version and the longer of the two forms of HL */

/* Finds the header: where its text begins and how long it is. */
static ql_status find_header(const ql_source *source, size_t *begin, size_t *size, ql_error *error)
{
    const char *shown = ql_source_shown(source);
    uint8_t prefix[PREFIX];
    size_t there = ql_source_size(source) < PREFIX ? (size_t)ql_source_size(source) : PREFIX;
    const void *bytes = ql_source_fetch(source, 0, there, prefix, error);
    if (!bytes)
        return QL_BAD_FILE;
    ql_cursor cursor = ql_cursor_over(bytes, there);
    const uint8_t *mark = ql_cursor_take(&cursor, sizeof magic);
    if (mark && memcmp(mark, magic, sizeof magic) != 0) {
        return ql_fail(
            error, QL_BAD_FILE,
            "%s: does not begin with \\x93NUMPY (byte 0), so it is no .npy file; save the array again with numpy.save",
            shown);
    }
    unsigned major = ql_cursor_u8(&cursor), minor = ql_cursor_u8(&cursor);
    if (!cursor.failed && (major < 1 || major > 3 || minor != 0)) {
        return ql_fail(
            error, QL_BAD_FILE,
            "%s: version %u.%u of the .npy format (byte 6) is not known, only 1.0, 2.0 and 3.0 are; save the array "
            "again with numpy.save",
            shown, major, minor);
    }
    uint32_t length = major == 1 ? ql_cursor_u16(&cursor) : ql_cursor_u32(&cursor);
    if (cursor.failed) {
        return ql_fail(error, QL_BAD_FILE,
                       "%s: %" PRIu64 " bytes are too few for an .npy file; it is cut short, fetch or save it again", shown,
                       ql_source_size(source));
    }
    if (length > QL_LIMIT_NPY_HEADER) {
        return ql_fail(error, QL_BAD_FILE,
                       "%s: a header of %" PRIu32
                       " bytes (byte 8) is over the limit of %d; the file is damaged, fetch or save it "
                       "again",
                       shown, length, QL_LIMIT_NPY_HEADER);
    }
    if (length > ql_source_size(source) - cursor.at) {
        return ql_fail(error, QL_BAD_FILE,
                       "%s: the file ends inside its header (%" PRIu32 " bytes from byte %zu on, of which %" PRIu64
                       " are there); it is cut short, fetch or save it again",
                       shown, length, cursor.at, ql_source_size(source) - cursor.at);
    }
    *begin = cursor.at;
    *size = length;
    return QL_OK;
}

/* Fortran order: the first axis is fastest in the file. */
static ql_status set_column_major(ql_storage *storage, const ql_npy_header *header, ql_error *error)
{
    uint64_t strides[QL_MAX_RANK], stride = 1;
    for (unsigned axis = 0; axis < header->rank; axis++) {
        strides[axis] = stride;
        stride *= header->shape[axis]; /* the header was read with checks */
    }
    if (header->element_count == 0 || ql_strided_is_plain(header->shape, strides, header->rank))
        return QL_OK;
    return ql_strided_new(strides, header->rank, &storage->strided, error);
}

static ql_status fill(ql_model *model, const ql_npy_header *header, uint64_t offset, ql_error *error)
{
    uint64_t there = ql_source_size(model->source) - offset;
    if (header->byte_count > there) {
        return ql_fail(error, QL_BAD_FILE,
                       "%s: the file ends inside its data (%" PRIu64 " bytes from byte %" PRIu64 " on, of which %" PRIu64
                       " are there); it is cut short, fetch or save it again",
                       ql_source_shown(model->source), header->byte_count, offset, there);
    }
    ql_status status = ql_model_allocate(model, 1, header->rank, error);
    if (status != QL_OK)
        return status;
    memcpy(model->shapes, header->shape, header->rank * sizeof *header->shape);
    *model->storages = (ql_storage) {
        .source = model->source,
        .offset = offset,
        .big_endian = header->big_endian,
    };
    *model->tensors = (ql_tensor) {
        .name = ql_path_stem(ql_source_path(model->source)),
        .dtype = header->dtype,
        .rank = header->rank,
        .shape = model->shapes,
        .element_count = header->element_count,
        .byte_count = header->byte_count,
        .offset = offset,
        .storage = model->storages,
    };
    model->tensor_count = 1;
    return header->column_major ? set_column_major(model->storages, header, error) : QL_OK;
}

static ql_status read_model(ql_model *model, ql_error *error)
{
    size_t begin = 0, size = 0;
    ql_status status = find_header(model->source, &begin, &size, error);
    if (status != QL_OK)
        return status;
    char *text = malloc(size + 1);
    if (!text)
        return ql_fail_memory(error, size + 1);
    ql_npy_header header;
    const void *bytes = ql_source_fetch(model->source, begin, size, text, error);
    status = bytes ? ql_npy_header_read(&header, ql_source_shown(model->source), bytes, size, begin, error) : QL_BAD_FILE;
    free(text);
    return status == QL_OK ? fill(model, &header, begin + size, error) : status;
}

static bool recognise(const ql_source *source, const uint8_t *head, size_t head_size)
{
    (void)source;
    return head_size >= sizeof magic && memcmp(head, magic, sizeof magic) == 0;
}

const ql_format ql_format_npy = {
    .info = { .name = "npy", .extensions = ".npy", .meaning = "one NumPy array" },
    .recognise = recognise,
    .read = read_model,
};
