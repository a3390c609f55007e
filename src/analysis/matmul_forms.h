/*
 * Codes of weights:SPEC as they are kept, and what they stand for.
 *
 * Codes are a byte each, or half a byte where 16 are enough, in the order of W[n][k]. What a code stands for is the value of
 * `simulated`, bit by bit, in the first of these forms that gives it in every group:
 *
 *   (level[code] scale) factor    the same levels for all groups; factor: of the tensor where scales have two levels (nvfp4)
 *   (code - zero) scale           zero points
 *   code scale + minimum          q4_1, q5_1
 *   table[group][code]            codebooks
 */
#ifndef QL_ANALYSIS_MATMUL_FORMS_H
#define QL_ANALYSIS_MATMUL_FORMS_H

#include "analysis/matmul.h"

typedef struct ql_form ql_form;
typedef struct ql_kept_codes {
    ql_walk walk;
    ql_quantizer quantizer;
    size_t k, row_bytes;
    bool halves; /* two codes a byte, the first in the high half */
    int code_lo;
    const ql_form *form;
    const float *scales; /* [groups] of levels */
    float factor, levels[QL_WAY_LEVELS];
    int middle;     /* without zero points: the code less code_lo that stands for 0 */
    float *minima;  /* [groups], or NULL */
    uint8_t *codes; /* [n][row_bytes] code - code_lo */
} ql_kept_codes;

struct ql_form {
    /* Gets ready to try this form; false: there is no such thing here. */
    bool (*prepare)(ql_kept_codes *kept);
    /* What it makes of code code_lo + i of a group. */
    float (*value)(const ql_kept_codes *kept, uint64_t group, int i);
    /* The same of n codes of a group, a byte each. */
    void (*decode)(const ql_kept_codes *kept, uint64_t group, const uint8_t *codes, size_t n, float *w);
    bool by_levels, by_tables;
};

/* The form of the codes that `quantizer` made, which are kept; takes the memory that it needs. */
void ql_kept_choose_form(ql_kept_codes *kept);

/* With tables: that of a group, made in `room` where it does not lie ready. */
const float *ql_kept_table(const ql_kept_codes *kept, uint64_t group, float room[QL_WAY_LEVELS]);

#endif
