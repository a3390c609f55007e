/* What y copies. */
#include "tui/copy.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "sheet/results.h"
#include "text/command.h"
#include "text/number.h"
#include "tui/export.h"
#include "tui/matmul.h"
#include "tui/said.h"
#include "tui/sub.h"
#include "tui/terminal.h"

/* `text` is printable, apart from tabs and line ends; `as` is what it is, where that is not plain to see. */
static void copy(tui_app *app, const char *text, const char *as)
{
    char shown[TUI_MESSAGE_SIZE];
    size_t used = 0;
    for (const char *c = as ? as : text; *c && used + 1 < sizeof shown; c++)
        shown[used++] = *c == '\t' ? ' ' : *c;
    shown[used] = 0;
    if (tui_terminal_copy(text))
        tui_document_say(&app->document, false, "copied: %s", shown);
    else
        tui_document_say(&app->document, true, "out of memory");
}

void tui_copy_ask(tui_app *app)
{
    app->context = TUI_IN_COPY;
}

/* ---- A number --------------------------------------------------------------------------------------------------- */

bool tui_copy_find_sqnr(const tui_app *app, tui_number *out)
{
    if (!tui_document_is_exact(&app->document))
        return false;
    *out = (tui_number) { app->document.shown->report->metrics[QL_SQNR_DB], "SQNR dB" };
    return true;
}

bool tui_copy_find_weight(tui_app *app, tui_number *out)
{
    tui_document *document = &app->document;
    const tui_scope *scope = &document->scope;
    if (!tui_scope_is_placed(document))
        return false;
    const tui_wish wish = tui_scope_wish(document);
    const tui_seen seen = tui_looks_wish(document, TUI_LOOK_STRIP, &wish);
    const ql_strip *strip = seen.made;
    if (!strip || !seen.is_exact)
        return false;
    out->value = strip->x[scope->col - tui_scope_block(document)];
    snprintf(out->what, sizeof out->what, "the weight W[%" PRIu64 "][%" PRIu64 "]", scope->row, scope->col);
    return true;
}

static bool find_number(tui_app *app, tui_number *out)
{
    const tui_sub *sub = tui_sub_of(app, app->pane);
    if (sub && sub->number)
        return sub->number(app, out);
    if (sub && sub->context & TUI_IN_CELLS && tui_copy_find_weight(app, out))
        return true;
    return app->view->number ? app->view->number(app, app->pane, out) : tui_copy_find_sqnr(app, out);
}

void tui_copy_number(tui_app *app)
{
    tui_number number;
    char text[TEXT_NUMBER_SIZE], as[TEXT_NUMBER_SIZE + 2 + sizeof number.what];
    if (!find_number(app, &number)) {
        tui_document_say(&app->document, true, "there is no number yet");
        return;
    }
    text_exact(text, number.value);
    snprintf(as, sizeof as, "%s, %s", text, number.what);
    copy(app, text, as);
}

void tui_copy_draw(tui_app *app, int y)
{
    tui_number number;
    char text[400] = "copy what?", value[TEXT_NUMBER_SIZE];
    if (find_number(app, &number)) {
        text_number(value, number.value, TEXT_SIGNIFICANT);
        snprintf(text, sizeof text, "copy what? The number here is %s, %s", value, number.what);
    }
    tui_canvas_text(&app->canvas, y, 1, app->canvas.cols - 2, TUI_STRONG, text);
}

/* ---- A table ---------------------------------------------------------------------------------------------------- */

/* The row of a column that is shown, or of the current spec; false when its numbers are not there. */
static bool add_row(tui_app *app, sheet_table *table, const char *spec_text, bool with_product)
{
    tui_document *document = &app->document;
    const tui_measure *known = tui_document_find(document, spec_text);
    const bool has_product = known && known->inputs == document->inputs && !isnan(known->product);
    if (!known || (with_product && known->inputs != document->inputs))
        return false;
    sheet_result_add(table, tui_document_tensor(document), spec_text, known->report,
                     with_product && has_product ? &known->product : NULL, NULL);
    return true;
}

void tui_copy_table(tui_app *app)
{
    tui_said said;
    sheet_column columns[SHEET_RESULT_COLUMNS];
    char *text = NULL;
    size_t size;
    bool is_known = tui_say(&said, app);
    const bool several = said.words.spec_count > 1, with_product = said.words.x;
    sheet_result_columns(columns, several ? SHEET_RESULT_BY_TENSOR : SHEET_RESULT_CARD, with_product);
    sheet_table table = sheet_table_over(columns, SHEET_RESULT_COLUMNS);
    for (size_t i = 0; i < said.words.spec_count && is_known; i++)
        is_known = add_row(app, &table, said.specs[i], with_product);
    if (several)
        sheet_result_mark_best(&table, 0);
    FILE *memory = is_known ? open_memstream(&text, &size) : NULL;
    if (memory) {
        sheet_write_markdown(memory, &(sheet_document) { .table = &table });
        fclose(memory);
    }
    if (text)
        copy(app, text, several ? "a table of the columns, as Markdown" : "a table of every metric, as Markdown");
    else
        tui_document_say(&app->document, true, is_known ? "out of memory" : "there are no numbers yet");
    free(text);
    sheet_table_free(&table);
    tui_said_free(&said);
}

/* ---- A row, a command line --------------------------------------------------------------------------------------- */

void tui_copy_command(tui_app *app)
{
    char command[8192];
    tui_said said;
    if (app->home == TUI_IN_MATMUL && app->context != TUI_IN_EXPORT) {
        if (tui_matmul_command(app, command, sizeof command))
            copy(app, command, NULL);
        else
            tui_document_say(&app->document, true, "there are no numbers yet");
        return;
    }
    if (!tui_say(&said, app) ||
        !(app->context == TUI_IN_EXPORT ? tui_export_command(app, command, sizeof command)
                                        : text_command(command, sizeof command, &said.words) < sizeof command))
        tui_document_say(&app->document, true, "that command line is too long");
    else
        copy(app, command, NULL);
    tui_said_free(&said);
}

void tui_copy_row(tui_app *app)
{
    char name[1024], spec[TUI_SPEC_SHOWN], sqnr[TEXT_NUMBER_SIZE], bits[TEXT_NUMBER_SIZE],
        row[sizeof name + sizeof spec + 256];
    if (!tui_document_is_exact(&app->document)) {
        tui_document_say(&app->document, true, "there are no numbers yet");
        return;
    }
    const ql_report *report = app->document.shown->report;
    ql_text_print(name, sizeof name, tui_document_tensor(&app->document)->name, 0);
    tui_show_spec(spec, report->spec_text);
    text_number(sqnr, report->metrics[QL_SQNR_DB], TEXT_FIXED_2);
    text_number(bits, report->bits_per_weight, TEXT_FIXED_3);
    snprintf(row, sizeof row, "%s\t%s\t%s dB\t%s bits/wt", name, spec, sqnr, bits);
    copy(app, row, NULL);
}
