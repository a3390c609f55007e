/* The window: see window.h. */
#include "tui/window.h"

#include <math.h>

#include "tui/app.h"

static const double LEAST = 1e-7;      /* of the whole: float32 hardly tells values apart that are nearer */
static const double FIT_MARGIN = 0.05; /* so that the ends of the range are seen */

void tui_window_reset(tui_app *app)
{
    tui_window *window = &app->window;
    window->tensor = app->document.tensor;
    window->from = 0;
    window->to = 1;
    window->fit = TUI_FIT_WHOLE;
    window->is_due = false;
}

void tui_window_follow_tensor(tui_app *app)
{
    if (app->window.tensor != app->document.tensor)
        tui_window_reset(app);
}

/* Shows [from, from + width], moved and cut so that it lies in the whole. */
static void show(tui_window *window, double from, double width)
{
    width = fmin(fmax(width, LEAST), 1);
    window->from = fmin(fmax(from, 0), 1 - width);
    window->to = width < 1 ? fmin(window->from + width, 1) : 1;
    window->is_due = false;
}

/* Where the values that a fit is to show end; false when that is not known yet: an estimate would move. */
static bool find_ends(const tui_app *app, double *lo, double *hi)
{
    const tui_document *document = &app->document;
    const ql_profile *profile = tui_document_profile(document);
    const bool is_clip = app->window.fit == TUI_FIT_CLIP;
    if (!profile || (is_clip && !tui_document_is_exact(document)))
        return false;
    *lo = is_clip ? document->shown->report->clip_lo : profile->stats.quantiles[0];
    *hi = is_clip ? document->shown->report->clip_hi : profile->stats.quantiles[QL_QUANTILE_COUNT - 1];
    const double margin = is_clip ? FIT_MARGIN * (*hi - *lo) : 0;
    *lo -= margin;
    *hi += margin;
    return true;
}

bool tui_window_range(tui_app *app, double whole_lo, double whole_hi, double *lo, double *hi)
{
    tui_window *window = &app->window;
    const double width = whole_hi - whole_lo;
    double ends[2];
    if (window->is_due && width > 0 && find_ends(app, &ends[0], &ends[1])) {
        const double from = fmax((ends[0] - whole_lo) / width, 0), to = fmin((ends[1] - whole_lo) / width, 1);
        show(window, from, to - from);
    }
    const double shown_lo = whole_lo + window->from * width;
    const double shown_hi = window->to < 1 ? whole_lo + window->to * width : whole_hi;
    const bool is_part = (window->from > 0 || window->to < 1) && shown_lo < shown_hi;
    *lo = is_part ? shown_lo : whole_lo;
    *hi = is_part ? shown_hi : whole_hi;
    return is_part;
}

bool tui_window_is_part(const tui_app *app)
{
    const tui_window *window = &app->window;
    return window->from > 0 || window->to < 1;
}

void tui_window_zoom(tui_app *app, int direction, double at)
{
    tui_window *window = &app->window;
    const double width = window->to - window->from, wanted = direction > 0 ? width / 2 : width * 2;
    const ql_profile *profile = tui_document_profile(&app->document);
    if (profile && !(profile->original.lo < profile->original.hi))
        tui_document_say(&app->document, false, "all values are the same: there is nothing to come closer to");
    else if (direction > 0 && wanted < LEAST)
        tui_document_say(&app->document, false, "closer than that nothing more is to be seen");
    else
        show(window, window->from + at * (width - wanted), wanted);
}

void tui_window_pan(tui_app *app, int direction)
{
    tui_window *window = &app->window;
    const double width = window->to - window->from;
    if (width >= 1)
        tui_document_say(&app->document, false, "all values are shown: x comes closer");
    else
        show(window, window->from + direction * width / 4, width);
}

void tui_window_next_fit(tui_app *app)
{
    static const char *const words[TUI_FIT_COUNT] = {
        [TUI_FIT_WHOLE] = "the view is of all values",
        [TUI_FIT_CENTRAL] = "the view is from p0.1 to p99.9: the central 99.8 % of the values",
        [TUI_FIT_CLIP] = "the view is of the clipping range",
    };
    tui_window *window = &app->window;
    const tui_fit fit = (window->fit + 1) % TUI_FIT_COUNT;
    tui_window_reset(app);
    window->fit = fit;
    window->is_due = fit != TUI_FIT_WHOLE;
    tui_document_say(&app->document, false, "%s", words[fit]);
}

double tui_window_cell(const tui_app *app)
{
    enum { USUAL_COLS = 64 }; /* where it was never drawn */
    const tui_window *window = &app->window;
    return (window->to - window->from) / (window->cols > 0 ? window->cols : USUAL_COLS);
}

double tui_window_mouse(const tui_app *app)
{
    const tui_window *window = &app->window;
    const double at = window->cols > 0 ? (app->hits.x - window->x + 0.5) / window->cols : 0.5;
    return fmin(fmax(at, 0), 1);
}

void tui_window_hold(tui_app *app)
{
    tui_window *window = &app->window;
    window->held = window->from + tui_window_mouse(app) * (window->to - window->from);
}

void tui_window_drag(tui_app *app)
{
    tui_window *window = &app->window;
    const double width = window->to - window->from;
    show(window, window->held - tui_window_mouse(app) * width, width);
}
