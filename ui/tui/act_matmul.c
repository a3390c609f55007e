/* What keys and the mouse do in the MatMul view. */
#include "tui/actions.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "tui/matmul.h"

#define LEAST_THRESHOLD 0.1
#define MOST_THRESHOLD  1000.0

/* ---- The threshold --------------------------------------------------------------------------------------------- */

/* Of two digits, so that it is what the screen says. */
static void set_threshold(tui_app *app, double threshold)
{
    threshold = threshold < LEAST_THRESHOLD ? LEAST_THRESHOLD : threshold > MOST_THRESHOLD ? MOST_THRESHOLD : threshold;
    const double tens = pow(10, 1 - floor(log10(threshold)));
    app->operands.threshold = round(threshold * tens) / tens;
}

/* A step is a tenth below 10, 1 below 100, then 10. */
void tui_act_threshold(tui_app *app, int steps)
{
    const double now = app->operands.threshold;
    for (int i = abs(steps); i > 0; i--) {
        const double at = app->operands.threshold, below = steps < 0 ? at * (1 - 1e-9) : at;
        set_threshold(app, at + (steps < 0 ? -0.1 : 0.1) * pow(10, below < 10 ? 0 : floor(log10(below))));
        if (app->operands.threshold == at)
            break;
    }
    if (app->operands.threshold == now)
        tui_document_say(&app->document, false, "thresholds are from %g to %g", LEAST_THRESHOLD, MOST_THRESHOLD);
}

void tui_act_threshold_wheel(tui_app *app, int direction)
{
    tui_act_threshold(app, -direction);
}

void tui_act_threshold_to(tui_app *app, int index)
{
    const tui_sweep *sweep = tui_matmul_seen(app, TUI_LOOK_SWEEP).made;
    app->pane = TUI_MATMUL_THRESHOLD;
    if (sweep)
        set_threshold(app, sweep->thresholds[index]);
}

void tui_drag_threshold(tui_app *app, int unused, tui_drag_step step)
{
    (void)unused;
    (void)step;
    const tui_channel_axis *axis = &app->operands.axis;
    app->pane = TUI_MATMUL_CHANNELS;
    if (axis->rows < 1)
        return;
    const double share = ((double)(axis->y + axis->rows - 1 - app->hits.y) + 0.5) / axis->rows;
    set_threshold(app, app->linear ? axis->lo + share * (axis->hi - axis->lo) : axis->lo * pow(axis->hi / axis->lo, share));
}

/* ---- Methods --------------------------------------------------------------------------------------------------- */

void tui_act_method(tui_app *app, int rows)
{
    const int count = TUI_MATMUL_ROWS - 1; /* without fp32 */
    app->operands.method = 1 + ((tui_matmul_map_row(app) - 1 + rows) % count + count) % count;
}

void tui_act_map_of(tui_app *app, int rows)
{
    app->pane = TUI_MATMUL_MAP;
    tui_act_method(app, rows);
}

void tui_act_method_at(tui_app *app, int row)
{
    app->pane = TUI_MATMUL_RESULTS;
    if (row > 0)
        app->operands.method = row;
}

void tui_act_rerun(tui_app *app, int unused)
{
    (void)unused;
    app->operands.reruns++;
    tui_document_measure(&app->document); /* after ^C */
}

/* ---- What is asked for in the command line --------------------------------------------------------------------- */

void tui_act_ask(tui_app *app, int which)
{
    static const char *const commands[] = { "rows ", "multiply-threads ", "x " };
    tui_prompt_open(app, commands[which]);
}

/* A number from 1 to `most`, or 0 for nothing. */
static bool take_number(tui_app *app, const char *text, const char *what, unsigned long most, unsigned long *out)
{
    char *end;
    errno = 0;
    *out = *text ? strtoul(text, &end, 10) : 0;
    const bool is_number = !*text || (*text >= '0' && *text <= '9' && !*end && errno == 0 && *out >= 1 && *out <= most);
    if (!is_number)
        tui_document_say(&app->document, true, "%s: a number from 1 to %lu is wanted", what, most);
    return is_number;
}

void tui_take_rows(tui_app *app, const char *text)
{
    enum { MOST_ROWS = 65536 };
    unsigned long rows;
    if (take_number(app, text, "rows of X", MOST_ROWS, &rows))
        app->operands.rows = rows;
}

void tui_take_threads(tui_app *app, const char *text)
{
    enum { MOST_THREADS = 1024 };
    unsigned long threads;
    if (take_number(app, text, "threads", MOST_THREADS, &threads))
        app->operands.threads = (unsigned)threads;
}
