/* Runs of values, and items in cells. */
#include "tui/spread.h"

#include <math.h>

static uint64_t run_start(const tui_spread *spread, int run)
{
    const uint64_t runs = (uint64_t)spread->count, at = (uint64_t)run;
    return spread->total / runs * at + spread->total % runs * at / runs; /* total * at / runs without overflow */
}

void tui_spread_make(tui_spread *out, const double *values, uint64_t count)
{
    *out = (tui_spread) { .total = count, .count = count < QL_BINS ? (int)count : QL_BINS };
    for (int run = 0; run < out->count; run++) {
        const uint64_t from = run_start(out, run), end = run_start(out, run + 1);
        out->least[run] = out->most[run] = values[from];
        for (uint64_t i = from; i < end; i++) {
            out->least[run] = fmin(out->least[run], values[i]);
            out->most[run] = fmax(out->most[run], values[i]);
            if (values[i] > 0 && (out->least_beyond <= 0 || values[i] < out->least_beyond))
                out->least_beyond = values[i];
            if (values[i] > out->peak) {
                out->peak = values[i];
                out->peak_at = i;
            }
        }
    }
}

int tui_spread_run(const tui_spread *spread, uint64_t at)
{
    int run = 0;
    while (run + 1 < spread->count && run_start(spread, run + 1) <= at)
        run++;
    return run;
}

tui_cells tui_cells_of(int items, int room)
{
    room = room < 1 ? 1 : room > QL_BINS ? QL_BINS : room;
    return (tui_cells) { items, items <= 0 ? 0 : items <= room ? room / items * items : room };
}

int tui_cells_items(tui_cells cells, int cell, int *end)
{
    const int from = (int)((int64_t)cell * cells.items / cells.count);
    *end = (int)(((int64_t)cell + 1) * cells.items / cells.count);
    *end += *end == from;
    return from;
}

int tui_cells_find(tui_cells cells, int item)
{
    for (int cell = 0, end; cell < cells.count; cell++) {
        tui_cells_items(cells, cell, &end);
        if (item < end)
            return cell;
    }
    return 0;
}
