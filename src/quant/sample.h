/*
 * A sample of a tensor, kept in its profile: pieces of neighbours, one of each of many equal parts in stored order, and
 * nearly evenly spread over the places in a part, so that all columns have their share; of a small tensor all of it. It
 * tells where to look for the exact answer, never what the answer is.
 */
#ifndef QL_QUANT_SAMPLE_H
#define QL_QUANT_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

enum { QL_SAMPLE_PIECES = 2048, QL_SAMPLE_PIECE = 32, QL_SAMPLE_MOST = QL_SAMPLE_PIECES * QL_SAMPLE_PIECE };

typedef struct ql_sample {
    uint64_t elements; /* of the tensor */
    size_t count;      /* min(elements, QL_SAMPLE_MOST) */
    float values[];    /* [count] as float32, piece by piece */
} ql_sample;

/* The element that values[at] is; `at` is where a piece begins. A piece never crosses a multiple of its length. */
static inline uint64_t ql_sample_position(const ql_sample *sample, size_t at)
{
    if (sample->elements <= QL_SAMPLE_MOST) {
        return at;
    }
    const uint64_t stride = sample->elements / QL_SAMPLE_PIECES, piece = at / QL_SAMPLE_PIECE;
    const uint32_t place = (uint32_t)piece * 0x9E3779B9u; /* multiples of the golden ratio, in 2^-32 of a part */
    const double offset = 0x1p-32 * place * (double)(stride - QL_SAMPLE_PIECE + 1);
    return (piece * stride + (uint64_t)offset) / QL_SAMPLE_PIECE * QL_SAMPLE_PIECE;
}

/* The first piece that begins at or behind element `begin`, a multiple of QL_SAMPLE_PIECE. */
static inline size_t ql_sample_piece_from(const ql_sample *sample, uint64_t begin)
{
    const uint64_t stride = sample->elements <= QL_SAMPLE_MOST ? QL_SAMPLE_PIECE : sample->elements / QL_SAMPLE_PIECES;
    const size_t piece = (size_t)(begin / stride);
    return piece + (ql_sample_position(sample, piece * QL_SAMPLE_PIECE) < begin);
}

#endif
