/* Documents and codes as files: see save.h. */
#include "sheet/save.h"

#include <stdlib.h>
#include <string.h>

#include "text/memory.h"

static const sheet_format formats[] = {
    { "json", sheet_write_json },
    { "csv", sheet_write_csv },
    { "md", sheet_write_markdown },
};

const sheet_format *sheet_format_at(size_t index)
{
    return index < sizeof formats / sizeof formats[0] ? &formats[index] : NULL;
}

ql_status sheet_save(const sheet_document *document, const sheet_format *format, const char *path, ql_error *error)
{
    char *text = NULL;
    size_t size = 0;
    ql_outfile *file = NULL;
    *error = (ql_error) { .status = QL_NO_MEMORY, .message = "out of memory" };
    FILE *memory = open_memstream(&text, &size);
    const bool printed = memory && (format->write(memory, document), fclose(memory) == 0) && text;
    if (printed && ql_outfile_open(path, &file, error) == QL_OK && ql_outfile_write(file, text, size, error) == QL_OK &&
        ql_outfile_commit(&file, error) == QL_OK)
        error->status = QL_OK;
    ql_outfile_discard(&file);
    free(text);
    return error->status;
}

ql_status sheet_save_codes(ql_engine *engine, const ql_profile *profile, const ql_report *report, const ql_monitor *monitor,
                           const sheet_document *document, const char *folder, ql_error *error)
{
    ql_status status = ql_report_write_npy(engine, profile, report, monitor, folder, error);
    if (status != QL_OK)
        return status;
    const size_t size = strlen(folder) + sizeof "/report.json";
    char *path = text_allocate(size, 1);
    snprintf(path, size, "%s/report.json", folder);
    status = sheet_save(document, &formats[0], path, error);
    free(path);
    return status;
}

void sheet_codes_files(const ql_report *report, char *out, size_t size)
{
    const bool split = report->spec.outliers > 0;
    const struct {
        const char *name;
        bool there;
    } files[] = {
        { "codes.npy", true },
        { "scales.npy", report->scales },
        { "zeros.npy", report->zeros },
        { "codebook.npy", report->codebook },
        { "edges.npy", report->edges },
        { "scale_codes.npy", report->scale_codes },
        { "block_maxima.npy", report->block_maxima },
        { "second_scales.npy", report->second_scales },
        { "tensor_scale.npy", report->scale_codes },
        { "outlier_index.npy", split },
        { "outlier_value.npy", split },
        { "dequant.npy", true },
    };
    size_t used = 0;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (files[i].there && used < size)
            used += (size_t)snprintf(out + used, size - used, "%s%s", used ? ", " : "", files[i].name);
    if (used < size)
        snprintf(out + used, size - used, " and report.json");
}
