/* Rows, columns and groups, each by itself. */
#include "tui/ranks.h"

#include <stdlib.h>
#include <string.h>

static ql_status fail_memory(ql_error *error)
{
    *error = (ql_error) { QL_NO_MEMORY, "out of memory" };
    return error->status;
}

ql_status tui_channels_make(const tui_look_work *work, void **out, ql_error *error)
{
    tui_channels *made = calloc(1, sizeof *made);
    if (!made)
        return fail_memory(error);
    ql_status status = ql_channels_make(work->engine, work->profile, work->report, work->monitor, &made->numbers, error);
    if (status != QL_OK) {
        free(made);
        return status;
    }
    const ql_channels *c = made->numbers;
    tui_spread_make(&made->col_mse, c->col_mse, c->col_count);
    made->loud_row_count = ql_largest(c->row_rms, c->row_count, TUI_RANKS, made->loud_rows);
    made->loud_col_count = ql_largest(c->col_rms, c->col_count, TUI_RANKS, made->loud_cols);
    *out = made;
    return QL_OK;
}

void tui_channels_free(void *made)
{
    tui_channels *channels = made;
    ql_channels_free(&channels->numbers);
    free(channels);
}

ql_status tui_groups_make(const tui_look_work *work, void **out, ql_error *error)
{
    const uint64_t count = work->report->group_count;
    tui_groups *made = calloc(1, sizeof *made);
    double *mse = count <= SIZE_MAX / sizeof *mse ? malloc((size_t)count * sizeof *mse) : NULL;
    ql_status status = made && mse ? ql_group_errors(work->engine, work->profile, work->report, work->monitor, mse, error)
                                   : fail_memory(error);
    if (status == QL_OK) {
        tui_spread_make(&made->mse, mse, count);
        made->worst_count = ql_largest(mse, count, TUI_RANKS, made->worst);
        for (size_t i = 0; i < made->worst_count; i++) {
            made->worst_mse[i] = mse[made->worst[i]];
            made->places[i] = ql_group_place_of(work->profile->tensor, &work->report->spec, made->worst[i]);
        }
        *out = made;
        made = NULL;
    }
    free(made);
    free(mse);
    return status;
}

void tui_groups_free(void *made)
{
    free(made);
}

void tui_choice_step(tui_choice *choice, tui_step step)
{
    const int page = choice->page > 1 ? choice->page - 1 : 1;
    int at = choice->at;
    switch (step) {
    case TUI_STEP_UP:
        at--;
        break;
    case TUI_STEP_DOWN:
        at++;
        break;
    case TUI_STEP_PAGE_UP:
        at -= page;
        break;
    case TUI_STEP_PAGE_DOWN:
        at += page;
        break;
    case TUI_STEP_FIRST:
        at = 0;
        break;
    case TUI_STEP_LAST:
        at = choice->count - 1;
        break;
    case TUI_STEP_LEFT:
    case TUI_STEP_RIGHT:
        break;
    }
    at = at >= choice->count ? choice->count - 1 : at;
    choice->at = at < 0 ? 0 : at;
}

int tui_choice_first(tui_choice *choice, int count, int rows)
{
    choice->count = count;
    choice->page = rows;
    choice->at = choice->at >= count ? count - 1 : choice->at;
    choice->at = choice->at < 0 ? 0 : choice->at;
    const int first = choice->at - rows / 2, last = count - rows;
    return first < 0 || last < 0 ? 0 : first > last ? last : first;
}
