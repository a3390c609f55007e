/*
 * The kernels of products in vectors of 16 lanes: product.h draws the operands, product_scalar.c says what they mean. A file
 * that is compiled for an instruction set defines PRODUCT_ROWS, the rows of a tile, so that its sums fit the registers, and
 * PRODUCT_FULL, how many vectors of sums those are at most. A panel of W has as many outputs as the half bytes of one load.
 */
#if defined(__GNUC__) && !defined(__clang__)
/* Else gcc prepares what stands behind a loop for the case that the loop does not run, and spills the sums in it. */
#pragma GCC optimize("no-tree-pre")
#endif
#include "kernels/product.h"
#include "kernels/simd.h"

enum { ROWS = PRODUCT_ROWS, VECTORS = QL_LEVEL_VECTORS, OUTPUTS = 16 * VECTORS, PANEL_CELL = OUTPUTS * QL_CELL };
enum { MOST_AT_ONCE = 4 };             /* panels */
enum { AHEAD = 2048, X_AHEAD = 1024 }; /* bytes of W and X that are asked for before they are needed: from far away */

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
        __builtin_prefetch(x + X_AHEAD / QL_CELL);
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

/* Cells of a panel of X and of one or more of W, `panel_size` bytes apart. */
typedef struct run {
    size_t cells;
    const uint8_t *x, *w;
    size_t panel_size;
    const int32_t *x_sums; /* [rows] */
    size_t stride;         /* of y, which is sums or what they are added to */
    const uint8_t (*levels)[16];
    const float *scales; /* with groups: [OUTPUTS] of each panel, */
    size_t scale_stride; /* so far apart */
} run;

QL_SIMD void add_cells(int rows, int panels, size_t cell_size, load_cell *load, const run *r,
                       vi sum[ROWS][MOST_AT_ONCE * VECTORS])
{
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
        __builtin_prefetch(x + X_AHEAD);
        x += rows * QL_CELL;
        w += cell_size;
    }
}

QL_SIMD void tile_sums(int rows, int panels, const run *r, int32_t *y)
{
    vi sum[ROWS][MOST_AT_ONCE * VECTORS];
    add_cells(rows, panels, PANEL_CELL, load_codes, r, sum);
    UNROLL for (int row = 0; row < rows; row++)
    {
        UNROLL for (int v = 0; v < panels * VECTORS; v++)
        {
            vi_store(y + row * r->stride + 16 * v, sum[row][v]);
        }
    }
}

/* y += scale * sum, of one group. */
QL_SIMD void tile_group(int rows, int panels, size_t cell_size, load_cell *load, const run *r, float *y)
{
    vi sum[ROWS][MOST_AT_ONCE * VECTORS];
    add_cells(rows, panels, cell_size, load, r, sum);
    UNROLL for (int v = 0; v < panels * VECTORS; v++)
    {
        const vf scale = vf_load(r->scales + (size_t)(v / VECTORS) * r->scale_stride + v % VECTORS * 16);
        UNROLL for (int row = 0; row < rows; row++)
        {
            float *out = y + row * r->stride + 16 * v;
            vf_store(out, vf_fma(vi_to_float(sum[row][v]), scale, vf_load(out)));
        }
    }
}

/* Weights are decoded in registers, once for all rows. */
QL_SIMD void tile_leveled(int rows, int panels, const ql_band *band, const ql_leveled *l, const uint8_t *w,
                          const float *scales, float *y)
{
    static const uint8_t codes[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
    vf sum[ROWS][MOST_AT_ONCE * VECTORS];
    const int vectors = panels * VECTORS;
    const size_t scale_stride = (band->cells + l->group - 1) / l->group * OUTPUTS;
    const vf levels = vf_load(*l->levels);
    const float *x = (const float *)band->x;
    UNROLL for (int row = 0; row < rows; row++)
    {
        UNROLL for (int v = 0; v < vectors; v++)
        {
            sum[row][v] = vf_set(0);
        }
    }
    LOOP for (size_t begin = 0; begin < band->cells; begin += l->group)
    {
        const size_t left = band->cells - begin, inputs = left < l->group ? left : l->group;
        vf scale[MOST_AT_ONCE * VECTORS];
        UNROLL for (int v = 0; v < vectors; v++)
        {
            scale[v] = vf_load(scales + (size_t)(v / VECTORS) * scale_stride + v % VECTORS * 16);
        }
        LOOP for (size_t input = 0; input < inputs; input += QL_CELL)
        {
            const size_t count = inputs - input < QL_CELL ? inputs - input : QL_CELL;
            vi four[MOST_AT_ONCE * VECTORS]; /* codes of as many inputs, the next one in the lowest bits */
            UNROLL for (int panel = 0; panel < panels; panel++)
            {
                const uint8_t *from = w + (size_t)panel * band->panel;
                vi_load_levels(from, codes, four + panel * VECTORS);
                __builtin_prefetch(from + AHEAD);
            }
            LOOP for (size_t i = 0; i < count; i++)
            {
                vf weights[MOST_AT_ONCE * VECTORS];
                UNROLL for (int v = 0; v < vectors; v++)
                {
                    weights[v] = vf_mul(vf_pick16(levels, four[v]), scale[v]);
                    four[v] = vi_shr(four[v], 8);
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
            }
            w += PANEL_CELL / 2;
        }
        scales += OUTPUTS;
    }
    UNROLL for (int row = 0; row < rows; row++)
    {
        UNROLL for (int v = 0; v < vectors; v++)
        {
            vf_store(y + row * band->stride + 16 * v, sum[row][v]);
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
    NOT_INLINE void codes_##rows(const run *r, int32_t *y)                                                                  \
    {                                                                                                                       \
        tile_sums(rows, AT_ONCE(rows), r, y);                                                                               \
    }                                                                                                                       \
    NOT_INLINE void codes_one_##rows(const run *r, int32_t *y)                                                              \
    {                                                                                                                       \
        tile_sums(rows, 1, r, y);                                                                                           \
    }                                                                                                                       \
    NOT_INLINE void grouped_##rows(const run *r, float *y)                                                                  \
    {                                                                                                                       \
        tile_group(rows, AT_ONCE(rows), PANEL_CELL, load_codes, r, y);                                                      \
    }                                                                                                                       \
    NOT_INLINE void grouped_one_##rows(const run *r, float *y)                                                              \
    {                                                                                                                       \
        tile_group(rows, 1, PANEL_CELL, load_codes, r, y);                                                                  \
    }                                                                                                                       \
    NOT_INLINE void nibbles_##rows(const run *r, float *y)                                                                  \
    {                                                                                                                       \
        tile_group(rows, AT_ONCE(rows), PANEL_CELL / 2, load_nibbles, r, y);                                                \
    }                                                                                                                       \
    NOT_INLINE void nibbles_one_##rows(const run *r, float *y)                                                              \
    {                                                                                                                       \
        tile_group(rows, 1, PANEL_CELL / 2, load_nibbles, r, y);                                                            \
    }                                                                                                                       \
    NOT_INLINE void leveled_##rows(const ql_band *band, const ql_leveled *l, const uint8_t *w, const float *scales,         \
                                   float *y)                                                                                \
    {                                                                                                                       \
        tile_leveled(rows, AT_ONCE(rows), band, l, w, scales, y);                                                           \
    }                                                                                                                       \
    NOT_INLINE void leveled_one_##rows(const ql_band *band, const ql_leveled *l, const uint8_t *w, const float *scales,     \
                                       float *y)                                                                            \
    {                                                                                                                       \
        tile_leveled(rows, 1, band, l, w, scales, y);                                                                       \
    }

/* Of one number of rows, for so many panels at once and for one. */
typedef void group_tile(const run *r, float *y);
typedef void leveled_tile(const ql_band *band, const ql_leveled *l, const uint8_t *w, const float *scales, float *y);
typedef struct tiles {
    size_t at_once;
    void (*floats)(const ql_band *band, const uint8_t *w, bool more, float *y);
    void (*floats_one)(const ql_band *band, const uint8_t *w, bool more, float *y);
    void (*codes)(const run *r, int32_t *y);
    void (*codes_one)(const run *r, int32_t *y);
    group_tile *grouped, *grouped_one, *nibbles, *nibbles_one;
    leveled_tile *leveled, *leveled_one;
} tiles;
#define TILES(rows)                                                                                                         \
    { AT_ONCE(rows),      floats_##rows,  floats_one_##rows,  codes_##rows,   codes_one_##rows,  grouped_##rows,            \
      grouped_one_##rows, nibbles_##rows, nibbles_one_##rows, leveled_##rows, leveled_one_##rows },

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
    run r = { .cells = band->cells, .x = band->x, .panel_size = band->panel, .x_sums = x_sums, .stride = band->stride };
    for (size_t panel = 0; panel < band->panels;) {
        const bool several = panel + t->at_once <= band->panels;
        r.w = band->w + panel * band->panel;
        (several ? t->codes : t->codes_one)(&r, y + panel * OUTPUTS);
        panel += several ? t->at_once : 1;
    }
}

/* Sums of a tile lie side by side until all groups are in: the rows of Y may be so far apart that they push each other out of
   the cache. */
static void walk_groups(const ql_band *band, const ql_grouped *g, size_t cell_size, size_t at_once, group_tile *several_tile,
                        group_tile *one_tile, float *y)
{
    const size_t groups = (band->cells + g->group_cells - 1) / g->group_cells;
    float sums[ROWS * MOST_AT_ONCE * OUTPUTS];
    run r = { .panel_size = band->panel, .levels = g->levels, .scale_stride = groups * OUTPUTS };
    for (size_t panel = 0; panel < band->panels;) {
        const bool several = panel + at_once <= band->panels;
        const size_t panels = several ? at_once : 1, width = panels * OUTPUTS;
        for (size_t i = 0; i < band->rows * width; i += 16) {
            vf_store(sums + i, vf_set(0));
        }
        r.stride = width;
        for (size_t group = 0; group < groups; group++) {
            const size_t first = group * g->group_cells, left = band->cells - first;
            r.cells = left < g->group_cells ? left : g->group_cells;
            r.x = band->x + first * band->rows * QL_CELL;
            r.w = band->w + panel * band->panel + first * cell_size;
            r.x_sums = g->x_sums + group * band->rows;
            r.scales = g->scales + (panel * groups + group) * OUTPUTS;
            (several ? several_tile : one_tile)(&r, sums);
        }
        for (unsigned row = 0; row < band->rows; row++) {
            for (size_t i = 0; i < width; i += 16) {
                vf_store(y + row * band->stride + panel * OUTPUTS + i, vf_load(sums + row * width + i));
            }
        }
        panel += panels;
    }
}

static void grouped_codes(const ql_band *band, const ql_grouped *g, float *y)
{
    const tiles *t = &tiles_of[band->rows - 1];
    walk_groups(band, g, PANEL_CELL, t->at_once, t->grouped, t->grouped_one, y);
}

static void grouped_nibbles(const ql_band *band, const ql_grouped *g, float *y)
{
    const tiles *t = &tiles_of[band->rows - 1];
    walk_groups(band, g, PANEL_CELL / 2, t->at_once, t->nibbles, t->nibbles_one, y);
}

static void leveled(const ql_band *band, const ql_leveled *l, float *y)
{
    const tiles *t = &tiles_of[band->rows - 1];
    const size_t groups = (band->cells + l->group - 1) / l->group;
    for (size_t panel = 0; panel < band->panels;) {
        const bool several = panel + t->at_once <= band->panels;
        (several ? t->leveled : t->leveled_one)(band, l, band->w + panel * band->panel, l->scales + panel * groups * OUTPUTS,
                                                y + panel * OUTPUTS);
        panel += several ? t->at_once : 1;
    }
}

static void scale(void *y, size_t n, float step, const float *steps)
{
    uint32_t *out = y;
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        const vf factor = vf_mul(vf_set(step), vf_load(steps + i));
        vf_store((float *)(out + i), vf_mul(vi_to_float(vi_load((const int32_t *)(out + i))), factor));
    }
    ql_products_scalar.scale(out + i, n - i, step, steps + i);
}

#define PRODUCT_MEMBERS                                                                                                     \
    .rows = ROWS, .outputs = OUTPUTS, .floats = floats, .codes = codes, .grouped_codes = grouped_codes,                     \
    .grouped_nibbles = grouped_nibbles, .leveled = leveled, .scale = scale
