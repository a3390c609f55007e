/* What is written to a file. It is not cancelled by newer requests. */
#include "tui/worker_export.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sheet/results.h"
#include "sheet/save.h"

void tui_export_free(tui_export **held)
{
    for (size_t i = 0; *held && i < (*held)->spec_count; i++)
        tui_measure_release(&(*held)->known[i]);
    if (*held) {
        tui_inputs_release(&(*held)->inputs);
        tui_results_free(&(*held)->results);
    }
    free(*held);
    *held = NULL;
}

ql_status tui_writing_measure(const tui_writing *at, size_t index, ql_error *error)
{
    tui_export *export = at->export;
    tui_request job = { .tensor = export->tensor, .spec = export->specs[index], .measure = export->known[index] };
    const ql_status status = tui_need_measure(at->jobs, &job, at->monitor, error);
    export->known[index] = job.measure;
    return status;
}

/* ---- Figures ---------------------------------------------------------------------------------------------------- */

static ql_status write_figure(const tui_writing *at, ql_error *error)
{
    const tui_export *export = at->export;
    const ql_figure_options options = { .kind = export->figure->name,
                                        .command = export->command,
                                        .tensor = export->tensor_name,
                                        .file = export->file_name };
    if (export->figure->subject == QL_FIGURE_OF_REPORT) {
        const ql_status status = tui_writing_measure(at, 0, error);
        tui_worker_begin(at->jobs, "writing the figure");
        return status == QL_OK ? ql_figure_write(export->known[0]->report, &options, export->path, error) : status;
    }
    ql_ways *ways = NULL;
    tui_worker_begin(at->jobs, "trying every way to clip");
    ql_status status = ql_ways_make(at->jobs->engine, at->profile, &export->specs[0], at->monitor, &ways, error);
    if (status == QL_OK)
        status = ql_figure_write_ways(ways, &options, export->path, error);
    ql_ways_free(&ways);
    return status;
}

/* ---- Numbers ---------------------------------------------------------------------------------------------------- */

/* The error of the product under spec `index`, whose measure is there. */
static ql_status need_product(const tui_writing *at, size_t index, ql_error *error)
{
    tui_export *export = at->export;
    if (!export->inputs || !isnan(export->products[index]))
        return QL_OK;
    tui_worker_begin(at->jobs, "multiplying");
    return ql_product_error(at->jobs->engine, at->profile, export->known[index]->report, export->inputs->activations,
                            at->monitor, &export->products[index], error);
}

/* The rows of the specs, as `compare` has them, or `quant` of one. */
static ql_status fill_table(const tui_writing *at, sheet_table *table, ql_error *error)
{
    const tui_export *export = at->export;
    const bool several = export->spec_count > 1;
    for (size_t i = 0; i < export->spec_count; i++) {
        ql_status status = tui_writing_measure(at, i, error);
        if (status == QL_OK)
            status = need_product(at, i, error);
        if (status != QL_OK && !(status == QL_UNUSABLE && several && export->known[i]))
            return status;
        const ql_report *report = export->known[i]->report;
        const double *product = export->inputs && status == QL_OK ? &export->products[i] : NULL;
        sheet_result_add(table, at->profile->tensor, report->spec_text, report, product,
                         status == QL_OK ? NULL : error->message);
    }
    if (several)
        sheet_result_mark_best(table, 0);
    return QL_OK;
}

static ql_status write_numbers(const tui_writing *at, ql_error *error)
{
    const tui_export *export = at->export;
    char activations[512];
    sheet_column columns[SHEET_RESULT_COLUMNS];
    sheet_result_columns(columns, export->spec_count > 1 ? SHEET_RESULT_BY_TENSOR : SHEET_RESULT_CARD, export->inputs);
    if (export->inputs)
        sheet_activations_name(activations, sizeof activations, tui_inputs_named(export->inputs, at->profile->tensor));
    sheet_table table = sheet_table_over(columns, SHEET_RESULT_COLUMNS);
    const sheet_document document = { .list = "results",
                                      .file = ql_model_path(at->jobs->model),
                                      .activations = export->inputs ? activations : NULL,
                                      .table = &table };
    ql_status status = fill_table(at, &table, error);
    if (status == QL_OK && export->format) {
        tui_worker_begin(at->jobs, "writing the numbers");
        status = sheet_save(&document, export->format, export->path, error);
    } else if (status == QL_OK) {
        tui_worker_begin(at->jobs, "writing the codes");
        status = sheet_save_codes(at->jobs->engine, at->profile, export->known[0]->report, at->monitor, &document,
                                  export->path, error);
    }
    sheet_table_free(&table);
    return status;
}

/* ---- All -------------------------------------------------------------------------------------------------------- */

/* Something that a person might miss: any file, but of a folder only one with codes in it. */
static bool would_replace(const tui_export *export)
{
    char codes[PATH_MAX + 16];
    struct stat info;
    snprintf(codes, sizeof codes, "%s%s", export->path, export->figure || export->format ? "" : "/codes.npy");
    return !export->may_replace && lstat(codes, &info) == 0 && (S_ISREG(info.st_mode) || S_ISLNK(info.st_mode));
}

/* "wrote a.png, 51.2 KiB". */
static void tell(const tui_export *export, char *out, size_t size)
{
    char shown[256], bytes[TEXT_NUMBER_SIZE], files[320];
    struct stat info;
    ql_text_print(shown, sizeof shown, ql_text_from(export->path), TUI_EXPORT_CELLS / 2);
    if (!export->figure && !export->format) {
        sheet_codes_files(export->known[0]->report, files, sizeof files);
        snprintf(out, size, "wrote %s to %s", files, shown);
    } else if (stat(export->path, &info) == 0) {
        text_bytes(bytes, (uint64_t)info.st_size);
        snprintf(out, size, "wrote %s, %s", shown, bytes);
    }
}

static ql_status write_it(tui_jobs *jobs, tui_export *export, ql_error *error)
{
    tui_watcher watch = { jobs, 0, NULL, 0 };
    const ql_monitor monitor = { tui_watcher_tick, &watch };
    tui_writing at = { jobs, export, &monitor, NULL };
    const ql_status status = tui_need_profile(jobs, export->tensor, &monitor, error);
    at.profile = jobs->profiles[export->tensor];
    if (status == QL_OK && export->method_count > 0)
        return export->figure ? tui_write_figure_of_products(&at, error) : tui_write_products(&at, error);
    return status != QL_OK ? status : export->figure ? write_figure(&at, error) : write_numbers(&at, error);
}

/* Called and returns with the lock held. */
void tui_work_export(tui_jobs *jobs)
{
    tui_export *export = jobs->export;
    jobs->export = NULL;
    pthread_mutex_unlock(&jobs->lock);
    tui_event event = { .kind = TUI_EXPORTED, .tensor = export->tensor, .exists = would_replace(export) };
    if (event.exists) {
        char shown[256];
        ql_text_print(shown, sizeof shown, ql_text_from(export->path), TUI_EXPORT_CELLS / 2);
        event.error.status = QL_BAD_WRITE;
        snprintf(event.error.message, sizeof event.error.message, "%s is there already: Enter again replaces it", shown);
    } else {
        event.error.status = write_it(jobs, export, &event.error);
        if (event.error.status == QL_OK)
            tell(export, event.told, sizeof event.told);
    }
    tui_events_post(&jobs->events, &event);
    tui_export_free(&export);
    pthread_mutex_lock(&jobs->lock);
}
