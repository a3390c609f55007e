/*
 * Codes, scales, zero points and dequantized values as .npy files (NumPy format 1.0).
 *
 *   | 93 'NUMPY' | 1 0 | u16 header size | {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), } spaces \n | data
 */
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
    used += (size_t)snprintf(header + used, sizeof header - used, "{'descr': '%s', 'fortran_order': False, 'shape': (", descr);
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

/* The files of an export, all open until all are complete. */
enum { CODES, DEQUANT, SCALES, ZEROS, FILE_COUNT };
static const char *const names[FILE_COUNT] = { "codes.npy", "dequant.npy", "scales.npy", "zeros.npy" };

static ql_status open_files(const char *directory, bool with_zeros, bool *made, ql_outfile *files[FILE_COUNT], ql_error *error)
{
    char shown[256];
    ql_text_print(shown, sizeof shown, ql_text_from(directory), 100);
    *made = mkdir(directory, 0777) == 0;
    if (!*made && errno != EEXIST) {
        return ql_fail(error, QL_BAD_WRITE, "%s: the folder cannot be made (%s); choose another with -o", shown, strerror(errno));
    }
    for (int i = 0; i < FILE_COUNT; i++) {
        if (i == ZEROS && !with_zeros) {
            continue;
        }
        size_t size = strlen(directory) + strlen(names[i]) + 2;
        char *path = malloc(size);
        if (!path) {
            return ql_fail_memory(error, size);
        }
        snprintf(path, size, "%s/%s", directory, names[i]);
        ql_status status = ql_outfile_open(path, &files[i], error);
        free(path);
        if (status != QL_OK) {
            return status;
        }
    }
    return QL_OK;
}

static ql_status write_tile(ql_outfile *files[FILE_COUNT], ql_tile_buffers *tile, size_t n, ql_error *error)
{
    int8_t narrow[QL_TILE];
    for (size_t i = 0; i < n; i++) {
        narrow[i] = (int8_t)tile->codes[i];
    }
    ql_status status = ql_outfile_write(files[CODES], narrow, n, error);
    return status == QL_OK ? ql_outfile_write(files[DEQUANT], tile->y, n * sizeof *tile->y, error) : status;
}

static ql_status write_values(const ql_quantizer *quantizer, const ql_tensor *tensor, const ql_monitor *monitor, ql_outfile *files[FILE_COUNT],
                              ql_tile_buffers *tile, ql_error *error)
{
    for (uint64_t begin = 0; begin < tensor->element_count; begin += QL_TILE) {
        const uint64_t left = tensor->element_count - begin;
        const size_t n = left < QL_TILE ? (size_t)left : QL_TILE;
        uint64_t clipped = 0;
        ql_status status = ql_quantize_tile(quantizer, ql_kernels_active(), tensor, begin, n, tile, &clipped, error);
        if (status == QL_OK) {
            status = write_tile(files, tile, n, error);
        }
        if (status != QL_OK) {
            return status;
        }
        if (monitor && monitor->tick && !monitor->tick(monitor->context, begin + n, tensor->element_count)) {
            return ql_fail(error, QL_CANCELLED, "cancelled");
        }
    }
    return QL_OK;
}

ql_status ql_report_write_npy(ql_engine *engine, const ql_profile *profile, const ql_report *report, const ql_monitor *monitor,
                              const char *directory, ql_error *error)
{
    (void)engine;
    const ql_tensor *tensor = profile->tensor;
    ql_outfile *files[FILE_COUNT] = { NULL };
    ql_tile_buffers *tile = malloc(sizeof *tile);
    /* The parameters are the report's own: borrowed, so not freed here. */
    ql_quantizer quantizer = { .spec = report->spec, .code_lo = report->code_lo, .code_hi = report->code_hi,
                               .scales = (float *)report->scales, .zeros = (int32_t *)report->zeros };
    bool made = false;
    ql_status status = tile ? ql_source_check(tensor->storage->source, error) : ql_fail_memory(error, sizeof *tile);
    if (status == QL_OK) {
        status = ql_groups_make(tensor, &report->spec, &quantizer.groups, error);
    }
    if (status == QL_OK) {
        status = open_files(directory, report->zeros != NULL, &made, files, error);
    }
    if (status == QL_OK) {
        status = write_header(files[CODES], "|i1", tensor->shape, tensor->rank, error);
    }
    if (status == QL_OK) {
        status = write_header(files[DEQUANT], "<f4", tensor->shape, tensor->rank, error);
    }
    if (status == QL_OK) {
        status = write_values(&quantizer, tensor, monitor, files, tile, error);
    }
    if (status == QL_OK) {
        status = write_header(files[SCALES], "<f4", &report->group_count, 1, error);
    }
    if (status == QL_OK) {
        status = ql_outfile_write(files[SCALES], report->scales, report->group_count * sizeof *report->scales, error);
    }
    if (status == QL_OK && report->zeros) {
        status = write_header(files[ZEROS], "<i4", &report->group_count, 1, error);
        if (status == QL_OK) {
            status = ql_outfile_write(files[ZEROS], report->zeros, report->group_count * sizeof *report->zeros, error);
        }
    }
    for (int i = 0; i < FILE_COUNT && status == QL_OK; i++) {
        status = files[i] ? ql_outfile_finish(files[i], error) : QL_OK;
    }
    for (int i = 0; i < FILE_COUNT; i++) {
        if (files[i] && status == QL_OK) {
            status = ql_outfile_commit(&files[i], error);
        }
        ql_outfile_discard(&files[i]);
    }
    if (made && status != QL_OK) {
        rmdir(directory);
    }
    free(tile);
    return status;
}
