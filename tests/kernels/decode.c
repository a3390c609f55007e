/* The kernels of decode.h. */
#include "checks.h"
#include "draw.h"

static void prepare_bytes(job *j, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        j->bytes[i] = (uint8_t)draw(&j->draws);
    }
}

/* Every pattern: NaN and infinities too; some rounds have one pattern of exponents only. */
static void prepare_words(job *j)
{
    prepare_bytes(j, 2 * j->n);
    const unsigned high = draw_below(&j->draws, 512);
    for (size_t i = 0; i < j->n && high < 256; i++) {
        j->bytes[2 * i + 1] = (uint8_t)(high & 0x7F) | (j->bytes[2 * i + 1] & 0x80);
    }
}

static void run_half(const ql_kernels *k, const job *j, outputs *o)
{
    k->decode.half(j->bytes, j->n, outputs_array(o, j->n, sizeof(float)));
}

static void run_bfloat(const ql_kernels *k, const job *j, outputs *o)
{
    k->decode.bfloat(j->bytes, j->n, outputs_array(o, j->n, sizeof(float)));
}

/* In practice no parameter is special and no scale of mxfp4 tiny. */
static void prepare_blocks(job *j, size_t block_bytes)
{
    prepare_bytes(j, j->n * block_bytes);
    const unsigned special = draw_below(&j->draws, 8);
    for (size_t i = 0; i < j->n * block_bytes; i++) {
        j->bytes[i] = j->ordinary    ? (j->bytes[i] & 0x3B) | 0x20
                      : special == 0 ? j->bytes[i] | 0x7C
                      : special == 1 ? 0xFF
                      : special == 2 ? 0
                                     : j->bytes[i];
    }
}

#define BLOCKS(NAME, TYPE, ELEMENTS)                                                                                        \
    static void prepare_##NAME(job *j)                                                                                      \
    {                                                                                                                       \
        prepare_blocks(j, sizeof(NAME));                                                                                    \
    }                                                                                                                       \
    static void run_##NAME(const ql_kernels *k, const job *j, outputs *o)                                                   \
    {                                                                                                                       \
        k->decode.blocks[TYPE](j->bytes, j->n, outputs_array(o, j->n * ELEMENTS, sizeof(float)));                           \
    }
BLOCKS(ql_q4_0, QL_Q4_0, 32)
BLOCKS(ql_q4_1, QL_Q4_1, 32)
BLOCKS(ql_q5_0, QL_Q5_0, 32)
BLOCKS(ql_q5_1, QL_Q5_1, 32)
BLOCKS(ql_q8_0, QL_Q8_0, 32)
BLOCKS(ql_q8_1, QL_Q8_1, 32)
BLOCKS(ql_iq4_nl, QL_IQ4_NL, 32)
BLOCKS(ql_q2_k, QL_Q2_K, 256)
BLOCKS(ql_q3_k, QL_Q3_K, 256)
BLOCKS(ql_q4_k, QL_Q4_K, 256)
BLOCKS(ql_q5_k, QL_Q5_K, 256)
BLOCKS(ql_q6_k, QL_Q6_K, 256)
BLOCKS(ql_q8_k, QL_Q8_K, 256)
BLOCKS(ql_iq4_xs, QL_IQ4_XS, 256)
BLOCKS(ql_tq1_0, QL_TQ1_0, 256)
BLOCKS(ql_tq2_0, QL_TQ2_0, 256)
BLOCKS(ql_q1_0, QL_Q1_0, 128)
BLOCKS(ql_q2_0, QL_Q2_0, 64)
BLOCKS(ql_mxfp4, QL_MXFP4, 32)
BLOCKS(ql_nvfp4, QL_NVFP4, 64)

/* Two codes a byte, of the last one perhaps only the first; scales for all of them and no more, at the end of the memory. */
static void prepare_codes(job *j)
{
    prepare_bytes(j, j->n);
    j->elements = 2 * j->n - (j->n > 0 && !j->ordinary && draw(&j->draws) & 1);
    j->zero = j->ordinary ? 64 : (int32_t)(1 + j->elements / TILE + draw_below(&j->draws, 100));
    const size_t scales = (j->elements + (size_t)j->zero - 1) / (size_t)j->zero;
    j->y += j->more - scales;
    for (int i = 0; i < 16; i++) {
        j->levels.level[i] = draw_value(j, j->ordinary ? NORMAL : ANY, 1, 0);
    }
    for (size_t i = 0; i < scales; i++) {
        j->y[i] = draw_value(j, j->ordinary ? NORMAL : ANY, 1, 0);
    }
}

static void run_nf4(const ql_kernels *k, const job *j, outputs *o)
{
    k->decode.nf4(j->levels.level, j->bytes, j->elements, (size_t)j->zero, j->y,
                  outputs_array(o, j->elements, sizeof(float)));
}

#define BLOCKS_ROW(NAME, TYPE, ELEMENTS)                                                                                    \
    {                                                                                                                       \
        KERNEL(decode.blocks[TYPE]), .unit_bytes = sizeof(NAME), .elements = ELEMENTS, .any_address = true,                 \
                                     .prepare = prepare_##NAME, .run = run_##NAME                                           \
    }
static const kernel_check rows[] = {
    { KERNEL(decode.half), .unit_bytes = 2, .any_address = true, .prepare = prepare_words, .run = run_half },
    { KERNEL(decode.bfloat), .unit_bytes = 2, .any_address = true, .prepare = prepare_words, .run = run_bfloat },
    BLOCKS_ROW(ql_q4_0, QL_Q4_0, 32),
    BLOCKS_ROW(ql_q4_1, QL_Q4_1, 32),
    BLOCKS_ROW(ql_q5_0, QL_Q5_0, 32),
    BLOCKS_ROW(ql_q5_1, QL_Q5_1, 32),
    BLOCKS_ROW(ql_q8_0, QL_Q8_0, 32),
    BLOCKS_ROW(ql_q8_1, QL_Q8_1, 32),
    BLOCKS_ROW(ql_iq4_nl, QL_IQ4_NL, 32),
    BLOCKS_ROW(ql_q2_k, QL_Q2_K, 256),
    BLOCKS_ROW(ql_q3_k, QL_Q3_K, 256),
    BLOCKS_ROW(ql_q4_k, QL_Q4_K, 256),
    BLOCKS_ROW(ql_q5_k, QL_Q5_K, 256),
    BLOCKS_ROW(ql_q6_k, QL_Q6_K, 256),
    BLOCKS_ROW(ql_q8_k, QL_Q8_K, 256),
    BLOCKS_ROW(ql_iq4_xs, QL_IQ4_XS, 256),
    BLOCKS_ROW(ql_tq1_0, QL_TQ1_0, 256),
    BLOCKS_ROW(ql_tq2_0, QL_TQ2_0, 256),
    BLOCKS_ROW(ql_q1_0, QL_Q1_0, 128),
    BLOCKS_ROW(ql_q2_0, QL_Q2_0, 64),
    BLOCKS_ROW(ql_mxfp4, QL_MXFP4, 32),
    BLOCKS_ROW(ql_nvfp4, QL_NVFP4, 64),
    { KERNEL(decode.nf4), .unit_bytes = 1, .elements = 2, .any_address = true, .large = 1 << 21, .prepare = prepare_codes,
      .run = run_nf4 },
};

const kernel_checks decode_checks = { rows, sizeof rows / sizeof *rows };
