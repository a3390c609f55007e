/*
 * The bits of the weight that is looked at, as they are stored, and what becomes of it.
 *
 *      W[654][194] · element 199,310 · F16 at 0x4ad2c
 *      1 01101 0100001001 = 0xb509
 *      s eeeee mmmmmmmmmm
 *      = -1.259 × 2^-2 = -0.3147
 *      absmax:bits=4
 *      w ÷ d = -0.3147 ÷ 0.04496 = -7
 *      ...
 */
#include <inttypes.h>
#include <stdio.h>

#include "text/bits.h"
#include "text/number.h"
#include "text/weight.h"
#include "tui/panes.h"
#include "tui/sub.h"

/* The lines from *y on, as far as there are some. */
static void put_line(tui_canvas *canvas, tui_rect in, int *y, tui_style style, const char *text)
{
    if (*y < in.y + in.rows)
        tui_canvas_text(canvas, (*y)++, in.x + 1, in.cols - 2, style, text);
}

static void draw_head(tui_app *app, tui_rect in, int *y, const ql_tensor *tensor, const ql_stored_bytes *stored)
{
    const tui_scope *scope = &app->document.scope;
    const ql_dtype_info *info = ql_dtype_describe(tensor->dtype);
    char element[TEXT_NUMBER_SIZE], text[200], place[48] = "";
    text_count(element, stored->element);
    if (stored->offset != QL_NO_OFFSET)
        snprintf(place, sizeof place, " at 0x%" PRIx64,
                 stored->offset + (stored->element - stored->first) / info->block_elements * info->block_bytes);
    snprintf(text, sizeof text, "W[%" PRIu64 "][%" PRIu64 "] %s%s · element %s", scope->row, scope->col, info->shown, place,
             element);
    put_line(&app->canvas, in, y, TUI_STRONG, text);
}

/* Bytes of the file to a number. */
static uint64_t raw_of(const ql_stored_bytes *stored, const ql_dtype_info *info)
{
    const unsigned char *bytes =
        stored->bytes + (stored->element - stored->first) / info->block_elements * info->block_bytes;
    uint64_t raw = 0;
    for (unsigned i = 0; i < info->block_bytes; i++)
        raw = raw << 8 | bytes[stored->big_endian ? i : info->block_bytes - 1 - i];
    return raw;
}

/* Of a block of ggml: the code and what the block's scales make of it. */
static void draw_code(tui_canvas *canvas, tui_rect in, int *y, const ql_stored_bytes *stored, const ql_dtype_info *info,
                      double w)
{
    char bits[16], level[TEXT_NUMBER_SIZE], scale[TEXT_NUMBER_SIZE], least[TEXT_NUMBER_SIZE], value[TEXT_NUMBER_SIZE];
    char text[240], minus[TEXT_NUMBER_SIZE + 8] = "";
    for (unsigned i = 0; i < info->bits && i < 8; i++)
        bits[i] = stored->code >> (info->bits - 1 - i) & 1 ? '1' : '0';
    bits[info->bits < 8 ? info->bits : 8] = 0;
    snprintf(text, sizeof text, "code %u of 0…%u = 0b%s", stored->code, stored->code_count - 1, bits);
    put_line(canvas, in, y, TUI_TEXT, text);
    text_number(level, (double)stored->level, TEXT_SIGNIFICANT);
    text_number(scale, (double)stored->scale, TEXT_SIGNIFICANT);
    text_number(least, (double)stored->least, TEXT_SIGNIFICANT);
    text_number(value, w, TEXT_SIGNIFICANT);
    if (stored->least > 0 || stored->least < 0)
        snprintf(minus, sizeof minus, stored->least < 0 ? " + %s" : " - %s", least + (stored->least < 0));
    snprintf(text, sizeof text, "level %s × scale %s%s = %s", level, scale, minus, value);
    put_line(canvas, in, y, TUI_TEXT, text);
}

static void draw_stored(tui_app *app, tui_rect in, int *y, const ql_tensor *tensor, const ql_stored_bytes *stored, double w)
{
    const ql_dtype_info *info = ql_dtype_describe(tensor->dtype);
    ql_float_parts parts;
    draw_head(app, in, y, tensor, stored);
    if (stored->code_count > 0) {
        draw_code(&app->canvas, in, y, stored, info, w);
        return;
    }
    char lines[TEXT_BITS_LINES][TEXT_BITS_SIZE];
    const bool is_packed = info->block_elements > 1; /* of those that are read: F4 */
    const uint64_t raw = is_packed && ql_float_take_apart(tensor->dtype, w, &parts) ? parts.code : raw_of(stored, info);
    const size_t count = text_bits(tensor->dtype, raw, w, lines);
    for (size_t i = 0; i < count; i++)
        put_line(&app->canvas, in, y, i == 0 ? TUI_ORIGINAL : i == 1 ? TUI_FADED : TUI_TEXT, lines[i]);
}

/* What the spec does to it, line by line. */
static void draw_working(tui_app *app, tui_rect in, int *y, const tui_seen *seen)
{
    const ql_strip *strip = seen->made;
    const ql_report *report = seen->measure->report;
    const uint64_t at = app->document.scope.col - seen->wish->col;
    char lines[TEXT_WEIGHT_LINES][TEXT_WEIGHT_SIZE], spec[TUI_SPEC_SHOWN];
    if (app->document.scope.col < seen->wish->col || at >= strip->count)
        return;
    tui_show_spec(spec, report->spec_text);
    put_line(&app->canvas, in, y, TUI_FADED, spec);
    const size_t count = text_weight(report, strip, (size_t)at, lines);
    for (size_t i = 1; i < count; i++) /* the first says again which weight */
        put_line(&app->canvas, in, y, i + 1 == count ? TUI_STRONG : TUI_TEXT, lines[i]);
}

static void draw(tui_app *app, tui_rect in, const tui_measure *measure)
{
    tui_canvas *canvas = &app->canvas;
    tui_document *document = &app->document;
    int y = in.y;
    if (!tui_scope_is_placed(document))
        return;
    const tui_wish bytes_wish = tui_bytes_wish(app), strip_wish = tui_scope_wish(document);
    const tui_seen bytes = tui_looks_wish(document, TUI_LOOK_BYTES, &bytes_wish);
    const tui_seen strip = tui_looks_wish(document, TUI_LOOK_STRIP, &strip_wish);
    const ql_strip *weights = strip.made;
    if (!bytes.made || !weights) {
        put_line(canvas, in, &y, TUI_FADED, bytes.made ? strip.missing : bytes.missing);
        return;
    }
    const bool was_faded = canvas->faded;
    canvas->faded |= !bytes.is_exact || !strip.is_exact;
    if (document->scope.row == weights->row && document->scope.col >= weights->col &&
        document->scope.col - weights->col < weights->count) {
        draw_stored(app, in, &y, ql_model_tensor(document->model, measure->tensor), bytes.made,
                    (double)weights->x[document->scope.col - weights->col]);
        draw_working(app, in, &y, &strip);
    }
    canvas->faded = was_faded;
}

const tui_sub tui_sub_bits = { .name = "bits", .draw = draw, .context = TUI_IN_CELLS, .step = tui_table_step };
