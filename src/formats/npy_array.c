/*
 * NumPy's .npy, versions 1.0, 2.0 and 3.0: one array.
 *
 *   | 93 'NUMPY' | u8 major | u8 minor | u16 (1.0) or u32 (2.0, 3.0) HL | HL bytes of header | data |
 *
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html. Bytes after the data are ignored, as NumPy does.
 * What the header may say is in npy_header.c.
 */
#include "formats/npy_array.h"

#include "base/cursor.h"
#include "base/error.h"
#include "formats/limits.h"
#include "tensor/strided.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t magic[] = { 0x93, 'N', 'U', 'M', 'P', 'Y' };

enum { HEAD_SIZE = 128 }; /* most headers end there */

bool ql_npy_recognise(const uint8_t *head, size_t head_size)
{
    return head_size >= sizeof magic && memcmp(head, magic, sizeof magic) == 0;
}

/* Finds the header: where its text begins and how long it is. */
static ql_status find_header(const ql_npy_place *place, const uint8_t *head, size_t head_size, size_t *begin, size_t *size,
                             ql_error *error)
{
    const uint64_t file_size = ql_source_size(place->source);
    ql_cursor cursor = ql_cursor_over(head, head_size);
    const uint8_t *mark = ql_cursor_take(&cursor, sizeof magic);
    if (mark && memcmp(mark, magic, sizeof magic) != 0) {
        return ql_npy_refuse(
            place, error,
            "does not begin with \\x93NUMPY (byte 0), so it is no .npy file; save the array again with numpy.save");
    }
    unsigned major = ql_cursor_u8(&cursor), minor = ql_cursor_u8(&cursor);
    if (!cursor.failed && (major < 1 || major > 3 || minor != 0)) {
        return ql_npy_refuse(place, error,
                             "version %u.%u of the .npy format (byte 6) is not known, only 1.0, 2.0 and 3.0 are; save the "
                             "array again with numpy.save",
                             major, minor);
    }
    uint32_t length = major == 1 ? ql_cursor_u16(&cursor) : ql_cursor_u32(&cursor);
    if (cursor.failed) {
        return ql_npy_refuse(place, error,
                             "%" PRIu64 " bytes are too few for an .npy file; it is cut short, fetch or save it again",
                             file_size);
    }
    if (length > QL_LIMIT_NPY_HEADER) {
        return ql_npy_refuse(place, error,
                             "a header of %" PRIu32
                             " bytes (byte 8) is over the limit of %d; the file is damaged, fetch or save it again",
                             length, QL_LIMIT_NPY_HEADER);
    }
    if (length > file_size - cursor.at) {
        return ql_npy_refuse(place, error,
                             "the %s ends inside its header (%" PRIu32 " bytes from byte %zu on, of which %" PRIu64
                             " are there); it is cut short, fetch or save it again",
                             ql_npy_whole(place), length, cursor.at, file_size - cursor.at);
    }
    *begin = cursor.at;
    *size = length;
    return QL_OK;
}

/* Reads the text of a header that goes on behind what was read first. */
static ql_status read_long_header(ql_npy_header *header, const ql_npy_place *place, size_t begin, size_t size,
                                  ql_error *error)
{
    char *text = malloc(size);
    if (!text)
        return ql_fail_memory(error, size);
    const void *bytes = ql_source_fetch(place->source, begin, size, text, error);
    ql_status status = bytes ? ql_npy_header_read(header, place, bytes, size, begin, error) : ql_error_status(error);
    free(text);
    return status;
}

ql_status ql_npy_array_read(ql_npy_array *array, const ql_npy_place *place, ql_error *error)
{
    uint8_t buffer[HEAD_SIZE];
    const uint64_t file_size = ql_source_size(place->source);
    const size_t there = file_size < HEAD_SIZE ? (size_t)file_size : HEAD_SIZE;
    const uint8_t *head = ql_source_fetch(place->source, 0, there, buffer, error);
    if (!head)
        return ql_error_status(error);
    size_t begin = 0, size = 0;
    ql_npy_header *header = &array->header;
    ql_status status = find_header(place, head, there, &begin, &size, error);
    if (status == QL_OK && begin + size <= there)
        status = ql_npy_header_read(header, place, head + begin, size, begin, error);
    else if (status == QL_OK)
        status = read_long_header(header, place, begin, size, error);
    if (status != QL_OK)
        return status;
    array->data = begin + size;
    if (header->byte_count > file_size - array->data) {
        return ql_npy_refuse(place, error,
                             "the %s ends inside its data (%" PRIu64 " bytes from byte %" PRIu64 " on, of which %" PRIu64
                             " are there); it is cut short, fetch or save it again",
                             ql_npy_whole(place), header->byte_count, array->data, file_size - array->data);
    }
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

ql_status ql_npy_array_fill(const ql_npy_array *array, const ql_source *source, ql_text name, ql_tensor *tensor,
                            ql_storage *storage, ql_error *error)
{
    const ql_npy_header *header = &array->header;
    *storage = (ql_storage) { .source = source, .offset = array->data, .big_endian = header->big_endian };
    *tensor = (ql_tensor) {
        .name = name,
        .dtype = header->dtype,
        .rank = header->rank,
        .element_count = header->element_count,
        .byte_count = header->byte_count,
        .offset = array->data,
        .storage = storage,
    };
    return header->column_major ? set_column_major(storage, header, error) : QL_OK;
}
