/* Command lines about a tensor: see command.h. */
#include "text/command.h"

#include "text/plain.h"
#include "text/quote.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Appends `before` as it is and `word` quoted; counts beyond the end like snprintf. Nothing for a word that is not there. */
static void add(char *out, size_t size, size_t *used, const char *before, const char *word)
{
    if (!word)
        return;
    size_t left = *used < size ? size - *used : 0;
    *used += (size_t)snprintf(left ? out + *used : NULL, left, "%s", before);
    left = *used < size ? size - *used : 0;
    *used += text_quote(left ? out + *used : NULL, left, word);
}

/* Nothing for 0, but where it is always said. */
static void add_number(char *out, size_t size, size_t *used, const char *before, uint64_t number, bool always)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRIu64, number);
    add(out, size, used, before, number > 0 || always ? text : NULL);
}

/* How loud the channels are only where that is not usual. */
static void add_made_up(char *out, size_t size, size_t *used, const ql_synthetic *made_up)
{
    char scale[32];
    snprintf(scale, sizeof scale, "%.17g", made_up->strongest);
    add_number(out, size, used, " --seed ", made_up->seed, true);
    add_number(out, size, used, " --outlier-channels ", made_up->channels, true);
    add(out, size, used, " --outlier-scale ", made_up->strongest != ql_synthetic_usual.strongest ? scale : NULL);
}

size_t text_command(char *out, size_t size, const text_words *words)
{
    size_t used = 0;
    add(out, size, &used, "qloupe ", words->verb);
    add(out, size, &used, " ", words->file);
    add(out, size, &used, " -t ", words->tensor);
    for (size_t i = 0; i < words->spec_count; i++)
        add(out, size, &used, " -s ", words->specs[i]);
    add(out, size, &used, " --kind ", words->kind);
    add(out, size, &used, " --raw ", words->raw);
    add(out, size, &used, " --layout ", words->layout);
    add(out, size, &used, " --x ", words->x);
    if (words->made_up)
        add_made_up(out, size, &used, words->made_up);
    add_number(out, size, &used, " --m ", words->rows, false);
    add_number(out, size, &used, " --threads ", words->threads, false);
    for (size_t i = 0; i < words->method_count; i++)
        add(out, size, &used, " -m ", words->methods[i]);
    add(out, size, &used, " --", words->ascii ? "ascii" : NULL);
    add(out, size, &used, " --", words->format);
    add(out, size, &used, " -o ", words->out);
    add(out, size, &used, " >", words->into);
    return used;
}

/* A command on its way into lines. */
typedef struct wrapping {
    char *out;
    size_t size, used;   /* used counts what was asked for, also beyond size */
    size_t column, most; /* cells of the line so far; that it may have before what ends it */
    bool in_quotes;
} wrapping;

static void append(wrapping *to, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++, to->used++)
        if (to->used + 1 < to->size)
            to->out[to->used] = bytes[i];
}

/* The next line. Inside quotes a backslash would be one: they are closed and opened again. */
static void break_line(wrapping *to)
{
    const char *end = to->in_quotes ? "'\\\n'" : "\\\n";
    append(to, end, strlen(end));
    to->column = to->in_quotes;
}

/* One character, or two of which a backslash is the first. */
static size_t piece_at(const wrapping *to, const char *at)
{
    unsigned codepoint;
    const size_t size = text_next(at, &codepoint);
    return *at == '\\' && !to->in_quotes && at[1] ? size + text_next(at + size, &codepoint) : size;
}

/* The bytes up to the next space between words, or the end. */
static size_t word_at(const char *at)
{
    wrapping state = { 0 };
    size_t size = 0;
    while (at[size] && (at[size] != ' ' || state.in_quotes)) {
        state.in_quotes ^= at[size] == '\'';
        size += piece_at(&state, at + size);
    }
    return size;
}

static size_t cells_of(const char *text, size_t size)
{
    char piece[1024];
    snprintf(piece, sizeof piece, "%.*s", (int)size, text);
    return size < sizeof piece ? text_width(piece) : size;
}

size_t text_command_wrap(char *out, size_t size, const char *command, size_t cells)
{
    wrapping to = { .out = out, .size = size, .most = cells > 3 ? cells - 2 : 2 };
    while (*command) {
        const char *end = command + word_at(command);
        if (to.column > 0 && to.column + cells_of(command, (size_t)(end - command)) > to.most)
            break_line(&to);
        while (command < end) {
            const size_t piece = piece_at(&to, command), width = cells_of(command, piece);
            if (to.column + width > to.most)
                break_line(&to);
            append(&to, command, piece);
            to.in_quotes ^= *command == '\'';
            to.column += width;
            command += piece;
        }
        if (*command)
            append(&to, command++, 1);
        to.column++;
    }
    if (size > 0)
        out[to.used < size ? to.used : size - 1] = 0;
    return to.used;
}
