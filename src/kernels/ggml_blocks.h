/*
 * The block types of ggml as files hold them, little endian. nibs: two 4-bit numbers in a byte; crumbs: four 2-bit numbers.
 * Which bits belong to which element: blocks_body.h.
 */
#ifndef QL_KERNELS_GGML_BLOCKS_H
#define QL_KERNELS_GGML_BLOCKS_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

typedef enum ql_block {
    QL_Q4_0,
    QL_Q4_1,
    QL_Q5_0,
    QL_Q5_1,
    QL_Q8_0,
    QL_Q8_1,
    QL_IQ4_NL,
    QL_Q2_K,
    QL_Q3_K,
    QL_Q4_K,
    QL_Q5_K,
    QL_Q6_K,
    QL_Q8_K,
    QL_IQ4_XS,
    QL_TQ1_0,
    QL_TQ2_0,
    QL_Q1_0,
    QL_Q2_0,
    QL_MXFP4,
    QL_NVFP4,
    QL_BLOCK_COUNT
} ql_block;

/*
 * 32 elements. high: bit 4 of the q. sum: d times the sum of the q, for products; values do not depend on it. level:
 * ql_iq4_levels.
 *
 *   q4_0    | f16 d | 16 nibs |                         y = (q - 8) d
 *   q4_1    | f16 d | f16 m | 16 nibs |                 y = q d + m
 *   q5_0    | f16 d | 4 high | 16 nibs |                y = (q - 16) d
 *   q5_1    | f16 d | f16 m | 4 high | 16 nibs |        y = q d + m
 *   q8_0    | f16 d | 32 x i8 |                         y = q d
 *   q8_1    | f16 d | f16 sum | 32 x i8 |               y = q d
 *   iq4_nl  | f16 d | 16 nibs |                         y = level(q) d
 */
typedef struct ql_q4_0 {
    uint8_t d[2], nibs[16];
} ql_q4_0;
typedef struct ql_q4_1 {
    uint8_t d[2], m[2], nibs[16];
} ql_q4_1;
typedef struct ql_q5_0 {
    uint8_t d[2], high[4], nibs[16];
} ql_q5_0;
typedef struct ql_q5_1 {
    uint8_t d[2], m[2], high[4], nibs[16];
} ql_q5_1;
typedef struct ql_q8_0 {
    uint8_t d[2];
    int8_t q[32];
} ql_q8_0;
typedef struct ql_q8_1 {
    uint8_t d[2], sum[2];
    int8_t q[32];
} ql_q8_1;
typedef struct ql_iq4_nl {
    uint8_t d[2], nibs[16];
} ql_iq4_nl;

/*
 * 256 elements in 16 (q4_k, q5_k, iq4_xs: 8) sub-blocks that have a scale s and a minimum t of their own. mask: bit 2 of
 * the q, inverted. sums: of each 16 q; values do not depend on them.
 *
 *   q2_k    | 16 x (t << 4 + s) | 64 crumbs | f16 d | f16 m |                   y = q (d s) - m t
 *   q3_k    | 32 mask | 64 crumbs | 16 x 6 bits s | f16 d |                     y = (q - 4) (d (s - 32))
 *   q4_k    | f16 d | f16 m | 8 x 6 bits s, t | 128 nibs |                      y = q (d s) - m t
 *   q5_k    | f16 d | f16 m | 8 x 6 bits s, t | 32 high | 128 nibs |            y = q (d s) - m t
 *   q6_k    | 128 nibs, bits 0..3 | 64 crumbs, bits 4 and 5 | 16 x i8 s | f16 d |   y = (q - 32) (d s)
 *   q8_k    | f32 d | 256 x i8 | 16 x i16 sums |                                y = q d
 *   iq4_xs  | f16 d | 2 crumbs, bits 4 and 5 of s | 4 nibs, bits 0..3 of s | 128 nibs |   y = level(q) (d (s - 32))
 */
typedef struct ql_q2_k {
    uint8_t scales[16], crumbs[64], d[2], m[2];
} ql_q2_k;
typedef struct ql_q3_k {
    uint8_t mask[32], crumbs[64], scales[12], d[2];
} ql_q3_k;
typedef struct ql_q4_k {
    uint8_t d[2], m[2], scales[12], nibs[128];
} ql_q4_k;
typedef struct ql_q5_k {
    uint8_t d[2], m[2], scales[12], high[32], nibs[128];
} ql_q5_k;
typedef struct ql_q6_k {
    uint8_t nibs[128], crumbs[64];
    int8_t scales[16];
    uint8_t d[2];
} ql_q6_k;

typedef struct ql_q8_k {
    uint8_t d[4];
    int8_t q[256];
    uint8_t sums[32];
} ql_q8_k;
typedef struct ql_iq4_xs {
    uint8_t d[2], high_scales[2], low_scales[4], nibs[128];
} ql_iq4_xs;

/*
 * Few levels: 256, 256, 128, 64 elements with one scale. trits: five numbers 0..2 in a byte (the last 4 bytes: four).
 *
 *   tq1_0  | 48 trits | 4 trits | f16 d |       y = (q - 1) d
 *   tq2_0  | 64 crumbs | f16 d |                y = (q - 1) d
 *   q1_0   | f16 d | 16 bytes of bits |         y = d where the bit is set, else -d
 *   q2_0   | f16 d | 16 crumbs |                y = (q - 1) d
 */
typedef struct ql_tq1_0 {
    uint8_t trits[48], last[4], d[2];
} ql_tq1_0;
typedef struct ql_tq2_0 {
    uint8_t crumbs[64], d[2];
} ql_tq2_0;
typedef struct ql_q1_0 {
    uint8_t d[2], bits[16];
} ql_q1_0;
typedef struct ql_q2_0 {
    uint8_t d[2], crumbs[16];
} ql_q2_0;

/*
 * 4-bit floats: 32 elements with one power of two, 64 with four scales.
 *
 *   mxfp4  | u8 e | 16 nibs |        y = e2m1(q) 2^(e - 127)
 *   nvfp4  | 4 x s | 32 nibs |       y = e2m1(q) e4m3(s), without sign; 0x7F is 0
 */
typedef struct ql_mxfp4 {
    uint8_t e, nibs[16];
} ql_mxfp4;
typedef struct ql_nvfp4 {
    uint8_t scales[4], nibs[32];
} ql_nvfp4;

static_assert(sizeof(ql_q4_0) == 18 && sizeof(ql_q4_1) == 20 && sizeof(ql_q5_0) == 22 && sizeof(ql_q5_1) == 24 &&
                  sizeof(ql_q8_0) == 34 && sizeof(ql_q8_1) == 36 && sizeof(ql_iq4_nl) == 18 && sizeof(ql_q2_k) == 84 &&
                  sizeof(ql_q3_k) == 110 && sizeof(ql_q4_k) == 144 && sizeof(ql_q5_k) == 176 && sizeof(ql_q6_k) == 210 &&
                  sizeof(ql_q8_k) == 292 && sizeof(ql_iq4_xs) == 136 && sizeof(ql_tq1_0) == 54 && sizeof(ql_tq2_0) == 66 &&
                  sizeof(ql_q1_0) == 18 && sizeof(ql_q2_0) == 18 && sizeof(ql_mxfp4) == 17 && sizeof(ql_nvfp4) == 36,
              "blocks are bytes of a file");

#endif
