/*
 * The order of rows in attn_q and attn_k. Rotary embeddings turn pairs of rows; Hugging Face's Llama keeps the two of a
 * pair half a head apart, Meta and llama.cpp side by side. So llama.cpp's converter moves the rows of models of the
 * architecture "llama" (convert_hf_to_gguf.py, permute): in a head of d rows
 *
 *   row p d/2 + j of the checkpoint  is  row 2 j + p of the GGUF file      p = 0, 1; j = 0 .. d/2 - 1
 */
#ifndef QL_ANALYSIS_HEADS_H
#define QL_ANALYSIS_HEADS_H

#include "qloupe.h"

/* How many heads a model says that it has. */
typedef struct ql_heads {
    bool moved;             /* rows are in llama.cpp's order */
    uint64_t queries, keys; /* 0: it does not say, or not as a number */
} ql_heads;

ql_heads ql_heads_of(const ql_model *model);

/* Rows of a head when `rows` are so many heads; 0 when that is not possible. */
uint64_t ql_head_rows(uint64_t rows, uint64_t heads);

/* Where in a GGUF file the row of a checkpoint stands. head_rows 0: all rows are where they were. */
static inline uint64_t ql_head_row(uint64_t row, uint64_t head_rows)
{
    if (head_rows == 0) {
        return row;
    }
    const uint64_t inside = row % head_rows, half = head_rows / 2;
    return row - inside + (inside < half ? 2 * inside : 2 * (inside - half) + 1);
}

#endif
