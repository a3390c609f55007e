/* The table of looks. */
#include "tui/look.h"

#include "tui/products.h"
#include "tui/ranks.h"
#include "tui/weights.h"

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
    const tui_wish *wish = &work->wish;
    const ql_region region = { wish->row, wish->col, wish->rows, wish->cols };
    const ql_status status =
        ql_heat_map_make(work->engine, work->profile, work->report, (ql_heat_kind)wish->what, &region, (unsigned)wish->down,
                         (unsigned)wish->across, work->monitor, &map, error);
    *out = map;
    return status;
}

static void free_map(void *made)
{
    ql_heat_map *map = made;
    ql_heat_map_free(&map);
}

static ql_status make_zoom(const tui_look_work *work, void **out, ql_error *error)
{
    ql_zoom *zoom = NULL;
    const ql_status status =
        ql_zoom_make(work->engine, work->profile, work->report, work->wish.lo, work->wish.hi, work->monitor, &zoom, error);
    *out = zoom;
    return status;
}

static void free_zoom(void *made)
{
    ql_zoom *zoom = made;
    ql_zoom_free(&zoom);
}

static ql_status make_ways(const tui_look_work *work, void **out, ql_error *error)
{
    ql_ways *ways = NULL;
    const ql_status status =
        ql_ways_make(work->engine, work->profile, &work->report->spec, work->monitor, &ways, error);
    *out = ways;
    return status;
}

static void free_ways(void *made)
{
    ql_ways *ways = made;
    ql_ways_free(&ways);
}

static const struct {
    const char *doing;
    ql_status (*make)(const tui_look_work *work, void **out, ql_error *error);
    void (*free)(void *made);
} looks[TUI_LOOK_COUNT] = {
    [TUI_LOOK_STRIP] = { "looking at a block", make_strip, free_strip },
    [TUI_LOOK_MAP] = { "making a map", make_map, free_map },
    [TUI_LOOK_CHANNELS] = { "looking at rows and columns", tui_channels_make, tui_channels_free },
    [TUI_LOOK_WEIGHTS] = { "looking at weights", tui_weights_make, tui_weights_free },
    [TUI_LOOK_BYTES] = { "looking at bytes", tui_bytes_make, tui_bytes_free },
    [TUI_LOOK_GROUPS] = { "looking at groups", tui_groups_make, tui_groups_free },
    [TUI_LOOK_ZOOM] = { "counting what is in view", make_zoom, free_zoom },
    [TUI_LOOK_WAYS] = { "trying every way to clip", make_ways, free_ways },
    [TUI_LOOK_SPLIT] = { "splitting the product", tui_split_make, tui_split_free },
    [TUI_LOOK_PRODUCTS] = { "multiplying", tui_products_make, tui_products_free },
    [TUI_LOOK_SWEEP] = { "trying thresholds", tui_sweep_make, tui_sweep_free },
};

bool tui_wish_is(const tui_wish *a, const tui_wish *b)
{
    return a->row == b->row && a->col == b->col && a->rows == b->rows && a->cols == b->cols && a->lo == b->lo &&
           a->hi == b->hi && a->what == b->what && a->down == b->down && a->across == b->across && a->inputs == b->inputs;
}

void tui_wish_keep(tui_wish *kept, const tui_wish *wish)
{
    tui_inputs *before = kept->inputs;
    *kept = wish ? *wish : (tui_wish) { 0 };
    tui_inputs_retain(kept->inputs);
    tui_inputs_release(&before);
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
