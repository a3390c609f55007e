/*
 * The window: the part of the values that the distribution shows, as shares of the whole range [min, max] of the tensor. So
 * keys and the mouse may change it before the tensor has been read. It stays when the spec changes, and is the whole again
 * when another tensor is selected.
 */
#ifndef TUI_WINDOW_H
#define TUI_WINDOW_H

#include <stdbool.h>
#include <stddef.h>

struct tui_app;

/* What `a` goes through. The last two take numbers of the tensor. */
typedef enum tui_fit { TUI_FIT_WHOLE, TUI_FIT_CENTRAL, TUI_FIT_CLIP, TUI_FIT_COUNT } tui_fit;

typedef struct tui_window {
    size_t tensor;   /* whose values */
    double from, to; /* 0 <= from < to <= 1 */
    tui_fit fit;     /* as chosen last */
    bool is_due;     /* it could not be made yet: the numbers are missing */
    int x, cols;     /* of the plot on the screen, as drawn last */
    double held;     /* the share that the mouse holds while it drags */
} tui_window;

void tui_window_reset(struct tui_app *app);

/* The whole again if another tensor is selected than before. */
void tui_window_follow_tensor(struct tui_app *app);

/* The part of [whole_lo, whole_hi], to *lo and *hi; false when it is the whole, or nothing can be smaller. Makes a fit that
   is due, if it can be made. */
bool tui_window_range(struct tui_app *app, double whole_lo, double whole_hi, double *lo, double *hi);

/* Less than the whole is to be shown of the selected tensor. */
bool tui_window_is_part(const struct tui_app *app);

/* Twice as close (direction > 0) or half as close, around the share `at` of the window. */
void tui_window_zoom(struct tui_app *app, int direction, double at);

/* By a quarter of what is shown. */
void tui_window_pan(struct tui_app *app, int direction);

/* The next fit; says what it is. */
void tui_window_next_fit(struct tui_app *app);

/* The share of the whole that a cell of the screen takes. */
double tui_window_cell(const struct tui_app *app);

/* Where in the window the mouse is, 0..1. */
double tui_window_mouse(const struct tui_app *app);

/* The share that the mouse holds is brought to where it is now. */
void tui_window_hold(struct tui_app *app);
void tui_window_drag(struct tui_app *app);

#endif
