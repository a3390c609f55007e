/* What is being written to a file: what the files of the worker that write share. */
#ifndef TUI_WORKER_EXPORT_H
#define TUI_WORKER_EXPORT_H

#include "tui/worker.h"

typedef struct tui_writing {
    tui_jobs *jobs;
    tui_export *export;
    const ql_monitor *monitor;
    const ql_profile *profile;
} tui_writing;

/* The measure of spec `index`: at->export->known[index]. */
ql_status tui_writing_measure(const tui_writing *at, size_t index, ql_error *error);

/* A figure of products with the methods of the export; their table. Without the lock. */
ql_status tui_write_figure_of_products(const tui_writing *at, ql_error *error);
ql_status tui_write_products(const tui_writing *at, ql_error *error);

#endif
