/* A spec in words, for people who do not read specs yet. */
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

static size_t add_granularity(char *out, size_t used, size_t size, const ql_spec *spec)
{
    static const char *const scopes[] = {
        [QL_PER_TENSOR] = "one scale",      [QL_PER_ROW] = "scale per output row",  [QL_PER_COL] = "scale per input column",
        [QL_PER_BLOCK] = "scale per block", [QL_PER_FLAT] = "scale per flat block",
    };
    char block[64];
    used = add(out, used, size, " · %s", scopes[spec->per]);
    ql_spec_value(spec, QL_KEY_BLOCK, block);
    return *block ? add(out, used, size, " of %s", block) : used;
}

static size_t add_clipping(char *out, size_t used, size_t size, const ql_spec *spec)
{
    char low[64], high[64];
    if (spec->clip == QL_CLIP_MINMAX)
        return add(out, used, size, " · no clipping");
    if (ql_spec_takes(spec, QL_KEY_P)) {
        ql_spec_value(spec, QL_KEY_P, high);
        return add(out, used, size, " · clip at percentile %s", high);
    }
    if (ql_spec_takes(spec, QL_KEY_ABS)) {
        text_number(high, spec->abs, TEXT_SIGNIFICANT);
        return add(out, used, size, " · clip at ±%s", high);
    }
    text_number(low, spec->lo, TEXT_SIGNIFICANT);
    text_number(high, spec->hi, TEXT_SIGNIFICANT);
    return add(out, used, size, " · clip to %s … %s", low, high);
}

void tui_document_words(const tui_document *document, char *out, size_t size)
{
    const ql_spec *spec = &document->spec;
    size_t used = add(out, 0, size, "%s", ql_mapping_describe(spec->mapping)->title);
    if (ql_spec_takes(spec, QL_KEY_BITS))
        used = add(out, used, size, " · %u bits", spec->bits);
    if (ql_spec_takes(spec, QL_KEY_PER))
        used = add_granularity(out, used, size, spec);
    if (ql_spec_takes(spec, QL_KEY_CLIP))
        add_clipping(out, used, size, spec);
}
