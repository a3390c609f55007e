/*
 * Products: Y = X W^T of packed operands, one band of Y at a time. One layout and one walk serve codes and floats alike.
 *
 *   A cell is 4 bytes: 4 codes of consecutive inputs, or one float. Operands lie cell by cell, so that every read is of the
 *   next bytes:
 *
 *      W panel, `outputs` rows of W                           X panel, at most `rows` rows of X
 *      cell 0 of out 0 | of out 1 | ... | of out P-1          cell 0 of row 0 | of row 1 | ... | of row R-1
 *      cell 1 of out 0 | ...                                  cell 1 of row 0 | ...
 *
 *   For each cell the kernel takes the outputs of one or more panels as vectors, and one value of X for all lanes:
 *
 *                  W panel        W panel, when there are few rows
 *                 [v0][v1]        [v2][v3]
 *      row 0  x   sum sum         sum sum      The sums of rows x outputs stay in registers from the first cell to the
 *      row 1  x   sum sum         sum sum      last: Y is written once and never read.
 *      ...
 *
 * Codes of X are -128..127, stored as they are; those of W are stored as code + 128, 0..255, because the instructions
 * multiply one with a sign by one without: sum x w = sum x (w + 128) - 128 sum x, all of it modulo 2^32, so that it is exact
 * whenever the true sum fits 32 bits. Integer sums are the same on every instruction set; so are sums of floats: products
 * are fused into one sum per output, from the first input to the last.
 *
 * Kernels never allocate and never fail. They read whole panels and write all outputs of all panels: Y is `panels * outputs`
 * wide at least, its rows lie `stride` numbers apart.
 */
#ifndef QL_KERNELS_PRODUCT_H
#define QL_KERNELS_PRODUCT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    QL_CELL = 4,            /* bytes */
    QL_PRODUCT_ROWS = 12,   /* most rows of a panel of X, of any instruction set */
    QL_PRODUCT_OUTPUTS = 32 /* most outputs of a panel of W */
};

/* A panel of X, and the panels of W that follow each other in memory. */
typedef struct ql_band {
    size_t cells;  /* > 0 */
    unsigned rows; /* 1..QL_PRODUCT_ROWS of the kernels */
    size_t panels;
    const uint8_t *x; /* [cells][rows][QL_CELL] */
    const uint8_t *w; /* [panels][cells][outputs][QL_CELL]; nibbles: half of that */
    size_t panel;     /* bytes from one panel of W to the next, which may hold more cells */
    size_t stride;    /* of y, in numbers */
} ql_band;

/* Weights in groups along the inputs, each with a scale per output: y += scale * (integer sum of the group). */
typedef struct ql_grouped {
    size_t group_cells;          /* of each group; the last one may be shorter */
    const float *scales;         /* [panels][groups][outputs] */
    const int32_t *x_sums;       /* [groups][rows]: of the codes of X */
    const uint8_t (*levels)[16]; /* of nibbles: code + 128 of each */
} ql_grouped;

/* Weights of 4 bits for X of floats: level[code] scale, rounded to float32. X has a cell for each input, W one of nibbles for
   four of them, of which the last may stand for fewer. */
typedef struct ql_leveled {
    size_t group;        /* inputs, a multiple of QL_CELL; the last group may be shorter */
    const float *scales; /* [panels][groups][outputs] */
    const float (*levels)[16];
} ql_leveled;

typedef struct ql_product_kernels {
    const char *name;
    unsigned rows, outputs; /* of the panels that these kernels read */

    /* y = X W^T of floats; with `more` y += it, continuing the same sums. */
    void (*floats)(const ql_band *band, bool more, float *y);

    /* The same of codes; x_sums[rows] are the sums of the codes of X. */
    void (*codes)(const ql_band *band, const int32_t *x_sums, int32_t *y);

    /* Codes with scales by groups: float32, y = fma(sum of the group as a float, scale, y) from the first group to the last. */
    void (*grouped_codes)(const ql_band *band, const ql_grouped *grouped, float *y);

    /* The same of 4-bit codes of a table of levels. Of a cell's outputs the first half are low nibbles, the second half high
       ones: byte i of [outputs / 2][QL_CELL] holds byte i and byte i + outputs / 2 * QL_CELL of the codes. */
    void (*grouped_nibbles)(const ql_band *band, const ql_grouped *grouped, float *y);

    /* y = X W^T of floats with nibbles, which lie as those of grouped_nibbles; the same sums as `floats` of decoded weights. */
    void (*leveled)(const ql_band *band, const ql_leveled *leveled, float *y);

    /* Exact sums of some outputs of a row, y[n] as int32, become numbers in their place: float32, sum * (step * steps[i]). */
    void (*scale)(void *y, size_t n, float step, const float *steps);
} ql_product_kernels;

extern const ql_product_kernels ql_products_scalar;
extern const ql_product_kernels ql_products_avx2, ql_products_avx512, ql_products_vnni; /* on x86-64 only */
extern const ql_product_kernels ql_products_neon, ql_products_dotprod;                  /* on AArch64 only */

/* Those in use: of the instruction set that ql_kernels_active() is of, with what else this machine has for products. */
const ql_product_kernels *ql_products_active(void);

/* Those that this machine can run, the slowest first; NULL at the end. */
const ql_product_kernels *ql_products_at(size_t index);

/* Rows of operands to a panel: cell c of row r, of `bytes` each row, to out[c][rows][QL_CELL], each byte xor `flip`. Row r
   starts at `in + r * stride`; what is missing of the last cell, and rows from `have` on, become `flip`. is_far: out is more
   than the caches keep until it is read. */
void ql_pack_cells(const uint8_t *in, size_t stride, size_t bytes, unsigned have, unsigned rows, uint8_t flip, bool is_far,
                   uint8_t *out);

#endif
