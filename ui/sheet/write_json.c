/*
 * A document as JSON: one object, "schema" first, one line per row.
 *
 * Column keys are paths: neighbours that share a first part become one object, and an object whose members are all missing
 * is null.
 */
#include "sheet/metadata.h"
#include "sheet/table.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

ql_text sheet_take_piece(ql_text *rest, size_t most)
{
    size_t size = rest->size < most ? rest->size : most;
    /* Not before a byte that continues a character; more than three of those continue none. */
    if (size < rest->size)
        for (size_t back = 0; back < 4 && ((unsigned char)rest->data[size] & 0xc0) == 0x80; back++)
            size--;
    const ql_text piece = { .data = rest->data, .size = size };
    *rest = (ql_text) { .data = rest->data + size, .size = rest->size - size };
    return piece;
}

void sheet_write_json_string(FILE *out, ql_text text)
{
    enum { PIECE = 1024, LONGEST = 6 }; /* \uXXXX for a byte */
    char escaped[PIECE * LONGEST + 1];
    fputc('"', out);
    while (text.size > 0) {
        ql_text_json(escaped, sizeof escaped, sheet_take_piece(&text, PIECE));
        fputs(escaped, out);
    }
    fputc('"', out);
}

static void write_number(FILE *out, double value)
{
    char number[TEXT_NUMBER_SIZE];
    text_exact(number, value);
    fprintf(out, isfinite(value) ? "%s" : "\"%s\"", number);
}

static void write_shape(FILE *out, const ql_tensor *tensor)
{
    fputc('[', out);
    for (unsigned axis = 0; axis < tensor->rank; axis++)
        fprintf(out, "%s%" PRIu64, axis ? "," : "", tensor->shape[axis]);
    fputc(']', out);
}

static void write_cell(FILE *out, const sheet_cell *cell)
{
    switch (cell->kind) {
    case SHEET_NOTHING:
        fputs("null", out);
        break;
    case SHEET_TEXT:
        sheet_write_json_string(out, cell->as.text);
        break;
    case SHEET_WORDS:
        sheet_write_json_string(out, ql_text_from(cell->as.words));
        break;
    case SHEET_UNSIGNED:
        fprintf(out, "%" PRIu64, cell->as.count);
        break;
    case SHEET_NUMBER:
        write_number(out, cell->as.number);
        break;
    case SHEET_TRUTH:
        fputs(cell->as.truth ? "true" : "false", out);
        break;
    case SHEET_SHAPE:
        write_shape(out, cell->as.tensor);
        break;
    case SHEET_DTYPE:
        fprintf(out, "\"%s\"", ql_dtype_describe(cell->as.dtype)->name);
        break;
    case SHEET_LIST:
        fputc('[', out);
        for (size_t i = 0; i < cell->as.list.count; i++)
            fprintf(out, "%s%" PRIu32, i ? "," : "", cell->as.list.numbers[i]);
        fputc(']', out);
        break;
    }
}

/* The end of the run of columns from `begin` on whose keys share their first `size` bytes. */
static size_t run_end(const sheet_column *columns, size_t begin, size_t end, size_t size)
{
    size_t at = begin + 1;
    while (at < end && columns[at].key && strncmp(columns[at].key, columns[begin].key, size) == 0)
        at++;
    return at;
}

static bool all_missing(const sheet_cell *cells, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i++)
        if (cells[i].kind != SHEET_NOTHING)
            return false;
    return true;
}

/* Members for columns [begin, end), whose keys share their first `depth` bytes: those are the objects already open. */
static void write_members(FILE *out, const sheet_column *columns, const sheet_cell *cells, size_t begin, size_t end,
                          size_t depth)
{
    bool first = true;
    for (size_t i = begin; i < end;) {
        if (!columns[i].key) {
            i++;
            continue;
        }
        const char *name = columns[i].key + depth;
        size_t name_size = strcspn(name, "/");
        fprintf(out, "%s\"%.*s\":", first ? "" : ",", (int)name_size, name);
        first = false;
        if (name[name_size] != '/') {
            write_cell(out, &cells[i++]);
            continue;
        }
        size_t inside = depth + name_size + 1, stop = run_end(columns, i, end, inside);
        if (all_missing(cells, i, stop)) {
            fputs("null", out);
        } else {
            fputc('{', out);
            write_members(out, columns, cells, i, stop, inside);
            fputc('}', out);
        }
        i = stop;
    }
}

static void write_metadata(FILE *out, const ql_model *model, bool full)
{
    fputs(",\"metadata\":{", out);
    for (size_t i = 0; i < ql_model_metadata_count(model); i++) {
        ql_text key;
        ql_value value;
        ql_model_metadata(model, i, &key, &value);
        fputs(i ? "," : "", out);
        sheet_write_json_string(out, key);
        fputc(':', out);
        sheet_metadata_write_json(out, &value, full);
    }
    fputc('}', out);
}

static void write_list(FILE *out, const sheet_document *document)
{
    const sheet_table *table = document->table;
    fprintf(out, ",\"%s\":[", document->list);
    for (size_t row = 0; row < table->row_count; row++) {
        fputs(row ? ",\n{" : "\n{", out);
        write_members(out, table->columns, sheet_table_row(table, row), 0, table->column_count, 0);
        fputc('}', out);
    }
    fputs(table->row_count ? "\n]" : "]", out);
}

static void write_names(FILE *out, const sheet_names *names)
{
    fprintf(out, ",\"%s\":[", names->list);
    for (size_t i = 0; i < names->count; i++) {
        fputs(i ? ",\n" : "\n", out);
        sheet_write_json_string(out, names->tensors[i]->name);
    }
    fputs(names->count ? "\n]" : "]", out);
}

void sheet_write_json(FILE *out, const sheet_document *document)
{
    fputs("{\"schema\":1", out);
    if (document->file) {
        fputs(",\"file\":", out);
        sheet_write_json_string(out, ql_text_from(document->file));
    }
    if (document->other) {
        fputs(",\"other\":", out);
        sheet_write_json_string(out, ql_text_from(document->other));
    }
    if (document->format)
        fprintf(out, ",\"format\":\"%s\"", document->format);
    if (document->activations) {
        fputs(",\"activations\":", out);
        sheet_write_json_string(out, ql_text_from(document->activations));
    }
    if (document->spec) {
        fputs(",\"spec\":", out);
        sheet_write_json_string(out, ql_text_from(document->spec));
    }
    if (document->note && *document->note) {
        fputs(",\"note\":", out);
        sheet_write_json_string(out, ql_text_from(document->note));
    }
    if (document->metadata)
        write_metadata(out, document->metadata, document->full);
    if (document->facts) {
        fputc(',', out);
        write_members(out, document->facts->columns, sheet_table_row(document->facts, 0), 0, document->facts->column_count,
                      0);
    }
    for (const sheet_document *part = document; part; part = part->next)
        write_list(out, part);
    for (size_t i = 0; i < document->names_count; i++)
        write_names(out, &document->names[i]);
    fputs("}\n", out);
}
