/*
 * The kernels of products in vectors of 16 lanes: product.h draws the operands, product_scalar.c says what they mean. A file
 * that is compiled for an instruction set defines PRODUCT_ROWS, the rows of a tile, so that its sums fit the registers, and
 * PRODUCT_FULL, how many vectors of sums those are at most. A panel of W has as many outputs as the half bytes of one load.
 */
#include "kernels/product.h"
#include "kernels/simd.h"

enum { ROWS = PRODUCT_ROWS, VECTORS = QL_LEVEL_VECTORS, OUTPUTS = 16 * VECTORS, PANEL_CELL = OUTPUTS * QL_CELL };
enum { MOST_AT_ONCE = 4 }; /* panels */
enum { AHEAD = 2048 };     /* bytes of W that are asked for before they are needed: it may come from far away */

/* With few rows several panels are taken at once, so that no sum waits for the one before. */
#define AT_ONCE(rows)                                                                                                       \
    ((rows)*VECTORS * 4 <= PRODUCT_FULL   ? 4                                                                               \
     : (rows)*VECTORS * 3 <= PRODUCT_FULL ? 3                                                                               \
     : (rows)*VECTORS * 2 <= PRODUCT_FULL ? 2                                                                               \
                                          : 1)

#define UNROLL _Pragma("GCC unroll 16")
#define LOOP   _Pragma("GCC unroll 1")

/* ---- One tile: `rows` and `panels` are constants where these are called, so that all inner loops are unrolled. */

QL_SIMD void tile_floats(int rows, int panels, const ql_band *band, const uint8_t *w, bool more, float *y)
{
    vf sum[ROWS][MOST_AT_ONCE * VECTORS];
    const int vectors = panels * VECTORS;
    const float *x = (const float *)band->x;
    UNROLL for (int row = 0; row < rows; row++)
    {
        UNROLL for (int v = 0; v < vectors; v++)
        {
            sum[row][v] = more ? vf_load(y + row * band->stride + 16 * v) : vf_set(0);
        }
    }
    LOOP for (size_t cell = 0; cell < band->cells; cell++)
    {
        vf weights[MOST_AT_ONCE * VECTORS];
        UNROLL for (int v = 0; v < vectors; v++)
        {
            const uint8_t *from = w + (size_t)(v / VECTORS) * band->panel + v % VECTORS * 64;
            weights[v] = vf_load((const float *)from);
            __builtin_prefetch(from + AHEAD);
        }
        UNROLL for (int row = 0; row < rows; row++)
        {
            const vf value = vf_set(x[row]);
            UNROLL for (int v = 0; v < vectors; v++)
            {
                sum[row][v] = vf_fma(value, weights[v], sum[row][v]);
            }
        }
        x += rows;
        w += PANEL_CELL;
    }
    UNROLL for (int row = 0; row < rows; row++)
    {
        UNROLL for (int v = 0; v < vectors; v++)
        {
            vf_store(y + row * band->stride + 16 * v, sum[row][v]);
        }
    }
}

/* The vectors of one cell of a panel of codes, and of nibbles. */
QL_SIMD void load_codes(const uint8_t *w, const uint8_t (*levels)[16], vi out[VECTORS])
{
    (void)levels;
    UNROLL for (int v = 0; v < VECTORS; v++)
    {
        out[v] = vi_load((const int32_t *)(w + 64 * v));
    }
}

QL_SIMD void load_nibbles(const uint8_t *w, const uint8_t (*levels)[16], vi out[VECTORS])
{
    vi_load_levels(w, *levels, out);
}

typedef void load_cell(const uint8_t *w, const uint8_t (*levels)[16], vi out[VECTORS]);

/* Cells of a panel of X and of one or more of W, `panel_size` bytes apart, to sums of integers. */
typedef struct run {
    size_t cells;
    const uint8_t *x, *w;
    size_t panel_size;
    const int32_t *x_sums; /* [rows] */
    const uint8_t (*levels)[16];
    size_t stride; /* of the sums */
} run;

QL_SIMD void tile_sums(int rows, int panels, size_t cell_size, load_cell *load, const run *r, int32_t *sums)
{
    vi sum[ROWS][MOST_AT_ONCE * VECTORS];
    const int vectors = panels * VECTORS;
    const uint8_t *x = r->x, *w = r->w;
    UNROLL for (int row = 0; row < rows; row++)
    {
        const vi start = vi_set((int32_t)(0u - 128u * (uint32_t)r->x_sums[row]));
        UNROLL for (int v = 0; v < vectors; v++)
        {
            sum[row][v] = start;
        }
    }
    LOOP for (size_t cell = 0; cell < r->cells; cell++)
    {
        vi weights[MOST_AT_ONCE * VECTORS];
        UNROLL for (int panel = 0; panel < panels; panel++)
        {
            const uint8_t *from = w + panel * r->panel_size;
            load(from, r->levels, weights + panel * VECTORS);
            UNROLL for (size_t line = 0; line < cell_size; line += 64)
            {
                __builtin_prefetch(from + line + AHEAD);
            }
        }
        UNROLL for (int row = 0; row < rows; row++)
        {
            const vi value = vi_set_cell(x + row * QL_CELL);
            UNROLL for (int v = 0; v < vectors; v++)
            {
                sum[row][v] = vi_add_cell_products(sum[row][v], weights[v], value);
            }
        }
        x += rows * QL_CELL;
        w += cell_size;
    }
    UNROLL for (int row = 0; row < rows; row++)
    {
        UNROLL for (int v = 0; v < vectors; v++)
        {
            vi_store(sums + row * r->stride + 16 * v, sum[row][v]);
        }
    }
}

/* ---- A function for each number of rows: alone each keeps its sums in registers, which a compiler gives up in larger ones. */

#define NOT_INLINE static __attribute__((noinline))
#define DEFINE_TILES(rows)                                                                                                  \
    NOT_INLINE void floats_##rows(const ql_band *band, const uint8_t *w, bool more, float *y)                               \
    {                                                                                                                       \
        tile_floats(rows, AT_ONCE(rows), band, w, more, y);                                                                 \
    }                                                                                                                       \
    NOT_INLINE void floats_one_##rows(const ql_band *band, const uint8_t *w, bool more, float *y)                           \
    {                                                                                                                       \
        tile_floats(rows, 1, band, w, more, y);                                                                             \
    }                                                                                                                       \
    NOT_INLINE void codes_##rows(const run *r, int32_t *sums)                                                               \
    {                                                                                                                       \
        tile_sums(rows, AT_ONCE(rows), PANEL_CELL, load_codes, r, sums);                                                    \
    }                                                                                                                       \
    NOT_INLINE void codes_one_##rows(const run *r, int32_t *sums)                                                           \
    {                                                                                                                       \
        tile_sums(rows, 1, PANEL_CELL, load_codes, r, sums);                                                                \
    }                                                                                                                       \
    NOT_INLINE void nibbles_##rows(const run *r, int32_t *sums)                                                             \
    {                                                                                                                       \
        tile_sums(rows, AT_ONCE(rows), PANEL_CELL / 2, load_nibbles, r, sums);                                              \
    }                                                                                                                       \
    NOT_INLINE void nibbles_one_##rows(const run *r, int32_t *sums)                                                         \
    {                                                                                                                       \
        tile_sums(rows, 1, PANEL_CELL / 2, load_nibbles, r, sums);                                                          \
    }

/* Of one number of rows, for so many panels at once and for one. */
typedef struct tiles {
    size_t at_once;
    void (*floats)(const ql_band *band, const uint8_t *w, bool more, float *y);
    void (*floats_one)(const ql_band *band, const uint8_t *w, bool more, float *y);
    void (*codes)(const run *r, int32_t *sums);
    void (*codes_one)(const run *r, int32_t *sums);
    void (*nibbles)(const run *r, int32_t *sums);
    void (*nibbles_one)(const run *r, int32_t *sums);
} tiles;
#define TILES(rows)                                                                                                         \
    { AT_ONCE(rows), floats_##rows, floats_one_##rows, codes_##rows, codes_one_##rows, nibbles_##rows, nibbles_one_##rows },

#if PRODUCT_ROWS == 12
#define FOR_ALL_ROWS(f) f(1) f(2) f(3) f(4) f(5) f(6) f(7) f(8) f(9) f(10) f(11) f(12)
#else
#define FOR_ALL_ROWS(f) f(1) f(2) f(3) f(4)
#endif
FOR_ALL_ROWS(DEFINE_TILES)
static const tiles tiles_of[ROWS] = { FOR_ALL_ROWS(TILES) };

/* ---- All panels of a band */

static void floats(const ql_band *band, bool more, float *y)
{
    const tiles *t = &tiles_of[band->rows - 1];
    for (size_t panel = 0; panel < band->panels;) {
        const uint8_t *w = band->w + panel * band->panel;
        const bool several = panel + t->at_once <= band->panels;
        (several ? t->floats : t->floats_one)(band, w, more, y + panel * OUTPUTS);
        panel += several ? t->at_once : 1;
    }
}

static void codes(const ql_band *band, const int32_t *x_sums, int32_t *y)
{
    const tiles *t = &tiles_of[band->rows - 1];
    run r = { band->cells, band->x, band->w, band->panel, x_sums, NULL, band->stride };
    for (size_t panel = 0; panel < band->panels;) {
        const bool several = panel + t->at_once <= band->panels;
        r.w = band->w + panel * band->panel;
        (several ? t->codes : t->codes_one)(&r, y + panel * OUTPUTS);
        panel += several ? t->at_once : 1;
    }
}

/* y[rows][panels of OUTPUTS] += scale * sum, the sums side by side. */
QL_SIMD void add_group(const ql_band *band, size_t panels, const int32_t *sums, const float *scales, size_t scale_stride,
                       float *y)
{
    const size_t width = panels * OUTPUTS;
    for (size_t panel = 0; panel < panels; panel++) {
        vf scale[VECTORS];
        UNROLL for (int v = 0; v < VECTORS; v++)
        {
            scale[v] = vf_load(scales + panel * scale_stride + 16 * v);
        }
        LOOP for (unsigned row = 0; row < band->rows; row++)
        {
            UNROLL for (int v = 0; v < VECTORS; v++)
            {
                const size_t at = panel * OUTPUTS + 16 * (size_t)v;
                float *out = y + row * band->stride + at;
                vf_store(out, vf_fma(vi_to_float(vi_load(sums + row * width + at)), scale[v], vf_load(out)));
            }
        }
    }
}

QL_SIMD void walk_groups(const ql_band *band, const ql_grouped *g, size_t cell_size, size_t at_once,
                         void (*several_tile)(const run *, int32_t *), void (*one_tile)(const run *, int32_t *), float *y)
{
    const size_t groups = (band->cells + g->group_cells - 1) / g->group_cells;
    int32_t sums[ROWS * MOST_AT_ONCE * OUTPUTS];
    for (size_t panel = 0; panel < band->panels;) {
        const bool several = panel + at_once <= band->panels;
        const size_t panels = several ? at_once : 1;
        const uint8_t *w = band->w + panel * band->panel;
        for (unsigned row = 0; row < band->rows; row++) {
            for (size_t i = 0; i < panels * OUTPUTS; i += 16) {
                vf_store(y + row * band->stride + panel * OUTPUTS + i, vf_set(0));
            }
        }
        for (size_t group = 0; group < groups; group++) {
            const size_t first = group * g->group_cells, left = band->cells - first;
            const run r = {
                .cells = left < g->group_cells ? left : g->group_cells,
                .x = band->x + first * band->rows * QL_CELL,
                .w = w + first * cell_size,
                .panel_size = band->panel,
                .x_sums = g->x_sums + group * band->rows,
                .levels = g->levels,
                .stride = panels * OUTPUTS,
            };
            (several ? several_tile : one_tile)(&r, sums);
            add_group(band, panels, sums, g->scales + (panel * groups + group) * OUTPUTS, groups * OUTPUTS,
                      y + panel * OUTPUTS);
        }
        panel += panels;
    }
}

static void grouped_codes(const ql_band *band, const ql_grouped *g, float *y)
{
    const tiles *t = &tiles_of[band->rows - 1];
    walk_groups(band, g, PANEL_CELL, t->at_once, t->codes, t->codes_one, y);
}

static void grouped_nibbles(const ql_band *band, const ql_grouped *g, float *y)
{
    const tiles *t = &tiles_of[band->rows - 1];
    walk_groups(band, g, PANEL_CELL / 2, t->at_once, t->nibbles, t->nibbles_one, y);
}

#define PRODUCT_MEMBERS                                                                                                     \
    .rows = ROWS, .outputs = OUTPUTS, .floats = floats, .codes = codes, .grouped_codes = grouped_codes,                     \
    .grouped_nibbles = grouped_nibbles
