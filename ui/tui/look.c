/* The table of looks. */
#include "tui/look.h"

static ql_status make_strip(const tui_look_work *work, void **out, ql_error *error)
{
    ql_strip *strip = NULL;
    const ql_status status = ql_strip_make(work->engine, work->profile, work->report, work->wish.row, work->wish.col,
                                           (size_t)work->wish.cols, work->monitor, &strip, error);
    *out = strip;
    return status;
}

static void free_strip(void *made)
{
    ql_strip *strip = made;
    ql_strip_free(&strip);
}

static ql_status make_map(const tui_look_work *work, void **out, ql_error *error)
{
    ql_heat_map *map = NULL;
    const ql_tensor *tensor = work->profile->tensor;
    const ql_status status =
        ql_heat_map_make(work->engine, work->profile, work->report, QL_HEAT_MSE,
                         &(ql_region) { 0, 0, tensor->rows, tensor->cols }, QL_HEAT_ROWS, 128, work->monitor, &map, error);
    *out = map;
    return status;
}

static void free_map(void *made)
{
    ql_heat_map *map = made;
    ql_heat_map_free(&map);
}

static const struct {
    const char *doing;
    ql_status (*make)(const tui_look_work *work, void **out, ql_error *error);
    void (*free)(void *made);
} looks[TUI_LOOK_COUNT] = {
    [TUI_LOOK_STRIP] = { "looking at a block", make_strip, free_strip },
    [TUI_LOOK_MAP] = { "making a map", make_map, free_map },
};

bool tui_wish_is(const tui_wish *a, const tui_wish *b)
{
    return a->row == b->row && a->col == b->col && a->rows == b->rows && a->cols == b->cols && a->lo == b->lo &&
           a->hi == b->hi && a->what == b->what;
}

const char *tui_look_doing(tui_look_kind kind)
{
    return looks[kind].doing;
}

ql_status tui_look_make(tui_look_kind kind, const tui_look_work *work, void **out, ql_error *error)
{
    return looks[kind].make(work, out, error);
}

void tui_look_free(tui_look_kind kind, void **made)
{
    if (*made)
        looks[kind].free(*made);
    *made = NULL;
}
