/* The kernels of products for every machine, in plain C: what they mean. product.h draws the operands. */
#include "kernels/product.h"

#include <math.h>
#include <string.h>

enum { ROWS = 4, OUTPUTS = 16 };

static int32_t cell_product(const uint8_t x[QL_CELL], const uint8_t w[QL_CELL])
{
    int32_t sum = 0;
    for (int i = 0; i < QL_CELL; i++) {
        sum += (int8_t)x[i] * w[i];
    }
    return sum;
}

static uint32_t corrected(uint32_t sum, int32_t x_sum)
{
    return sum - 128u * (uint32_t)x_sum;
}

static void floats(const ql_band *band, bool more, float *y)
{
    for (size_t panel = 0; panel < band->panels; panel++) {
        const uint8_t *w = band->w + panel * band->panel;
        for (unsigned row = 0; row < band->rows; row++) {
            float *out = y + row * band->stride + panel * OUTPUTS;
            for (unsigned i = 0; i < OUTPUTS; i++) {
                float sum = more ? out[i] : 0;
                for (size_t cell = 0; cell < band->cells; cell++) {
                    float a, b;
                    memcpy(&a, band->x + (cell * band->rows + row) * QL_CELL, QL_CELL);
                    memcpy(&b, w + (cell * OUTPUTS + i) * QL_CELL, QL_CELL);
                    sum = fmaf(a, b, sum);
                }
                out[i] = sum;
            }
        }
    }
}

static void codes(const ql_band *band, const int32_t *x_sums, int32_t *y)
{
    for (size_t panel = 0; panel < band->panels; panel++) {
        const uint8_t *w = band->w + panel * band->panel;
        for (unsigned row = 0; row < band->rows; row++) {
            for (unsigned i = 0; i < OUTPUTS; i++) {
                uint32_t sum = 0;
                for (size_t cell = 0; cell < band->cells; cell++) {
                    sum += (uint32_t)cell_product(band->x + (cell * band->rows + row) * QL_CELL,
                                                  w + (cell * OUTPUTS + i) * QL_CELL);
                }
                y[row * band->stride + panel * OUTPUTS + i] = (int32_t)corrected(sum, x_sums[row]);
            }
        }
    }
}

/* The codes of output i in a cell of a panel: 4 of them. */
static void unpack(const uint8_t *cell, unsigned i, const uint8_t (*levels)[16], uint8_t out[QL_CELL])
{
    if (!levels) {
        memcpy(out, cell + i * QL_CELL, QL_CELL);
        return;
    }
    const bool is_high = i >= OUTPUTS / 2;
    const uint8_t *bytes = cell + (is_high ? i - OUTPUTS / 2 : i) * QL_CELL;
    for (int k = 0; k < QL_CELL; k++) {
        out[k] = (*levels)[is_high ? bytes[k] >> 4 : bytes[k] & 15];
    }
}

static void grouped(const ql_band *band, const ql_grouped *g, const uint8_t (*levels)[16], float *y)
{
    const size_t groups = (band->cells + g->group_cells - 1) / g->group_cells,
                 cell_size = OUTPUTS * QL_CELL / (levels ? 2 : 1);
    for (size_t panel = 0; panel < band->panels; panel++) {
        const uint8_t *w = band->w + panel * band->panel;
        for (unsigned row = 0; row < band->rows; row++) {
            for (unsigned i = 0; i < OUTPUTS; i++) {
                float total = 0;
                for (size_t group = 0; group < groups; group++) {
                    const size_t first = group * g->group_cells, left = band->cells - first;
                    const size_t end = first + (left < g->group_cells ? left : g->group_cells);
                    uint32_t sum = 0;
                    for (size_t cell = first; cell < end; cell++) {
                        uint8_t four[QL_CELL];
                        unpack(w + cell * cell_size, i, levels, four);
                        sum += (uint32_t)cell_product(band->x + (cell * band->rows + row) * QL_CELL, four);
                    }
                    const int32_t exact = (int32_t)corrected(sum, g->x_sums[group * band->rows + row]);
                    total = fmaf((float)exact, g->scales[(panel * groups + group) * OUTPUTS + i], total);
                }
                y[row * band->stride + panel * OUTPUTS + i] = total;
            }
        }
    }
}

static void grouped_codes(const ql_band *band, const ql_grouped *g, float *y)
{
    grouped(band, g, NULL, y);
}

static void grouped_nibbles(const ql_band *band, const ql_grouped *g, float *y)
{
    grouped(band, g, g->levels, y);
}

static void leveled(const ql_band *band, const ql_leveled *l, float *y)
{
    static const uint8_t codes[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
    const size_t groups = (band->cells + l->group - 1) / l->group, cell_size = OUTPUTS * QL_CELL / 2;
    for (size_t panel = 0; panel < band->panels; panel++) {
        const uint8_t *w = band->w + panel * band->panel;
        for (unsigned row = 0; row < band->rows; row++) {
            for (unsigned i = 0; i < OUTPUTS; i++) {
                float sum = 0;
                for (size_t input = 0; input < band->cells; input++) {
                    uint8_t four[QL_CELL];
                    float x;
                    unpack(w + input / QL_CELL * cell_size, i, &codes, four);
                    memcpy(&x, band->x + (input * band->rows + row) * QL_CELL, QL_CELL);
                    const float scale = l->scales[(panel * groups + input / l->group) * OUTPUTS + i];
                    sum = fmaf(x, (*l->levels)[four[input % QL_CELL]] * scale, sum);
                }
                y[row * band->stride + panel * OUTPUTS + i] = sum;
            }
        }
    }
}

static void scale(void *y, size_t n, float step, const float *steps)
{
    for (size_t i = 0; i < n; i++) {
        int32_t sum;
        memcpy(&sum, (uint8_t *)y + i * sizeof sum, sizeof sum);
        const float number = (float)sum * (step * steps[i]);
        memcpy((uint8_t *)y + i * sizeof number, &number, sizeof number);
    }
}

const ql_product_kernels ql_products_scalar = {
    .name = "scalar",
    .rows = ROWS,
    .outputs = OUTPUTS,
    .floats = floats,
    .codes = codes,
    .grouped_codes = grouped_codes,
    .grouped_nibbles = grouped_nibbles,
    .leveled = leveled,
    .scale = scale,
};
