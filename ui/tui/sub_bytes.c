/*
 * The bytes of the file around the weight that is looked at.
 *
 *      W[654][194] · F16, 2 bytes at 0x4ad2c
 *      04ad20 3c 1a 00 b4[09 b5]3c 11 ...  <.......
 *
 * [ ] its block, < > the scales in it, { } where both begin or end.
 */
#include <inttypes.h>
#include <stdio.h>

#include "tui/panes.h"
#include "tui/sub.h"

enum { LEAST_ROWS = 6, LEAST_DIGITS = 6 };

/* How the bytes are laid out: lines that begin at whole multiples of `width`. */
typedef struct page {
    const ql_stored_bytes *stored;
    ql_dtype dtype;
    const ql_dtype_info *info;
    uint64_t base;       /* offset of stored->bytes[0], in the file or in the tensor */
    uint64_t begin, end; /* of the block of the weight: the same offsets */
    unsigned width;      /* bytes of a line */
    int digits;          /* of an offset */
    bool has_text;
} page;

static page page_of(const ql_stored_bytes *stored, const ql_tensor *tensor, int cols)
{
    static const unsigned widths[] = { 16, 8, 4 };
    page p = { .stored = stored, .dtype = tensor->dtype, .info = ql_dtype_describe(tensor->dtype), .width = 4 };
    const uint64_t inside = stored->first / p.info->block_elements * p.info->block_bytes;
    char last[24];
    p.base = stored->offset != QL_NO_OFFSET ? stored->offset : inside;
    p.begin = p.base + (stored->element - stored->first) / p.info->block_elements * p.info->block_bytes;
    p.end = p.begin + p.info->block_bytes;
    p.digits = snprintf(last, sizeof last, "%" PRIx64, p.base + stored->count);
    p.digits = p.digits < LEAST_DIGITS ? LEAST_DIGITS : p.digits;
    for (int i = 0; i < 3; i++)
        if (p.digits + 3 * (int)widths[i] + 2 <= cols) {
            p.width = widths[i];
            break;
        }
    p.has_text = p.digits + 4 * (int)p.width + 3 <= cols;
    return p;
}

static bool is_scale(const page *p, uint64_t offset)
{
    return offset >= p->begin && offset < p->end && ql_dtype_is_scale_byte(p->dtype, (size_t)(offset - p->begin));
}

/* Between the byte before `offset` and the one there. */
static char mark_before(const page *p, uint64_t offset)
{
    const bool begins = offset == p->begin, ends = offset == p->end;
    const bool before = offset > p->begin && is_scale(p, offset - 1), after = is_scale(p, offset);
    if (begins)
        return after ? '{' : '[';
    if (ends)
        return before ? '}' : ']';
    return before == after ? ' ' : after ? '<' : '>';
}

static tui_style style_of(const page *p, uint64_t offset)
{
    return is_scale(p, offset) ? TUI_QUANTIZED : offset >= p->begin && offset < p->end ? TUI_STRONG : TUI_TEXT;
}

/* "04ad20 3c 1a[00 b4]..  <.......": a mark before each byte and after the last. */
static void draw_line(tui_canvas *canvas, tui_rect line, const page *p, uint64_t from)
{
    const bool is_file = p->stored->offset != QL_NO_OFFSET;
    const int text = line.x + p->digits + 3 * (int)p->width + 2;
    int x = line.x + p->digits;
    tui_canvas_format(canvas, line.y, line.x, p->digits, TUI_FADED, is_file ? "%0*" PRIx64 : "+%0*" PRIx64,
                      is_file ? p->digits : p->digits - 1, from);
    for (uint64_t offset = from; offset < from + p->width; offset++, x += 3) {
        const bool is_there = offset >= p->base && offset - p->base < p->stored->count;
        const bool is_closed = offset == from && offset == p->end; /* at the end of the line before */
        if ((is_there || offset == p->end) && !is_closed)
            tui_canvas_put(canvas, line.y, x, (uint32_t)mark_before(p, offset), TUI_KEY);
        if (!is_there)
            continue;
        const unsigned char byte = p->stored->bytes[offset - p->base];
        tui_canvas_format(canvas, line.y, x + 1, 2, style_of(p, offset), "%02x", byte);
        if (p->has_text)
            tui_canvas_put(canvas, line.y, text + (int)(offset - from), byte >= 0x20 && byte < 0x7f ? byte : '.', TUI_FADED);
    }
    if (from + p->width == p->end)
        tui_canvas_put(canvas, line.y, x, (uint32_t)mark_before(p, p->end), TUI_KEY);
}

static void draw_head(tui_app *app, tui_rect line, const page *p)
{
    const tui_scope *scope = &app->document.scope;
    char text[200], of[64] = "";
    if (p->info->block_elements > 1)
        snprintf(of, sizeof of, " for %u weights", p->info->block_elements);
    snprintf(text, sizeof text, "W[%" PRIu64 "][%" PRIu64 "] %s: %u byte%s%s%s", scope->row, scope->col, p->info->shown,
             p->info->block_bytes, p->info->block_bytes == 1 ? "" : "s", of,
             p->stored->offset == QL_NO_OFFSET ? " · unpacked"
             : p->stored->big_endian           ? " · high byte first"
                                               : "");
    int used = tui_canvas_text(&app->canvas, line.y, line.x, line.cols, TUI_STRONG, text);
    const char *legend = ql_dtype_has_scales(p->dtype) ? "  [ ] block < > scales" : "";
    if (tui_canvas_width(&app->canvas, legend) <= line.cols - used)
        tui_canvas_text(&app->canvas, line.y, line.x + used, line.cols - used, TUI_FADED, legend);
}

static void draw(tui_app *app, tui_rect in, const tui_measure *measure)
{
    tui_canvas *canvas = &app->canvas;
    const tui_rect line = { in.y, in.x + 1, 1, in.cols - 2 };
    if (!tui_scope_is_placed(&app->document))
        return;
    const tui_wish wish = tui_bytes_wish(app);
    const tui_seen seen = tui_looks_wish(&app->document, TUI_LOOK_BYTES, &wish);
    if (!seen.made) {
        tui_canvas_text(canvas, line.y, line.x, line.cols, TUI_FADED, seen.missing);
        return;
    }
    const page p = page_of(seen.made, ql_model_tensor(app->document.model, measure->tensor), line.cols);
    const bool was_faded = canvas->faded;
    canvas->faded |= !seen.is_exact;
    const int lines = in.rows - 1;
    const uint64_t here = p.begin / p.width, above = (uint64_t)(lines > 0 ? lines / 3 : 0);
    const uint64_t first = p.base / p.width, last = (p.base + p.stored->count - 1) / p.width;
    const uint64_t from = here - first > above ? here - above : first;
    app->table.lines = lines;
    app->table.line_elements = (int)(p.width / p.info->block_bytes * p.info->block_elements);
    if (p.info->block_bytes > p.width)
        app->table.line_elements = (int)p.info->block_elements; /* from block to block */
    draw_head(app, line, &p);
    for (int i = 0; i < lines && from + (uint64_t)i <= last; i++)
        draw_line(canvas, (tui_rect) { line.y + 1 + i, line.x, 1, line.cols }, &p, (from + (uint64_t)i) * p.width);
    canvas->faded = was_faded;
}

const tui_sub tui_sub_bytes = {
    .name = "bytes",
    .draw = draw,
    .least_rows = LEAST_ROWS,
    .context = TUI_IN_CELLS,
    .step = tui_bytes_step,
};
