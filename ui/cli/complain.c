/* Everything that goes to stderr as a line: see complain.h. */
#include "cli/complain.h"

#include "cli/cli.h"
#include "cli/progress.h"
#include "text/plain.h"

#include <stdarg.h>
#include <stdio.h>

enum { SHOWN_CELLS = 120, SHOWN_SIZE = 512, SHOWN_COUNT = 8, LINE_SIZE = 4096 };

static char about[LINE_SIZE];

void cli_complain_about(const char *place)
{
    snprintf(about, sizeof about, "%s%s", place ? place : "", place ? ": " : "");
}

int cli_complain(const char *format, ...)
{
    char message[2 * LINE_SIZE], line[2 * LINE_SIZE];
    const int used = snprintf(message, sizeof message, "%s", about);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message + used, sizeof message - (size_t)used, format, arguments);
    va_end(arguments);
    text_plain(line, sizeof line, message);
    cli_progress_hide();
    fprintf(stderr, "qloupe: %s\n", line);
    return CLI_BAD;
}

int cli_complain_error(const ql_error *error)
{
    if (error->status != QL_CANCELLED)
        return cli_complain("%s", error->message);
    cli_complain("interrupted");
    return CLI_INTERRUPTED;
}

const char *cli_shown_text(ql_text text)
{
    static char buffers[SHOWN_COUNT][SHOWN_SIZE];
    static unsigned turn;
    char *buffer = buffers[turn++ % SHOWN_COUNT];
    ql_text_print(buffer, SHOWN_SIZE, text, SHOWN_CELLS);
    return buffer;
}

const char *cli_shown(const char *word)
{
    return cli_shown_text(ql_text_from(word));
}
