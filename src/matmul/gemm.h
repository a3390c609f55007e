/*
 * Y = X W^T, for real: W[n][k] is packed once, X[m][k] for each product, Y[m][n] comes out. kernels/product.h draws how
 * operands are packed and multiplied; here they are cut into pieces for the caches and the threads.
 *
 *              panels of W, side by side           A piece of Y is what some panels of W (half a megabyte, which stays in the
 *              [ piece 0 ][ piece 1 ][ ...         second cache) give with some panels of X, which pass by. Each piece is
 *   panels     [ Y       ][ Y       ][ ...         the work of one thread from its first input to its last, so the number of
 *   of X       [         ][         ][ ...         threads changes no bit.
 *
 * All are row-major in the unit of the model. Everything that is kept is owned by what is returned, in memory of large pages.
 */
#ifndef QL_MATMUL_GEMM_H
#define QL_MATMUL_GEMM_H

#include "kernels/product.h"
#include "qloupe.h"

/* Sums of that many products of two codes fit 32 bits whatever they are: 128^2 k < 2^31. */
enum { QL_GEMM_MOST_INPUTS = 131071 };

typedef enum ql_packing {
    QL_PACKED_FLOATS,
    QL_PACKED_CODES,
    QL_PACKED_GROUPED_CODES,
    QL_PACKED_NIBBLES,
    QL_PACKED_LEVELED, /* nibbles for X of floats */
    QL_DECODED_FLOATS, /* not packed: rows are decoded when a piece of them is multiplied, in the second cache */
} ql_packing;

/* Inputs [from, from + count) of one output of W to w[count]; called from several threads. */
typedef void ql_decode_weights(const void *context, size_t output, size_t from, size_t count, float *w);

/* Read by any number of threads once made. Memory is kept for the next W of at most the same size: start with { 0 }, end with
   ql_packed_free. */
typedef struct ql_packed {
    ql_packing packing;
    const ql_product_kernels *kernels; /* that it is packed for */
    size_t n, k, cells, panels, panel; /* panel: bytes */
    size_t size;                       /* bytes that there is room for at */
    uint8_t *w;

    size_t group_cells, groups; /* with groups */
    float *scales;              /* [panels][groups][outputs] */
    uint8_t levels[16];         /* of nibbles: code + 128 */
    float float_levels[16];     /* of those for X of floats */

    ql_decode_weights *decode; /* with QL_DECODED_FLOATS, borrowed */
    const void *decode_context;
} ql_packed;

/* W[n][k] as floats, or as codes -128..127. QL_UNUSABLE when n or k is 0, or there are codes and k > QL_GEMM_MOST_INPUTS. */
ql_status ql_pack_floats(ql_engine *engine, const float *w, size_t n, size_t k, ql_packed *out, ql_error *error);
ql_status ql_pack_codes(ql_engine *engine, const int8_t *w, size_t n, size_t k, ql_packed *out, ql_error *error);

/* The same with a scale for every `group` inputs of an output, scales[n][ceil(k / group)]; group is a multiple of QL_CELL. A
   group has a sum of its own, so that QL_GEMM_MOST_INPUTS bounds the group, not k. With levels[16] the codes are 0..15 and
   stand for levels[code], which are kept as 4 bits. */
ql_status ql_pack_grouped(ql_engine *engine, const int8_t *w, size_t n, size_t k, size_t group, const float *scales,
                          const int8_t levels[16], ql_packed *out, ql_error *error);

/* Codes 0..15 of w[n][k] that stand for levels[code] scale, rounded to float32, for ql_gemm_take_floats and ql_gemm_floats
   without `more`. Better than decoded floats for X of few rows, whose sums are the same. */
ql_status ql_pack_leveled(ql_engine *engine, const int8_t *w, size_t n, size_t k, size_t group, const float *scales,
                          const float levels[16], ql_packed *out, ql_error *error);

/* W[n][k] that `decode` gives, for ql_gemm_take_floats and ql_gemm_floats; nothing is kept. */
ql_status ql_pack_decoder(size_t n, size_t k, ql_decode_weights *decode, const void *context, ql_packed *out,
                          ql_error *error);
void ql_packed_free(ql_packed *packed);

/* Other codes for output j of QL_PACKED_CODES: codes[k]. Not while it is read. */
void ql_packed_set_row(ql_packed *packed, size_t j, const int8_t *codes);

/* X[m][k], packed for the kernels of a W with k inputs. Memory is kept for the next X of at most the same size: start with
   { 0 }, end with ql_gemm_x_free. */
typedef struct ql_gemm_x {
    size_t m, k, cells, panels;
    size_t size;
    uint8_t *x;
    size_t group_cells, groups;
    int32_t *sums; /* of codes: [panels][groups][rows of the panel] */
    size_t sums_size;
} ql_gemm_x;
void ql_gemm_x_free(ql_gemm_x *x);

ql_status ql_gemm_take_floats(ql_engine *engine, const ql_packed *w, const float *x, size_t m, ql_gemm_x *out,
                              ql_error *error);

/* X[m][k] of codes that `row` makes: called for each row, from several threads, to codes[k]. */
typedef void ql_make_row(void *context, unsigned worker, size_t row, int8_t *codes);
ql_status ql_gemm_make_codes(ql_engine *engine, const ql_packed *w, ql_make_row *row, void *context, size_t m,
                             ql_gemm_x *out, ql_error *error);

/* A part of Y whose sums are complete, while it is in cache: y[rows][outputs], its rows `stride` numbers apart. */
typedef struct ql_gemm_tile {
    size_t row, output; /* the first ones */
    size_t rows, outputs, stride;
    void *y;
} ql_gemm_tile;

typedef struct ql_gemm_options {
    void (*end)(void *context, unsigned worker, const ql_gemm_tile *tile); /* NULL, or what becomes of every part of Y */
    void *context;
    bool more; /* floats: continue the sums that Y holds */
    const ql_monitor *monitor;
} ql_gemm_options;

/* Y[m][n] of floats; of codes: exact sums; of grouped codes: sums times the scales of W (not yet those of X). options may be
   NULL. */
ql_status ql_gemm_floats(ql_engine *engine, const ql_packed *w, const ql_gemm_x *x, float *y, const ql_gemm_options *options,
                         ql_error *error);
ql_status ql_gemm_codes(ql_engine *engine, const ql_packed *w, const ql_gemm_x *x, int32_t *y,
                        const ql_gemm_options *options, ql_error *error);
ql_status ql_gemm_grouped(ql_engine *engine, const ql_packed *w, const ql_gemm_x *x, float *y,
                          const ql_gemm_options *options, ql_error *error);

#endif
