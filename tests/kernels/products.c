/* Kernels of products against plain sums: see products.h. */
#include "products.h"
#include "draw.h"
#include "fence.h"
#include "kernels/product.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    MOST_PANELS = 9,
    MOST_CELLS = 160,
    MOST_OUTPUTS_ALL = MOST_PANELS * QL_PRODUCT_OUTPUTS,
    SPARE = 24,
    UNTOUCHED = 0xA5
};

/* Operands as they are before packing, and packed. */
typedef struct trial {
    const ql_product_kernels *kernels;
    uint64_t draws;
    size_t rows, panels, cells, group_cells, groups, width; /* width: outputs of all panels */
    bool nibbles;
    uint8_t (*x)[MOST_CELLS][QL_CELL]; /* [QL_PRODUCT_ROWS] */
    uint8_t (*w)[MOST_CELLS][QL_CELL]; /* [MOST_OUTPUTS_ALL]; codes as they are, not + 128 */
    uint8_t levels[16];                /* code + 128 */
    fence x_memory, w_memory, scales_memory, sums_memory, y_memory;
    ql_band band;
    float *scales;
    int32_t *x_sums;
    uint8_t *y;
} trial;

static unsigned char *at_end(fence f, size_t bytes)
{
    return f.bytes + f.size - bytes;
}

static int8_t draw_code(uint64_t *state, uint32_t kind)
{
    static const int8_t extremes[] = { -128, 127, 0, -127, 1, -1 };
    return kind == 0 ? -128 : kind == 1 ? 127 : draw(state) & 1 ? (int8_t)draw(state) : DRAW_FROM(state, extremes);
}

static float draw_weight(uint64_t *state)
{
    static const float special[] = { 0.0f, -0.0f, 0x1p-149f, 1, 0x1p24f, 1e18f, -1e18f };
    return draw_below(state, 8) ? (float)draw_normal(state) : DRAW_FROM(state, special);
}

static void fill(trial *t, bool floats)
{
    const uint32_t x_kind = draw_below(&t->draws, 6), w_kind = draw_below(&t->draws, 6);
    for (size_t cell = 0; cell < t->cells; cell++) {
        for (size_t i = 0; i < t->rows + t->width; i++) {
            uint8_t *four = i < t->rows ? t->x[i][cell] : t->w[i - t->rows][cell];
            const float number = draw_weight(&t->draws);
            for (int k = 0; k < QL_CELL && !floats; k++) {
                four[k] = t->nibbles && i >= t->rows ? draw(&t->draws) & 15
                                                     : (uint8_t)draw_code(&t->draws, i < t->rows ? x_kind : w_kind);
            }
            if (floats) {
                memcpy(four, &number, QL_CELL);
            }
        }
    }
    for (int i = 0; i < 16; i++) {
        t->levels[i] = (uint8_t)draw(&t->draws);
    }
}

/* As product.h draws it. */
static void pack(trial *t, uint8_t flip)
{
    const size_t outputs = t->kernels->outputs, cell_size = outputs * QL_CELL / (t->nibbles ? 2 : 1),
                 spare = draw(&t->draws) & 1 ? cell_size * draw_below(&t->draws, 3) : 0;
    const size_t panel = t->cells * cell_size + spare, x_size = t->cells * t->rows * QL_CELL;
    uint8_t *x = at_end(t->x_memory, x_size), *w = at_end(t->w_memory, t->panels * panel - spare);
    for (size_t cell = 0; cell < t->cells; cell++) {
        for (size_t row = 0; row < t->rows; row++) {
            memcpy(x + (cell * t->rows + row) * QL_CELL, t->x[row][cell], QL_CELL);
        }
        for (size_t output = 0; output < t->width; output++) {
            uint8_t *to = w + output / outputs * panel + cell * cell_size;
            const size_t place = output % outputs, half = outputs / 2;
            for (size_t k = 0; k < QL_CELL; k++) {
                const uint8_t byte = t->w[output][cell][k];
                if (!t->nibbles) {
                    to[place * QL_CELL + k] = byte ^ flip;
                } else if (place < half) {
                    to[place * QL_CELL + k] = byte;
                } else {
                    to[(place - half) * QL_CELL + k] |= (uint8_t)(byte << 4);
                }
            }
        }
    }
    t->band = (ql_band) {
        .cells = t->cells,
        .rows = (unsigned)t->rows,
        .panels = t->panels,
        .x = x,
        .w = w,
        .panel = panel,
        .stride = t->width + draw_below(&t->draws, SPARE),
    };
    const size_t y_size = ((t->rows - 1) * t->band.stride + t->width) * sizeof(float);
    t->y = at_end(t->y_memory, y_size);
    memset(t->y_memory.bytes, UNTOUCHED, t->y_memory.size);
}

/* The sum of products of codes in cells [first, end), as 32 bits. */
static int32_t sum_of(const trial *t, size_t row, size_t output, size_t first, size_t end)
{
    int64_t sum = 0;
    for (size_t cell = first; cell < end; cell++) {
        for (size_t k = 0; k < QL_CELL; k++) {
            const uint8_t byte = t->w[output][cell][k];
            sum += (int8_t)t->x[row][cell][k] * (t->nibbles ? t->levels[byte] - 128 : (int8_t)byte);
        }
    }
    return (int32_t)sum;
}

static void find_sums(trial *t)
{
    t->groups = (t->cells + t->group_cells - 1) / t->group_cells;
    t->x_sums = (int32_t *)(void *)at_end(t->sums_memory, t->groups * t->rows * sizeof(int32_t));
    t->scales = (float *)(void *)at_end(t->scales_memory, t->groups * t->width * sizeof(float));
    for (size_t i = 0; i < t->groups * t->width; i++) {
        t->scales[i] = (float)draw_normal(&t->draws);
    }
    for (size_t group = 0; group < t->groups; group++) {
        for (size_t row = 0; row < t->rows; row++) {
            int32_t *sum = &t->x_sums[group * t->rows + row];
            *sum = 0;
            for (size_t cell = group * t->group_cells; cell < (group + 1) * t->group_cells && cell < t->cells; cell++) {
                for (size_t k = 0; k < QL_CELL; k++) {
                    *sum += (int8_t)t->x[row][cell][k];
                }
            }
        }
    }
}

/* What y[row][output] is in bits. */
typedef uint32_t meaning(const trial *t, size_t row, size_t output);

static uint32_t bits_of(float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

static uint32_t mean_floats(const trial *t, size_t row, size_t output)
{
    float sum = 0;
    for (size_t cell = 0; cell < t->cells; cell++) {
        float a, b;
        memcpy(&a, t->x[row][cell], QL_CELL);
        memcpy(&b, t->w[output][cell], QL_CELL);
        sum = fmaf(a, b, sum);
    }
    return bits_of(sum);
}

static uint32_t mean_codes(const trial *t, size_t row, size_t output)
{
    return (uint32_t)sum_of(t, row, output, 0, t->cells);
}

static uint32_t mean_grouped(const trial *t, size_t row, size_t output)
{
    const size_t outputs = t->kernels->outputs;
    float y = 0;
    for (size_t group = 0; group < t->groups; group++) {
        const size_t first = group * t->group_cells,
                     end = first + t->group_cells < t->cells ? first + t->group_cells : t->cells;
        const float scale = t->scales[(output / outputs * t->groups + group) * outputs + output % outputs];
        y = fmaf((float)sum_of(t, row, output, first, end), scale, y);
    }
    return bits_of(y);
}

/* ---- The members of ql_product_kernels */

/* In two parts: the second one continues the sums. */
static void run_floats(const trial *t)
{
    const size_t outputs = t->kernels->outputs, first = t->cells / 2;
    ql_band part = t->band;
    part.cells = first;
    if (first > 0) {
        t->kernels->floats(&part, false, (float *)(void *)t->y);
    }
    part.cells = t->cells - first;
    part.x += first * t->rows * QL_CELL;
    part.w += first * outputs * QL_CELL;
    t->kernels->floats(&part, first > 0, (float *)(void *)t->y);
}

static void run_codes(const trial *t)
{
    t->kernels->codes(&t->band, t->x_sums, (int32_t *)(void *)t->y);
}

static void run_grouped(const trial *t)
{
    const ql_grouped grouped = { t->group_cells, t->scales, t->x_sums, t->nibbles ? &t->levels : NULL };
    (t->nibbles ? t->kernels->grouped_nibbles : t->kernels->grouped_codes)(&t->band, &grouped, (float *)(void *)t->y);
}

static const struct member {
    const char *name;
    bool floats, grouped, nibbles;
    meaning *mean;
    void (*run)(const trial *t);
} members[] = {
    { "floats", true, false, false, mean_floats, run_floats },
    { "codes", false, false, false, mean_codes, run_codes },
    { "grouped_codes", false, true, false, mean_grouped, run_grouped },
    { "grouped_nibbles", false, true, true, mean_grouped, run_grouped },
};
enum { MEMBERS = sizeof members / sizeof *members };

static bool is_right(const trial *t, meaning *mean)
{
    for (const uint8_t *p = t->y_memory.bytes; p < t->y; p++) {
        if (*p != UNTOUCHED) {
            return false;
        }
    }
    const uint8_t *end = t->y_memory.bytes + t->y_memory.size;
    for (size_t row = 0; row < t->rows; row++) {
        const uint8_t *y = t->y + row * t->band.stride * sizeof(float);
        for (size_t output = 0; output < t->width; output++) {
            uint32_t got;
            memcpy(&got, y + output * sizeof got, sizeof got);
            if (got != mean(t, row, output)) {
                return false;
            }
        }
        for (const uint8_t *p = y + t->width * sizeof(float); p < y + t->band.stride * sizeof(float) && p < end; p++) {
            if (*p != UNTOUCHED) {
                return false;
            }
        }
    }
    return true;
}

static bool try_once(trial *t, const struct member *m, unsigned round)
{
    t->rows = 1 + round % t->kernels->rows;
    t->panels = 1 + round / t->kernels->rows % MOST_PANELS;
    t->width = t->panels * t->kernels->outputs;
    t->cells = 1 + draw_below(&t->draws, draw_below(&t->draws, 8) ? 20 : MOST_CELLS);
    t->group_cells = m->grouped ? 1 + draw_below(&t->draws, draw(&t->draws) & 1 ? 8 : t->cells + 2) : t->cells;
    t->nibbles = m->nibbles;
    fill(t, m->floats);
    pack(t, m->floats ? 0 : 0x80);
    find_sums(t);
    m->run(t);
    return is_right(t, m->mean);
}

/* Sums to numbers, of any count, in their place. */
static bool try_scale(trial *t, unsigned round)
{
    const size_t n = round % 70;
    int32_t *sums = malloc((n + 1) * sizeof *sums);
    float *steps = (float *)(void *)at_end(t->scales_memory, n * sizeof *steps);
    uint8_t *y = at_end(t->y_memory, n * sizeof *sums);
    const float step = (float)draw_normal(&t->draws);
    for (size_t i = 0; i < n; i++) {
        sums[i] = (int32_t)(draw(&t->draws) >> draw_below(&t->draws, 32));
        steps[i] = (float)draw_normal(&t->draws);
    }
    memcpy(y, sums, n * sizeof *sums);
    t->kernels->scale(y, n, step, steps);
    bool good = true;
    for (size_t i = 0; i < n; i++) {
        const float factor = step * steps[i], number = (float)sums[i] * factor;
        good = good && memcmp(y + i * sizeof number, &number, sizeof number) == 0;
    }
    free(sums);
    return good;
}

/* Floats times nibbles: cells of X are inputs, those of W four of them. */
static bool try_leveled(trial *t, unsigned round)
{
    const size_t outputs = t->kernels->outputs;
    float levels[16];
    t->rows = 1 + round % t->kernels->rows;
    t->panels = 1 + round / t->kernels->rows % MOST_PANELS;
    t->width = t->panels * outputs;
    const size_t inputs = 1 + draw_below(&t->draws, 70), cells = (inputs + QL_CELL - 1) / QL_CELL,
                 group = QL_CELL * (1 + draw_below(&t->draws, 9)), groups = (inputs + group - 1) / group,
                 cell_size = outputs * QL_CELL / 2, panel = cells * cell_size, half = outputs / 2;
    t->cells = inputs;
    uint8_t *x = at_end(t->x_memory, inputs * t->rows * sizeof(float)), *w = at_end(t->w_memory, t->panels * panel);
    float *scales = (float *)(void *)at_end(t->scales_memory, groups * t->width * sizeof *scales);
    for (size_t i = 0; i < inputs * t->rows; i++) {
        const float number = (float)draw_normal(&t->draws);
        memcpy(x + i * sizeof number, &number, sizeof number);
    }
    for (size_t i = 0; i < t->panels * panel; i++) {
        w[i] = (uint8_t)draw(&t->draws);
    }
    for (size_t i = 0; i < groups * t->width; i++) {
        scales[i] = (float)draw_normal(&t->draws);
    }
    for (int i = 0; i < 16; i++) {
        levels[i] = (float)draw_normal(&t->draws);
    }
    t->band = (ql_band) { inputs, (unsigned)t->rows, t->panels, x, w, panel, t->width + draw_below(&t->draws, SPARE) };
    t->y = at_end(t->y_memory, ((t->rows - 1) * t->band.stride + t->width) * sizeof(float));
    memset(t->y_memory.bytes, UNTOUCHED, t->y_memory.size);
    t->kernels->leveled(&t->band, &(ql_leveled) { group, scales, &levels }, (float *)(void *)t->y);
    for (size_t row = 0; row < t->rows; row++) {
        for (size_t output = 0; output < t->width; output++) {
            const size_t of_panel = output / outputs, place = output % outputs;
            float sum = 0, got;
            for (size_t input = 0; input < inputs; input++) {
                const uint8_t both =
                    w[of_panel * panel + input / QL_CELL * cell_size + place % half * QL_CELL + input % QL_CELL];
                const float level = levels[place < half ? both & 15 : both >> 4],
                            scale = scales[(of_panel * groups + input / group) * outputs + place];
                float value;
                memcpy(&value, x + (input * t->rows + row) * sizeof value, sizeof value);
                const float weight = level * scale;
                sum = fmaf(value, weight, sum);
            }
            memcpy(&got, t->y + (row * t->band.stride + output) * sizeof got, sizeof got);
            if (bits_of(got) != bits_of(sum)) {
                return false;
            }
        }
    }
    for (const uint8_t *p = t->y_memory.bytes; p < t->y; p++) {
        if (*p != UNTOUCHED) {
            return false;
        }
    }
    return true;
}

/* What has its own shape. */
static const struct {
    const char *name;
    bool (*try)(trial *t, unsigned round);
} others[] = { { "scale", try_scale }, { "leveled", try_leveled } };

unsigned products_check(uint64_t seed, unsigned rounds, char *running, size_t size, unsigned *passed)
{
    enum { ALL_SUMS = QL_PRODUCT_ROWS * MOST_CELLS, ALL_SCALES = MOST_OUTPUTS_ALL * MOST_CELLS };
    trial t = {
        .x = calloc(QL_PRODUCT_ROWS, sizeof *t.x),
        .w = calloc(MOST_OUTPUTS_ALL, sizeof *t.w),
        .x_memory = fence_new(ALL_SUMS * QL_CELL),
        .w_memory = fence_new(ALL_SCALES * QL_CELL + MOST_PANELS * 3 * QL_PRODUCT_OUTPUTS * QL_CELL),
        .scales_memory = fence_new(ALL_SCALES * sizeof(float)),
        .sums_memory = fence_new(ALL_SUMS * sizeof(int32_t)),
        .y_memory = fence_new((size_t)QL_PRODUCT_ROWS * (MOST_OUTPUTS_ALL + SPARE) * sizeof(float)),
    };
    unsigned failed = 0;
    for (size_t i = 0; (t.kernels = ql_products_at(i)) != NULL && t.x && t.w; i++) {
        for (size_t m = 0; m < MEMBERS; m++) {
            bool good = true;
            for (unsigned round = 0; good && round < rounds; round++) {
                t.draws = (seed * 1000003 + round) * MEMBERS + m;
                snprintf(running, size, "%s of products of %s, round %u, seed %" PRIu64, members[m].name, t.kernels->name,
                         round, seed);
                good = try_once(&t, &members[m], round);
            }
            if (!good) {
                printf("products of %s: %s differs from its meaning (%zu rows, %zu panels, %zu cells in groups of %zu)\n",
                       t.kernels->name, members[m].name, t.rows, t.panels, t.cells, t.group_cells);
            }
            *passed += good;
            failed += !good;
        }
        for (size_t o = 0; o < sizeof others / sizeof *others; o++) {
            bool good = true;
            for (unsigned round = 0; good && round < rounds; round++) {
                t.draws = seed * 1000003 + round;
                snprintf(running, size, "%s of products of %s, round %u, seed %" PRIu64, others[o].name, t.kernels->name,
                         round, seed);
                good = others[o].try(&t, round);
            }
            if (!good) {
                printf("products of %s: %s differs from its meaning (%zu rows, %zu panels, %zu inputs)\n", t.kernels->name,
                       others[o].name, t.rows, t.panels, t.cells);
            }
            *passed += good;
            failed += !good;
        }
    }
    free(t.x);
    free(t.w);
    return failed;
}
