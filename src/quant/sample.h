/*
 * A sample of a tensor, kept in its profile: pieces of neighbours, evenly spread in stored order; of a small tensor all of
 * it. It tells where to look for the exact answer, never what the answer is.
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
    const uint64_t stride = sample->elements / QL_SAMPLE_PIECES;
    return sample->elements <= QL_SAMPLE_MOST ? at : at / QL_SAMPLE_PIECE * stride / QL_SAMPLE_PIECE * QL_SAMPLE_PIECE;
}

/* The first piece that begins at or behind element `begin`, a multiple of QL_SAMPLE_PIECE. */
static inline size_t ql_sample_piece_from(const ql_sample *sample, uint64_t begin)
{
    const uint64_t stride = sample->elements <= QL_SAMPLE_MOST ? QL_SAMPLE_PIECE : sample->elements / QL_SAMPLE_PIECES;
    return (size_t)((begin + stride - 1) / stride);
}

#endif
