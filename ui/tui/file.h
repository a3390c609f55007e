/*
 * A file to be shown: the model, the list of its tensors, and the tensor to start on. A file that takes the place of another
 * is opened by a thread of its own, since a disk may take its time and the screen does not wait.
 */
#ifndef TUI_FILE_H
#define TUI_FILE_H

#include "tui/app.h"

/* What to open. Strings are borrowed by tui_file_read and copied by tui_opener_start. */
typedef struct tui_source {
    const char *path;
    const char *raw; /* what the file holds, NULL: it says so itself */
    ql_layout layout;
    const char *tensor; /* a name or pattern, NULL: the first matrix */
    bool must_match;    /* no tensor of that name is an error; else the first matrix will do */
} tui_source;

typedef struct tui_file {
    ql_model *model; /* owned */
    tui_list list;   /* owned */
    size_t tensor;
} tui_file;

/* Reads and checks the header. On failure there is nothing to free. */
ql_status tui_file_read(const tui_source *source, tui_file *out, ql_error *error);
void tui_file_free(tui_file *file);

/* Puts the file in the place of the one that app shows, if any, and starts a document on it (spec NULL: absmax). Takes over
   *file; on failure app still shows what it did. */
ql_status tui_file_show(tui_app *app, tui_file *file, const char *spec, ql_error *error);

/* Brings the columns back that were kept of the file that is shown; known NULL: nothing is known of it. */
void tui_file_recall(tui_app *app, const tui_known *known);

/* Keeps the tensor, spec and columns of the file that is shown in app->state. */
void tui_file_remember(tui_app *app);

typedef struct tui_opener tui_opener;

/* NULL when the system has no room for a thread. */
tui_opener *tui_opener_start(const tui_source *source);
int tui_opener_fd(const tui_opener *opener); /* readable when it has ended; NULL: -1 */
/* Of one that has ended: what came of it. Frees the opener. Waits when it has not ended. */
ql_status tui_opener_take(tui_opener **opener, tui_file *out, ql_error *error);
/* Lets it end alone; nothing comes of it. Accepts NULL. */
void tui_opener_abandon(tui_opener **opener);

#endif
