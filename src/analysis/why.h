/*
 * The why-line: what its files share.
 *
 *   why.c           chooses the first reason that holds, and the best remedy of it
 *   why_reasons.c   the table of reasons: a test on the real numbers, the sentence, the knobs that may help
 *   why_remedies.c  the table of remedies: a change of the spec, tried with a real report
 */
#ifndef QL_ANALYSIS_WHY_H
#define QL_ANALYSIS_WHY_H

#include "qloupe.h"

typedef enum ql_remedy {
    QL_REMEDY_ROWS, /* a step for each row */
    QL_REMEDY_COLS,
    QL_REMEDY_BLOCKS,
    QL_REMEDY_OUTLIERS, /* the largest 1 % kept beside the codes */
    QL_REMEDY_PERCENTILE,
    QL_REMEDY_MINMAX,
    QL_REMEDY_ZEROPOINT,
    QL_REMEDY_ABSMAX,
    QL_REMEDY_MORE_BITS,
    QL_REMEDY_AS_MANY_BITS, /* as the levels of an earlier quantization need */
    QL_REMEDY_THEIR_LEVELS, /* levels that are learnt */
    QL_REMEDY_A_BIT,        /* one more, in blocks so large that no more is stored */
    QL_REMEDY_LARGER,       /* blocks twice as large */
    QL_REMEDY_DOUBLE,       /* scales that are quantized themselves */
    QL_REMEDY_COUNT
} ql_remedy;

/* What became of it. */
typedef struct ql_tried {
    bool is_tried; /* what follows is known */
    bool applies;  /* to this spec and tensor; the rest is of its report */
    ql_spec spec;
    double gain_db, saved_bits;  /* against the report; per weight */
    double scale_min, scale_max; /* of its groups; 0 where it has none */
    double scale_quarter, scale_median, scale_three_quarters;
    uint64_t group_count, loud; /* groups; those whose scale is more than QL_LOUD times the median */
} ql_tried;

#define QL_LOUD 3

/* What the reasons look at. Trials are made when a reason asks for them. */
typedef struct ql_evidence {
    ql_engine *engine;
    const ql_profile *profile;
    const ql_report *report;
    unsigned idle;     /* codes that do not occur */
    double reach;      /* largest distance from the mean over the standard deviation */
    double extra_bits; /* per weight, of all but the codes */
    ql_few_levels few; /* what an earlier quantization left */
    bool has_few;
    bool is_matrix;

    ql_tried tried[QL_REMEDY_COUNT];
    unsigned tried_count; /* reports made, for the progress */
    const ql_monitor *monitor;
    ql_status status; /* QL_OK, or why trying ended */
    ql_error *error;
} ql_evidence;

/* Tries the remedy if that was not done; does not apply when the evidence ended with an error. */
const ql_tried *ql_try(ql_evidence *evidence, ql_remedy remedy);

/* Fewer bits per weight are not worth a word. */
#define QL_LEAST_SAVED 0.05

/* A gain in dB, or bits that are saved for less than the 6 dB that a bit is worth. */
bool ql_is_worth(const ql_tried *tried);

/* The knob that a person turns for it: a ql_key, or QL_KEY_COUNT for the mapping. */
int ql_remedy_key(ql_remedy remedy);

typedef struct ql_reason {
    bool (*holds)(ql_evidence *evidence);
    void (*say)(const ql_evidence *evidence, char *out, size_t size);
    size_t count;
    ql_remedy remedies[4]; /* [count] */
} ql_reason;

/* In the order in which they are asked; the last one always holds. */
extern const ql_reason ql_reasons[];

#endif
