/* The panes of the MatMul view, one file each, and what they share. Each draws itself into a rectangle of any size. */
#ifndef TUI_MATMUL_H
#define TUI_MATMUL_H

#include "tui/app.h"
#include "tui/products.h"

/* The panes. */
enum {
    TUI_MATMUL_CHANNELS,
    TUI_MATMUL_RESULTS,
    TUI_MATMUL_THRESHOLD,
    TUI_MATMUL_MAP,
    TUI_MATMUL_OUTLIERS,
    TUI_MATMUL_PANES
};

void tui_matmul_channels(tui_app *app, tui_rect rect, bool focused);
void tui_matmul_results(tui_app *app, tui_rect rect, bool focused);
void tui_matmul_threshold(tui_app *app, tui_rect rect, bool focused);
void tui_matmul_map(tui_app *app, tui_rect rect, bool focused);
void tui_matmul_outliers(tui_app *app, tui_rect rect, bool focused);

/* What there is of TUI_LOOK_PRODUCTS, TUI_LOOK_SPLIT or TUI_LOOK_SWEEP; the first wishes it, too. The reason why there is
   nothing is that of the tensor, where it has one. */
tui_seen tui_matmul_wish(tui_app *app, tui_look_kind kind);
tui_seen tui_matmul_seen(const tui_app *app, tui_look_kind kind);

/* What is wished of the worker for one of them, with the threshold where it has one. */
tui_wish tui_matmul_wished(const tui_app *app, tui_look_kind kind);

/* The rows of the table: fp32, int8 per tensor, int8 per row, LLM.int8(), then what keeps X in float32 or codes weights
   otherwise. NULL: not there; is_old: of another spec, threshold or tensor. */
enum { TUI_MATMUL_SPLIT_ROW = TUI_RESULT_SPLIT, TUI_MATMUL_ROWS = TUI_RESULTS };
const tui_product *tui_matmul_row(const tui_app *app, int row, bool *is_old);
int tui_matmul_map_row(const tui_app *app); /* whose error the map shows */

/* A frame; a mark in place of the note where what is shown is older than what is asked for. */
tui_rect tui_matmul_frame(tui_app *app, tui_rect rect, bool focused, const char *title, const char *note, bool is_old);

/* What a method does, from the library's table; "" for an unknown one. */
const char *tui_matmul_meaning(const char *method);

/* "Y = X W^T  512×256 × 256×768". */
void tui_matmul_shapes(const tui_products *products, char *out, size_t size);

/* How many of loud[count], the largest first, reach the threshold. */
uint64_t tui_matmul_above(const float *loud, uint64_t count, double threshold);

/* `qloupe matmul` with what is multiplied and every method; false: the numbers are not there yet, or there is no room. */
bool tui_matmul_command(const tui_app *app, char *out, size_t size);

/* The words of the same, or of `qloupe plot` for a kind of figure of products with the methods that it is of here. False when
   memory is short; tui_said_free in any case. */
struct tui_said;
bool tui_matmul_say(struct tui_said *out, const tui_app *app, const ql_figure_kind *kind);

/* Copies of what the table shows; NULL when it does not show all of it yet, or memory is short. */
tui_results *tui_matmul_results_copy(const tui_app *app);

bool tui_matmul_words(const tui_app *app, char *out, size_t size);

/* Moves the threshold to where the mouse is. */
void tui_drag_threshold(tui_app *app, int unused, tui_drag_step step);

#endif
