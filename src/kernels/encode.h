/*
 * Kernels that encode values in formats with levels of their own, and decode them: a part of kernels.h.
 *
 * All take the parameters of groups from arrays and write codes q[n] and values y[n]; those that count return how many
 * elements lay outside of what the format reaches. Where a definition says float32, each operation is rounded to float32.
 */
#ifndef QL_KERNELS_ENCODE_H
#define QL_KERNELS_ENCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Which parameters belong to x[i]: those at index (offset + i) / size, offset < size. size 1: every element has its own. */
typedef struct ql_blocks {
    size_t size, offset;
} ql_blocks;

/* Ascending levels and the thresholds between them: v has as many thresholds below it as it takes steps up; one equal to v
   is not below. The room of both is the next power of two; thresholds behind the last one, from [count - 1] on, are
   infinite. */
typedef struct ql_levels {
    unsigned count; /* 1..256 */
    const float *level, *threshold;
} ql_levels;

/* The same for at most 16 levels that many groups share, made once: ql_levels16_make. */
typedef struct ql_levels16 {
    float level[16], threshold[16];
    int32_t code[16]; /* of each level */
    bool in_order;    /* code[i] == i */
    /* -1..1 cut into cells that hold at most one threshold each, if that is possible: v is in cell rne(QL_CELLS_PER_ONE v)
       + 15. cell_first: how many thresholds lie below the cell. */
    bool has_cells;
    float cell_threshold[32];
    int32_t cell_first[32];
} ql_levels16;
#define QL_CELLS_PER_ONE 15.25f

/* A smaller maximum of a block is inverted as this: so do the CUDA kernels of bitsandbytes. */
#define QL_BLOCK_LEAST 1e-38f

/* level[count], threshold[count - 1] within -1..1; code[count], NULL: in order. */
void ql_levels16_make(unsigned count, const float *level, const float *threshold, const int *code, ql_levels16 *out);

/* Codes 0..15 of E2M1. */
extern const float ql_e2m1_values[16];

/* The block types of ggml, all in float32. d = step and m = minimum find the codes, what is stored of them (rounded to half
   precision) the values; i = 1 / d, 0 where that is infinite. */
typedef enum ql_ggml_kind {
    QL_GGML_ROUNDED,  /* q = x i rounded half away from 0                    y = q scale */
    QL_GGML_CENTERED, /* q = clamp(trunc(x i + (middle + 0.5)), 0, top)      y = (q - middle) scale */
    QL_GGML_AFFINE,   /* q = clamp(trunc((x - m) i + 0.5), 0, top)           y = q scale + stored_minimum */
} ql_ggml_kind;

typedef struct ql_ggml {
    ql_ggml_kind kind;
    int middle, top; /* middle of QL_GGML_CENTERED, else 0; top of all but QL_GGML_ROUNDED */
    const float *step, *scale, *minimum, *stored_minimum; /* of each group; the last two of QL_GGML_AFFINE only */
} ql_ggml;

typedef enum ql_minifloat { QL_E4M3, QL_E5M2, QL_HALF, QL_BFLOAT } ql_minifloat;

typedef struct ql_encode_kernels {
    /* v = clamp(x (1 / max(A, QL_BLOCK_LEAST)), -1, 1), A = largest, q = code of v's level, y = level scale: in float32. */
    void (*scaled_levels)(const ql_levels16 *levels, const float *largest, const float *scale, ql_blocks blocks,
                          const float *x, size_t n, int16_t *q, float *y);

    /* q = steps up of x, y = level[q]. */
    void (*own_levels)(ql_levels levels, const float *x, size_t n, int16_t *q, float *y);

    /* The same with the tables of many groups one after the other, of a power of two of levels each: those of x[i] are
       number tables[i]. */
    void (*own_levels_each)(ql_levels levels, const uint64_t *tables, const float *x, size_t n, int16_t *q, float *y);

    /* q = level nearest to the float64 quotient x / A, A = largest >= 0, of 0 where A is 0: how many midpoints (float64) of
       neighbouring levels lie below it. levels.threshold: those midpoints rounded down to float32. y = level[q] A in
       float32. */
    void (*nearest_levels)(ql_levels levels, const float *largest, ql_blocks blocks, const float *x, size_t n, int16_t *q,
                           float *y);

    /* E2M1: d = scale unit exactly, >= 0; scale has 4 significant bits unless unit is 1. q = code of the float64 quotient
       x / d, nearest, ties to even, saturating at 6, with the sign of x; y = value d rounded once to float32. Counts
       |x / d| > limit, limit 6..7 with 24 significant bits. d = 0: zeros with the sign of x, counts x != 0. */
    uint64_t (*e2m1)(const float *scale, float unit, double limit, ql_blocks blocks, const float *x, size_t n, int16_t *q,
                     float *y);

    /* |x i|, |(x - m) i| below 2^15. Counts codes above top. */
    uint64_t (*ggml)(const ql_ggml *parameters, ql_blocks blocks, const float *x, size_t n, int16_t *q, float *y);

    /* q = nearest code of x / d, the quotient in float64 rounded to float32, ties to even, saturating; y = value d rounded
       once to float32. d = scale > 0; 1 where scale is NULL, and with QL_BFLOAT. Counts what rounds beyond the largest. */
    uint64_t (*minifloat)(ql_minifloat format, const float *scale, ql_blocks blocks, const float *x, size_t n, int16_t *q,
                          float *y);

    /* q = x >= 0 ? 1 : -1, y = q scale. */
    void (*signs)(const float *scale, ql_blocks blocks, const float *x, size_t n, int16_t *q, float *y);

    /* The least and the greatest of each block of x[n], n > 0: `size` elements, of the last one what is left. The sign of a
       zero is any. */
    void (*block_ranges)(size_t size, const float *x, size_t n, float *lo, float *hi);
} ql_encode_kernels;

#endif
