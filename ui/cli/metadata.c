/* Metadata: see metadata.h. */
#include "cli/metadata.h"

#include "cli/memory.h"
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

static void print_text(FILE *out, ql_text text)
{
    const cli_column whole = { .title = "" };
    const cli_cell cell = cli_text(text);
    char *printable = cli_cell_print(&cell, &whole);
    fputs(printable, out);
    free(printable);
}

static void print_one(FILE *out, const ql_value *value)
{
    if (value->kind == QL_VALUE_TEXT)
        print_text(out, value->as.text);
    else
        print_number(out, value, false);
}

char *cli_metadata_print(const ql_value *value, bool full)
{
    char *text = NULL;
    size_t size = 0, place = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return cli_copy("");
    ql_value element;
    if (value->kind != QL_VALUE_ARRAY) {
        print_one(out, value);
    } else {
        fprintf(out, "%" PRIu64 " x %s", value->as.array.count, value->type);
        for (size_t i = 0; (full || i < CLI_ARRAY_MOST) && ql_value_next(value, &place, &element); i++) {
            fputs(i ? ", " : ": ", out);
            print_one(out, &element);
        }
    }
    fclose(out);
    return text;
}

/* ---- For programs ---------------------------------------------------------------------------------------------- */

static void write_json_one(FILE *out, const ql_value *value)
{
    if (value->kind == QL_VALUE_TEXT)
        cli_write_json_string(out, value->as.text);
    else
        print_number(out, value, true);
}

void cli_metadata_write_json(FILE *out, const ql_value *value, bool full)
{
    ql_value element;
    size_t place = 0;
    if (value->kind != QL_VALUE_ARRAY) {
        write_json_one(out, value);
    } else if (!full && value->as.array.count > CLI_ARRAY_MOST) {
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
