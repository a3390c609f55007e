/* What is known of the part of the values that is shown. */
#include "tui/looks.h"
#include "tui/values.h"

/* From bins that do not end where the part does. */
static tui_outside outside_of(const ql_histogram *histogram, double lo, double hi)
{
    tui_outside counts = { histogram->below, histogram->above, true };
    const double width = (histogram->hi - histogram->lo) / QL_BINS;
    for (int bin = 0; bin < QL_BINS; bin++) {
        const double middle = histogram->lo + (bin + 0.5) * width;
        counts.below += middle < lo ? histogram->bins[bin] : 0;
        counts.above += middle > hi ? histogram->bins[bin] : 0;
    }
    return counts;
}

/* Counted closely, as far as that is done. */
static const ql_histogram *choose(const ql_histogram *whole, const ql_histogram *close, double lo, double hi,
                                  tui_outside *counts)
{
    *counts = close ? (tui_outside) { close->below, close->above, false } : outside_of(whole, lo, hi);
    return close ? close : whole;
}

void tui_counts_find(tui_app *app, const tui_facts *facts, tui_counts *out)
{
    const ql_histogram *original = facts->original, *dequantized = facts->report ? &facts->report->dequantized : NULL;
    *out = (tui_counts) { .original = original, .dequantized = dequantized };
    out->is_part = tui_window_range(app, original->lo, original->hi, &out->lo, &out->hi);
    if (!out->is_part) {
        const bool is_guess = facts->is_sampled && !tui_document_profile(&app->document);
        out->outside_original = (tui_outside) { original->below, original->above, is_guess };
        if (dequantized)
            out->outside_dequantized = (tui_outside) { dequantized->below, dequantized->above, facts->is_sampled };
        return;
    }
    const tui_wish wish = { .lo = out->lo, .hi = out->hi };
    const tui_seen seen = tui_looks_wish(&app->document, TUI_LOOK_ZOOM, &wish);
    const ql_zoom *zoom = seen.made && tui_wish_is(seen.wish, &wish) ? seen.made : NULL; /* the original has no spec */
    const ql_histogram *close = zoom && facts->report && seen.measure->report == facts->report ? &zoom->dequantized : NULL;
    out->original = choose(original, zoom ? &zoom->original : NULL, out->lo, out->hi, &out->outside_original);
    if (facts->report && !close && ql_zoom_levels(facts->report, out->lo, out->hi, &out->levels))
        close = &out->levels;
    if (dequantized)
        out->dequantized = choose(dequantized, close, out->lo, out->hi, &out->outside_dequantized);
}
