/*
 * The table of keys: what a knob is called, which field of ql_spec it is, and when it applies. Parsing, printing and
 * stepping all read it.
 */
#ifndef QL_QUANT_KEYS_H
#define QL_QUANT_KEYS_H

#include "qloupe.h"
#include "quant/scheme.h"

/* How a value is written, and the type of its field. */
typedef enum ql_kind {
    QL_BITS,        /* unsigned, within the mapping's bits */
    QL_COUNT,       /* uint64_t, min to max */
    QL_SIZE,        /* uint64_t elements of a block; RxC with per=tile: block and tile_cols */
    QL_CHOICE,      /* unsigned: which of `choices` */
    QL_NUMBER,      /* double, finite, at least min */
    QL_PERCENTILES, /* P or LO:HI: p_lo and p_hi */
    QL_SHARE,       /* P%, or a threshold: outliers and outliers_percent */
    QL_PATH,        /* the rest of the spec: char[QL_FILE_TEXT] */
} ql_kind;

typedef struct ql_knob {
    ql_key_info info;
    ql_kind kind;
    size_t field;           /* offset in ql_spec; where there are two, of the first */
    double min, max;        /* QL_COUNT, QL_NUMBER */
    const char *choices[8]; /* QL_CHOICE: by value, NULL at the end */
    const char *alias[2];   /* QL_CHOICE: another spelling, and what it stands for */
    const char *with;       /* where the key makes sense, for messages; NULL: everywhere */
    bool (*applies)(const ql_spec *spec);
} ql_knob;

extern const ql_knob ql_knobs[QL_KEY_COUNT]; /* by ql_key, in the order of the canonical form */

/* True when the mapping allows that choice of the key. */
bool ql_mapping_allows(const ql_mapping *mapping, ql_key key, unsigned choice);

/* True when the mapping takes the key at all. */
bool ql_mapping_takes(const ql_mapping *mapping, ql_key key);

/* The field of the key in the spec, of the type that its kind says. */
void *ql_spec_field(ql_spec *spec, ql_key key);

/* Sets the fields of keys that do not apply to 0, or to the mapping's fixed value where it does not take the key, so that
   equal specs are equal field by field. */
void ql_spec_clear_unused(ql_spec *spec);

/* What only the whole spec shows: a key of `given` (1 << ql_key) that does not apply, or one that is missing. */
ql_status ql_spec_check(const ql_spec *spec, unsigned given, ql_error *error);

/* 100 - p as a person would write it: 99.9 -> 0.1, not 0.09999999999999432. */
double ql_percent_complement(double p);

#endif
