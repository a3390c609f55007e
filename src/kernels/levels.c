/* Levels as the kernels want them: see encode.h. */
#include "kernels/encode.h"

#include <math.h>

const float ql_e2m1_values[16] = { 0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0.0f, -0.5f, -1, -1.5f, -2, -3, -4, -6 };

/* The thresholds of a cell; where it has none, one that nothing is above. However the place of v is rounded, it is within
 * `slack` of its cell. */
static bool make_cell(ql_levels16 *levels, int cell)
{
    const double slack = 1e-5, middle = (cell - 15) / (double)QL_CELLS_PER_ONE,
                 reach = 0.5 / (double)QL_CELLS_PER_ONE + slack;
    int first = 0, held = 0;
    levels->cell_threshold[cell] = INFINITY;
    for (unsigned t = 0; t < 15; t++) {
        const double threshold = levels->threshold[t];
        if (threshold < middle - reach) {
            first++;
        } else if (threshold <= middle + reach) {
            levels->cell_threshold[cell] = levels->threshold[t];
            held++;
        }
    }
    levels->cell_first[cell] = first;
    return held <= 1;
}

void ql_levels16_make(unsigned count, const float *level, const float *threshold, const int *code, ql_levels16 *out)
{
    *out = (ql_levels16) { .in_order = !code, .has_cells = true };
    for (unsigned i = 0; i < 16; i++) {
        out->level[i] = level[i < count ? i : count - 1];
        out->threshold[i] = i + 1 < count ? threshold[i] : INFINITY;
        out->code[i] = code && i < count ? code[i] : (int32_t)i;
    }
    for (int cell = 0; cell < 32; cell++) {
        out->has_cells &= make_cell(out, cell);
    }
}
