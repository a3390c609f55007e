/* The command line that prints the numbers of the MatMul view. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "text/command.h"
#include "text/quote.h"
#include "tui/matmul.h"
#include "tui/said.h"

/* Further words; the length is that needed. */
typedef struct line {
    char *out;
    size_t size, used;
} line;

static void add(line *at, const char *word)
{
    char quoted[8 * QL_SPEC_TEXT];
    text_quote(quoted, sizeof quoted, word);
    if (at->used < at->size)
        at->used += (size_t)snprintf(at->out + at->used, at->size - at->used, " %s", quoted);
}

static void add_number(line *at, const char *option, uint64_t number)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRIu64, number);
    add(at, option);
    add(at, text);
}

bool tui_matmul_command(const tui_app *app, char *out, size_t size)
{
    const tui_operands *operands = &app->operands;
    const char *x = tui_inputs_named(app->document.inputs, tui_document_tensor(&app->document));
    const bool is_made_up = strcmp(x, TUI_INPUTS_USUAL) == 0;
    tui_said said;
    if (!tui_say(&said, app))
        return false;
    said.words.verb = "matmul";
    said.words.spec_count = 0;
    said.words.x = x;
    line at = { out, size, text_command(out, size, &said.words) };
    tui_said_free(&said);
    if (is_made_up) {
        add_number(&at, "--seed", ql_synthetic_usual.seed);
        add_number(&at, "--outlier-channels", ql_synthetic_usual.channels);
    }
    if (is_made_up || operands->rows > 0)
        add_number(&at, "--m", operands->rows > 0 ? operands->rows : ql_synthetic_usual.rows);
    if (operands->threads > 0)
        add_number(&at, "--threads", operands->threads);
    for (int row = 0; row < TUI_MATMUL_ROWS; row++) {
        bool is_old;
        const tui_product *product = tui_matmul_row(app, row, &is_old);
        if (!product || is_old)
            return false;
        add(&at, "-m");
        add(&at, product->method);
    }
    return at.used < size;
}
