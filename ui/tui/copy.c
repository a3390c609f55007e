/* What y copies. */
#include "tui/copy.h"

#include <stdio.h>
#include <stdlib.h>

#include "text/command.h"
#include "text/number.h"
#include "tui/export.h"
#include "tui/said.h"
#include "tui/terminal.h"

/* `text` is printable, apart from tabs. */
static void copy(tui_app *app, const char *text)
{
    char shown[TUI_MESSAGE_SIZE];
    size_t used = 0;
    for (const char *c = text; *c && used + 1 < sizeof shown; c++)
        shown[used++] = *c == '\t' ? ' ' : *c;
    shown[used] = 0;
    if (tui_terminal_copy(text))
        tui_document_say(&app->document, false, "copied: %s", shown);
    else
        tui_document_say(&app->document, true, "out of memory");
}

void tui_copy_command(tui_app *app)
{
    char command[8192];
    tui_said said;
    if (!tui_say(&said, app) ||
        !(app->context == TUI_IN_EXPORT ? tui_export_command(app, command, sizeof command)
                                        : text_command(command, sizeof command, &said.words) < sizeof command))
        tui_document_say(&app->document, true, "that command line is too long");
    else
        copy(app, command);
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
    copy(app, row);
}
