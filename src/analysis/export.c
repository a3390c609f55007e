/*
 * Codes, scales, zero points and dequantized values as .npy files (NumPy format 1.0).
 *
 *   | 93 'NUMPY' | 1 0 | u16 header size | {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), } spaces \n | data
 */
#include "analysis/describe.h"
#include "base/error.h"
#include "kernels/kernels.h"
#include "quant/scheme.h"
#include "tensor/tensor.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "values are written as they are in memory");

enum { HEADER_SIZE = 64 * 30 }; /* room for 64 dimensions of 20 digits */

static ql_status write_header(ql_outfile *file, const char *descr, const uint64_t *shape, unsigned rank, ql_error *error)
{
    char header[HEADER_SIZE];
    size_t used = 10;
    used +=
        (size_t)snprintf(header + used, sizeof header - used, "{'descr': '%s', 'fortran_order': False, 'shape': (", descr);
    for (unsigned axis = 0; axis < rank; axis++) {
        used += (size_t)snprintf(header + used, sizeof header - used, "%s%" PRIu64 "%s", axis ? " " : "", shape[axis],
                                 axis + 1 < rank || rank == 1 ? "," : "");
    }
    used += (size_t)snprintf(header + used, sizeof header - used, "), }");
    size_t total = (used + 1 + 63) / 64 * 64;
    memset(header + used, ' ', total - used);
    header[total - 1] = '\n';
    memcpy(header, "\x93NUMPY\x01\x00", 8);
    header[8] = (char)((total - 10) & 255);
    header[9] = (char)((total - 10) >> 8);
    return ql_outfile_write(file, header, total, error);
}

enum { CODES, DEQUANT, FIRST_ARRAY, MAX_FILES = 12 };

/* One file that an export may have. Arrays without data are not part of this one; codes and values are written tile by tile.
 */
typedef struct part {
    const char *name, *descr;
    unsigned rank;
    uint64_t shape[2]; /* of arrays */
    const void *data;
    size_t element_size;
    ql_outfile *file;
} part;

/* All files that an export of the report may have. */
static void list_parts(const ql_report *r, part parts[MAX_FILES])
{
    const uint64_t groups = r->group_count, levels = r->levels;
    const bool split = r->spec.outliers > 0; /* then there may be none all the same */
    const bool wide = r->code_hi > 255, is_unsigned = r->code_hi > 127;
    const part all[MAX_FILES] = {
        [CODES] = { "codes.npy",
                    wide          ? "<u2"
                    : is_unsigned ? "|u1"
                                  : "|i1",
                    .element_size = r->levels == 0 ? 0
                                    : wide         ? 2
                                                   : 1 },
        [DEQUANT] = { "dequant.npy", "<f4", .element_size = 4 },
        { "scales.npy", "<f4", 1, { groups }, r->scales, 4, NULL },
        { "zeros.npy", "<i4", 1, { groups }, r->zeros, 4, NULL },
        { "codebook.npy", "<f4", 2, { groups, levels }, r->codebook, 4, NULL },
        { "edges.npy", "<f8", 2, { groups, levels + 1 }, r->edges, 8, NULL },
        { "scale_codes.npy", "|u1", 1, { groups }, r->scale_codes, 1, NULL },
        { "block_maxima.npy", "<f4", 1, { groups }, r->block_maxima, 4, NULL },
        { "second_scales.npy", "<f4", 1, { r->second_count }, r->second_scales, 4, NULL },
        { "tensor_scale.npy", "<f4", 1, { 1 }, r->scale_codes ? &r->tensor_scale : NULL, 4, NULL },
        { "outlier_index.npy",
          "<u8",
          1,
          { r->outlier_count },
          split ? (r->outlier_index ? (const void *)r->outlier_index : "") : NULL,
          8,
          NULL },
        { "outlier_value.npy",
          "<f2",
          1,
          { r->outlier_count },
          split ? (r->outlier_value ? (const void *)r->outlier_value : "") : NULL,
          2,
          NULL },
    };
    memcpy(parts, all, sizeof all);
}

/* A mapping without codes of its own (none) has no file of them. */
static bool is_present(const part *parts, int i)
{
    return i == DEQUANT || (i == CODES ? parts[i].element_size > 0 : parts[i].data != NULL);
}

static char *path_of(const char *directory, const char *name, ql_error *error)
{
    const size_t size = strlen(directory) + strlen(name) + 2;
    char *path = malloc(size);
    if (path) {
        snprintf(path, size, "%s/%s", directory, name);
    } else {
        ql_fail_memory(error, size);
    }
    return path;
}

static ql_status open_parts(const char *directory, bool *made, part *parts, ql_error *error)
{
    char shown[256];
    ql_text_print(shown, sizeof shown, ql_text_from(directory), 100);
    *made = mkdir(directory, 0777) == 0;
    if (!*made && errno != EEXIST) {
        return ql_fail(error, QL_BAD_WRITE, "%s: the folder cannot be made (%s); choose another with -o", shown,
                       strerror(errno));
    }
    for (int i = 0; i < MAX_FILES; i++) {
        if (!is_present(parts, i)) {
            continue;
        }
        char *path = path_of(directory, parts[i].name, error);
        if (!path) {
            return QL_NO_MEMORY;
        }
        ql_status status = ql_outfile_open(path, &parts[i].file, error);
        free(path);
        if (status != QL_OK) {
            return status;
        }
    }
    return QL_OK;
}

static ql_status write_tile(part *parts, ql_tile_buffers *tile, size_t n, ql_error *error)
{
    uint8_t narrow[QL_TILE];
    const void *codes = tile->codes;
    if (parts[CODES].element_size == 1) {
        for (size_t i = 0; i < n; i++) {
            narrow[i] = (uint8_t)tile->codes[i];
        }
        codes = narrow;
    }
    ql_status status =
        is_present(parts, CODES) ? ql_outfile_write(parts[CODES].file, codes, n * parts[CODES].element_size, error) : QL_OK;
    return status == QL_OK ? ql_outfile_write(parts[DEQUANT].file, tile->y, n * sizeof *tile->y, error) : status;
}

static ql_status write_values(const ql_quantizer *quantizer, const ql_tensor *tensor, const ql_monitor *monitor,
                              uint64_t done_before, part *parts, ql_tile_buffers *tile, ql_error *error)
{
    for (uint64_t begin = 0; begin < tensor->element_count; begin += QL_TILE) {
        const uint64_t left = tensor->element_count - begin;
        const size_t n = left < QL_TILE ? (size_t)left : QL_TILE;
        uint64_t clipped = 0;
        ql_status status = ql_quantize_tile(quantizer, ql_kernels_active(), tensor, begin, n, tile, &clipped, error);
        if (status == QL_OK) {
            status = write_tile(parts, tile, n, error);
        }
        if (status != QL_OK) {
            return status;
        }
        if (monitor && monitor->tick &&
            !monitor->tick(monitor->context, done_before + begin + n, done_before + tensor->element_count)) {
            return ql_fail(error, QL_CANCELLED, "cancelled");
        }
    }
    return QL_OK;
}

static ql_status write_arrays(part *parts, ql_error *error)
{
    for (int i = FIRST_ARRAY; i < MAX_FILES; i++) {
        if (!is_present(parts, i)) {
            continue;
        }
        ql_status status = write_header(parts[i].file, parts[i].descr, parts[i].shape, parts[i].rank, error);
        if (status == QL_OK) {
            const uint64_t elements = parts[i].shape[0] * (parts[i].rank > 1 ? parts[i].shape[1] : 1);
            status = ql_outfile_write(parts[i].file, parts[i].data, (size_t)elements * parts[i].element_size, error);
        }
        if (status != QL_OK) {
            return status;
        }
    }
    return QL_OK;
}

/* Files of an earlier export into the same folder that this one does not have would be taken for its own. */
static void remove_others(const char *directory, const part *parts)
{
    for (int i = 0; i < MAX_FILES; i++) {
        char *path = is_present(parts, i) ? NULL : path_of(directory, parts[i].name, NULL);
        if (path) {
            unlink(path);
            free(path);
        }
    }
}

ql_status ql_report_write_npy(ql_engine *engine, const ql_profile *profile, const ql_report *report,
                              const ql_monitor *monitor, const char *directory, ql_error *error)
{
    const ql_tensor *tensor = profile->tensor;
    if (report->sampled) {
        return ql_check_exact(report, error);
    }
    const uint64_t before = ql_quantizer_elements(profile, &report->spec);
    part parts[MAX_FILES];
    list_parts(report, parts);
    ql_quantizer quantizer = { 0 };
    ql_tile_buffers *tile = malloc(sizeof *tile);
    bool made = false;
    ql_status status = tile ? ql_source_check(tensor->storage->source, error) : ql_fail_memory(error, sizeof *tile);
    if (status == QL_OK) { /* the parameters are found again: a report does not keep all that encoding needs */
        status =
            ql_quantizer_make(engine, profile, &report->spec, monitor, before + tensor->element_count, &quantizer, error);
    }
    if (status == QL_OK) {
        status = open_parts(directory, &made, parts, error);
    }
    for (int i = 0; i < FIRST_ARRAY && status == QL_OK; i++) {
        status =
            is_present(parts, i) ? write_header(parts[i].file, parts[i].descr, tensor->shape, tensor->rank, error) : QL_OK;
    }
    if (status == QL_OK) {
        status = write_values(&quantizer, tensor, monitor, before, parts, tile, error);
    }
    if (status == QL_OK) {
        status = write_arrays(parts, error);
    }
    status = ql_source_check_after(tensor->storage->source, status, error);
    for (int i = 0; i < MAX_FILES && status == QL_OK; i++) {
        status = parts[i].file ? ql_outfile_finish(parts[i].file, error) : QL_OK;
    }
    for (int i = 0; i < MAX_FILES; i++) {
        if (parts[i].file && status == QL_OK) {
            status = ql_outfile_commit(&parts[i].file, error);
        }
        ql_outfile_discard(&parts[i].file);
    }
    if (status == QL_OK) {
        remove_others(directory, parts);
    } else if (made) {
        rmdir(directory);
    }
    ql_quantizer_free(&quantizer);
    free(tile);
    return status;
}
