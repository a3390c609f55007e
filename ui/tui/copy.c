/* What y copies. */
#include "tui/copy.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "sheet/results.h"
#include "text/command.h"
#include "text/number.h"
#include "tui/compare.h"
#include "tui/export.h"
#include "tui/terminal.h"

static void say_copied(tui_app *app, bool is_copied, const char *what)
{
    if (is_copied)
        tui_document_say(&app->document, false, "copied: %s", what);
    else
        tui_document_say(&app->document, true, "out of memory");
}

/* `text` is printable, apart from tabs. */
static void copy(tui_app *app, const char *text)
{
    char shown[TUI_MESSAGE_SIZE];
    size_t used = 0;
    for (const char *c = text; *c && used + 1 < sizeof shown; c++)
        shown[used++] = *c == '\t' ? ' ' : *c;
    shown[used] = 0;
    say_copied(app, tui_terminal_copy(text), shown);
}

/* A row for each column; one without numbers says why. */
static void fill_table(const tui_app *app, sheet_table *table)
{
    const tui_pins *pins = &app->document.pins;
    const ql_tensor *tensor = tui_document_tensor(&app->document);
    for (size_t i = 0; i < pins->count; i++) {
        const tui_shown_column column = tui_shown_column_of(app, i);
        const bool has_product = column.has_product && !isnan(column.product);
        sheet_result_add(table, tensor, column.spec_text, column.is_exact ? column.report : NULL,
                         has_product ? &column.product : NULL, column.missing);
    }
    sheet_result_mark_best(table, 0);
}

void tui_copy_table(tui_app *app)
{
    sheet_column columns[SHEET_RESULT_COLUMNS];
    sheet_result_columns(columns, SHEET_RESULT_BY_TENSOR, tui_pins_have_product(&app->document));
    sheet_table table = sheet_table_over(columns, SHEET_RESULT_COLUMNS);
    fill_table(app, &table);
    const sheet_document document = { .table = &table };
    char *text = NULL, what[64];
    size_t size;
    FILE *memory = open_memstream(&text, &size);
    if (memory) {
        sheet_write_markdown(memory, &document);
        fclose(memory);
    }
    snprintf(what, sizeof what, "the %zu columns as a Markdown table", app->document.pins.count);
    say_copied(app, text && tui_terminal_copy(text), what);
    free(text);
    sheet_table_free(&table);
}

void tui_copy_command(tui_app *app)
{
    char command[4096], *name;
    text_plot words;
    if (!tui_export_words(app, &words, &name) || text_compare_command(command, sizeof command, &words) >= sizeof command)
        tui_document_say(&app->document, true, "that command line is too long");
    else
        copy(app, command);
    free(name);
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
    copy(app, row);
}
