/* Writing a session down. */
#include "tui/record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/quote.h"
#include "tui/said.h"
#include "tui/keys.h"

struct tui_record {
    FILE *file;
    char *path;     /* owned */
    int rows, cols; /* of the screen, as last written; 0: nothing is written yet */
    bool in_text;   /* the line is not ended: more text may follow */
    bool is_moving; /* something has been under way since the script last waited */
};

ql_status tui_record_open(const char *path, tui_record **out, ql_error *error)
{
    tui_record *record = calloc(1, sizeof *record);
    char shown[256];
    if (record) {
        record->is_moving = true;
        record->path = strdup(path);
        record->file = record->path ? fopen(path, "we") : NULL;
    }
    if (record && record->file) {
        *out = record;
        return QL_OK;
    }
    ql_text_print(shown, sizeof shown, ql_text_from(path), 200);
    snprintf(error->message, sizeof error->message, "--record: %s: %s", shown, strerror(errno));
    if (record)
        free(record->path);
    free(record);
    return error->status = QL_BAD_WRITE;
}

/* One more word of a command line. */
static void write_word(FILE *file, const char *before, const char *word)
{
    char quoted[8192];
    if (word && text_quote(quoted, sizeof quoted, word) < sizeof quoted)
        fprintf(file, "%s%s", before, quoted);
}

/* How to play it, and what differs from how a session starts. */
static void write_head(tui_record *record, const tui_app *app)
{
    tui_said said;
    if (tui_say(&said, app)) {
        write_word(record->file, "# qloupe ", said.words.file);
        write_word(record->file, " -t ", said.words.tensor);
        write_word(record->file, " -s ", app->document.spec_text);
        write_word(record->file, " --raw ", said.words.raw);
        write_word(record->file, " --layout ", said.words.layout);
        fprintf(record->file, " --size %dx%d --keys", app->canvas.cols, app->canvas.rows);
        write_word(record->file, " @", record->path);
        fputs("\n", record->file);
    }
    tui_said_free(&said);
    if (tui_theme_index() != 0)
        fprintf(record->file, ":set theme=%s<Enter>\n", tui_theme_name(tui_theme_index()));
}

static void end_text(tui_record *record)
{
    if (record->in_text)
        fputs("\n", record->file);
    record->in_text = false;
}

void tui_record_key(tui_record *record, const tui_app *app, tui_key key, bool settled)
{
    if (!record)
        return;
    const int rows = app->canvas.rows, cols = app->canvas.cols;
    const char *help = tui_keys_meaning(app, key);
    char text[TUI_KEY_TEXT];
    tui_key_spell(key, text);
    if (record->rows == 0) {
        write_head(record, app);
    } else if (rows != record->rows || cols != record->cols) {
        end_text(record);
        fprintf(record->file, "# the screen has %dx%d from here on\n", cols, rows);
    }
    record->rows = rows;
    record->cols = cols;
    if (!help && (app->context & TUI_TYPING) && !TUI_MOUSE_KIND(key)) {
        fputs(text, record->file);
        record->in_text = true;
    } else {
        end_text(record);
        if (settled && record->is_moving)
            fputs("<settle>\n", record->file);
        record->is_moving = record->is_moving && !settled;
        fprintf(record->file, help ? "%-16s # %s\n" : "%s\n", text, help);
    }
    fflush(record->file);
}

void tui_record_after(tui_record *record, bool settled)
{
    if (record)
        record->is_moving |= !settled;
}

ql_status tui_record_close(tui_record **held, ql_error *error)
{
    tui_record *record = *held;
    *held = NULL;
    if (!record)
        return QL_OK;
    end_text(record);
    const bool failed = ferror(record->file) != 0;
    const bool written = fclose(record->file) == 0 && !failed;
    if (!written) {
        char shown[256];
        ql_text_print(shown, sizeof shown, ql_text_from(record->path), 200);
        snprintf(error->message, sizeof error->message, "--record: %s: not all keys could be written", shown);
        error->status = QL_BAD_WRITE;
    }
    free(record->path);
    free(record);
    return written ? QL_OK : QL_BAD_WRITE;
}
