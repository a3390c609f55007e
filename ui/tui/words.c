/* A spec in words, for people who do not read specs yet, and why a knob of it does not turn. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "text/number.h"
#include "tui/document.h"

static size_t add(char *out, size_t used, size_t size, const char *format, ...) __attribute__((format(printf, 4, 5)));
static size_t add(char *out, size_t used, size_t size, const char *format, ...)
{
    if (used >= size)
        return used;
    va_list arguments;
    va_start(arguments, format);
    int written = vsnprintf(out + used, size - used, format, arguments);
    va_end(arguments);
    return used + (size_t)(written > 0 ? written : 0);
}

/* Also of mappings whose groups are fixed. */
static size_t add_granularity(char *out, size_t used, size_t size, const ql_spec *spec)
{
    static const char *const scopes[] = {
        [QL_PER_TENSOR] = "tensor", [QL_PER_ROW] = "output row",  [QL_PER_COL] = "input column",
        [QL_PER_BLOCK] = "block",   [QL_PER_FLAT] = "flat block", [QL_PER_TILE] = "tile",
    };
    if (spec->per == QL_PER_TENSOR && !ql_spec_takes(spec, QL_KEY_PER))
        return used;
    used = add(out, used, size, " · per %s", scopes[spec->per]);
    if (spec->per == QL_PER_TILE)
        return add(out, used, size, " of %" PRIu64 "×%" PRIu64, spec->block, spec->tile_cols);
    return spec->block ? add(out, used, size, " of %" PRIu64, spec->block) : used;
}

static size_t add_clipping(char *out, size_t used, size_t size, const ql_spec *spec)
{
    char low[64], high[64];
    switch (spec->clip) {
    case QL_CLIP_PERCENTILE:
        ql_spec_value(spec, QL_KEY_P, high);
        return add(out, used, size, " · clip at percentile %s", high);
    case QL_CLIP_KL:
        return add(out, used, size, " · clip by least divergence");
    case QL_CLIP_MSE:
        return add(out, used, size, " · clip by least squared error");
    case QL_CLIP_ACIQ:
        ql_spec_value(spec, QL_KEY_DIST, high);
        return add(out, used, size, " · clip as for a %s distribution", high);
    case QL_CLIP_MANUAL:
        text_number(low, ql_spec_takes(spec, QL_KEY_ABS) ? -spec->abs : spec->lo, TEXT_SIGNIFICANT);
        text_number(high, ql_spec_takes(spec, QL_KEY_ABS) ? spec->abs : spec->hi, TEXT_SIGNIFICANT);
        return add(out, used, size, " · clip to %s … %s", low, high);
    default:
        return add(out, used, size, " · no clipping");
    }
}

void tui_document_words(const tui_document *document, char *out, size_t size)
{
    const ql_spec *spec = &document->spec;
    char value[64];
    size_t used = add(out, 0, size, "%s", ql_mapping_describe(spec->mapping)->title);
    if (ql_spec_takes(spec, QL_KEY_BITS))
        used = add(out, used, size, " · %u bit%s", spec->bits, spec->bits == 1 ? "" : "s");
    used = add_granularity(out, used, size, spec);
    if (ql_spec_takes(spec, QL_KEY_CLIP))
        used = add_clipping(out, used, size, spec);
    if (spec->double_quant)
        used = add(out, used, size, " · scales quantized too");
    if (ql_spec_takes(spec, QL_KEY_SCALE) && !spec->scale)
        used = add(out, used, size, " · unscaled");
    if (ql_spec_takes(spec, QL_KEY_ROUND) && spec->round != QL_ROUND_EVEN)
        used = add(out, used, size, spec->round == QL_ROUND_AWAY ? " · ties away from zero" : " · rounded by chance");
    ql_spec_value(spec, QL_KEY_OUTLIERS, value);
    if (spec->outliers > 0)
        add(out, used, size, spec->outliers_percent ? " · %s outliers kept" : " · outliers from %s on kept", value);
}

void tui_show_spec(char out[TUI_SPEC_SHOWN], const char *spec_text)
{
    ql_text_print(out, TUI_SPEC_SHOWN, ql_text_from(spec_text), 0);
}

/* ---- Knobs that do not turn -------------------------------------------------------------------------------------- */

static void why_no_granularity(const ql_spec *spec, const char *name, char *out, size_t size)
{
    if (spec->per == QL_PER_TENSOR)
        snprintf(out, size, "%s has no groups: every value is converted by itself", name);
    else if (ql_spec_takes(spec, QL_KEY_BLOCK))
        snprintf(out, size, "%s always has blocks of a row; + and - change their size", name);
    else
        snprintf(out, size, "%s has fixed blocks of %" PRIu64, name, spec->block);
}

void tui_document_why_not(const ql_spec *spec, int knob, char *out, size_t size)
{
    const char *name = ql_mapping_describe(spec->mapping)->name;
    const bool is_range = knob == TUI_KNOB_RANGE || knob == TUI_KNOB_RANGE_LO || knob == TUI_KNOB_RANGE_HI;
    const int key = knob == TUI_KNOB_FEWER ? QL_KEY_BITS : is_range ? QL_KEY_CLIP : knob;
    if (knob == TUI_KNOB_FINE &&
        (ql_spec_takes(spec, QL_KEY_P) || ql_spec_takes(spec, QL_KEY_BLOCK) || spec->clip == QL_CLIP_MANUAL))
        snprintf(out, size, "that is as far as it goes");
    else if (is_range && ql_spec_takes(spec, QL_KEY_CLIP))
        snprintf(out, size, "the range ends here: neither beyond all values nor with nothing in it");
    else if (knob == TUI_KNOB_FINE)
        snprintf(out, size, "nothing to change finely here: e opens all knobs of %s", name);
    else if (key < QL_KEY_COUNT && ql_spec_takes(spec, (ql_key)key))
        snprintf(out, size,
                 key == QL_KEY_FILE ? "a file is named by typing: Enter" : "that is as far as it goes; Enter types a value");
    else if (key == QL_KEY_PER)
        why_no_granularity(spec, name, out, size);
    else if (key == QL_KEY_BITS && spec->bits && !ql_spec_takes(spec, QL_KEY_FILE))
        snprintf(out, size, "%s has fixed codes of %u bit%s", name, spec->bits, spec->bits == 1 ? "" : "s");
    else if (key == QL_KEY_BITS)
        snprintf(out, size,
                 ql_spec_takes(spec, QL_KEY_FILE) ? "%s has as many bits as its levels need" : "%s keeps the bits as stored",
                 name);
    else if (key == QL_KEY_CLIP)
        snprintf(out, size, "%s has no clipping to choose", name);
    else
        snprintf(out, size, "%s has only one value for that", name);
}
