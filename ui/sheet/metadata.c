/* Metadata: see metadata.h. */
#include "sheet/metadata.h"

#include "text/plain.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void print_number(FILE *out, const ql_value *value, bool quote_undefined)
{
    char number[TEXT_NUMBER_SIZE];
    switch (value->kind) {
    case QL_VALUE_BOOL:
        fputs(value->as.truth ? "true" : "false", out);
        break;
    case QL_VALUE_UNSIGNED:
        fprintf(out, "%" PRIu64, value->as.whole);
        break;
    case QL_VALUE_SIGNED:
        fprintf(out, "%" PRId64, value->as.integer);
        break;
    default:
        text_exact(number, value->as.number);
        fprintf(out, quote_undefined && !isfinite(value->as.number) ? "\"%s\"" : "%s", number);
    }
}

/* ---- For people ------------------------------------------------------------------------------------------------ */

enum { PIECE = 1024 }; /* bytes of a text that are printed at a time: a template may be as long as a header */

static void print_text(FILE *out, ql_text text, size_t cells)
{
    char printable[PIECE * 10 + 1], plain[PIECE * 10 + 1]; /* an escape takes at most ten columns for a byte */
    do {
        const ql_text piece = cells ? text : sheet_take_piece(&text, PIECE);
        ql_text_print(printable, sizeof printable, piece, 2 * cells);
        text_plain(plain, sizeof plain, printable);
        fputs(plain, out);
    } while (!cells && text.size > 0);
}

/* The shortest number that reads back as the same float32. */
static void print_single(FILE *out, double value)
{
    enum { DIGITS = 9 }; /* always enough */
    char number[TEXT_NUMBER_SIZE];
    for (int digits = 6; digits <= DIGITS; digits++) {
        snprintf(number, sizeof number, "%.*g", digits, value);
        if ((double)strtof(number, NULL) == value)
            break;
    }
    fputs(number, out);
}

static void print_one(FILE *out, const ql_value *value, size_t cells)
{
    if (value->kind == QL_VALUE_TEXT)
        print_text(out, value->as.text, cells);
    else if (value->kind == QL_VALUE_FLOAT && strcmp(value->type, "f32") == 0 && isfinite(value->as.number))
        print_single(out, value->as.number);
    else
        print_number(out, value, false);
}

/* In an array texts have quotes, so that the commas between them are told from those inside. */
static void print_element(FILE *out, const ql_value *value, size_t cells)
{
    ql_text text = value->as.text;
    if (value->kind == QL_VALUE_TEXT)
        sheet_write_json_string(out, cells ? sheet_take_piece(&text, PIECE) : text);
    else
        print_one(out, value, cells);
}

void sheet_metadata_write(FILE *out, const ql_value *value, size_t cells)
{
    char count[TEXT_NUMBER_SIZE];
    ql_value element;
    size_t place = 0;
    if (value->kind != QL_VALUE_ARRAY) {
        print_one(out, value, cells);
        return;
    }
    text_count(count, value->as.array.count);
    fprintf(out, "%s x %s", count, value->type);
    for (size_t i = 0; (!cells || i < cells) && ql_value_next(value, &place, &element); i++) {
        fputs(i ? ", " : ": ", out);
        print_element(out, &element, cells);
    }
}

/* ---- For programs ---------------------------------------------------------------------------------------------- */

static void write_json_one(FILE *out, const ql_value *value)
{
    if (value->kind == QL_VALUE_TEXT)
        sheet_write_json_string(out, value->as.text);
    else
        print_number(out, value, true);
}

void sheet_metadata_write_json(FILE *out, const ql_value *value, bool full)
{
    ql_value element;
    size_t place = 0;
    if (value->kind != QL_VALUE_ARRAY) {
        write_json_one(out, value);
    } else if (!full && value->as.array.count > SHEET_ARRAY_MOST) {
        fprintf(out, "{\"array\":\"%s\",\"count\":%" PRIu64 "}", value->type, value->as.array.count);
    } else {
        fputc('[', out);
        for (bool first = true; ql_value_next(value, &place, &element); first = false) {
            fputs(first ? "" : ",", out);
            write_json_one(out, &element);
        }
        fputc(']', out);
    }
}
