/*
 * What a scheme is: a mapping is ONE file that ends in a const ql_mapping and ONE row in the table of schemes.c. Everything else - the
 * spec parser, help, the terminal interface, tests - reads the table.
 */
#ifndef QL_QUANT_SCHEME_H
#define QL_QUANT_SCHEME_H

#include "kernels/kernels.h"
#include "qloupe.h"
#include "quant/groups.h"

/* A piece of a tensor in stored order and what a mapping makes of it. Either all of x lies in the group `group` (groups == NULL) or
   element i lies in groups[i]. step and zero are scratch for the mapping, [n] each. */
typedef struct ql_tile {
    const float *x; /* [n] */
    size_t n;
    uint64_t group;
    const uint64_t *groups;
    float *step;
    int32_t *zero;
    int16_t *codes; /* out [n] */
    float *y;       /* out [n] */
} ql_tile;

/* A mapping with its parameters found: ready to encode. */
typedef struct ql_quantizer {
    ql_spec spec;
    ql_groups groups;
    int code_lo, code_hi;
    float *scales;  /* [groups.count] */
    int32_t *zeros; /* [groups.count]; NULL for symmetric mappings */
} ql_quantizer;

struct ql_mapping {
    ql_mapping_info info;
    bool symmetric; /* the clipping range is that of the magnitudes: [-alpha, alpha] */
    unsigned keys;  /* 1 << ql_key for each key that it takes */
    unsigned bits_min, bits_max;
    ql_spec defaults; /* values of all keys in `keys`; mapping is filled in by the parser */

    /* The codes that the spec may use. */
    void (*code_range)(const ql_spec *spec, int *lo, int *hi);

    /* Storage of one group's parameters, in bits (section 13 of the scheme reference: "scales counted as stored"). */
    unsigned (*group_bits)(const ql_spec *spec);

    /* From the clipping range of one group, lo <= hi, to its stored parameters. zero is NULL for symmetric mappings, which use hi as
       alpha. Called from several threads. */
    void (*fit)(const ql_spec *spec, double lo, double hi, float *scale, int32_t *zero);

    /* Encodes and decodes a tile; returns how many elements were clipped. */
    uint64_t (*quantize)(const ql_quantizer *quantizer, const ql_kernels *kernels, const ql_tile *tile);
};

extern const ql_mapping ql_mapping_absmax;
extern const ql_mapping ql_mapping_zeropoint;

/* The step for a range divided into `steps` steps, rounded once to float32, never zero and never infinite: 1 for an empty range,
   the smallest subnormal when the quotient underflows, the largest float when a range by hand lies beyond float32. */
float ql_step(double range, double steps);

/* ql_mapping.quantize of all uniform mappings. */
uint64_t ql_quantize_uniform(const ql_quantizer *quantizer, const ql_kernels *kernels, const ql_tile *tile);

/* Finds the parameters of every group of the tensor: one pass over it, or more for percentiles. The profile must be usable. Progress
   counts from done_before of total elements. Free with ql_quantizer_free, also after a failure. */
ql_status ql_quantizer_make(ql_engine *engine, const ql_profile *profile, const ql_spec *spec, const ql_monitor *monitor,
                            uint64_t total, ql_quantizer *out, ql_error *error);
void ql_quantizer_free(ql_quantizer *quantizer);

/* How many elements ql_quantizer_make will read, for the progress bar. */
uint64_t ql_quantizer_elements(const ql_profile *profile, const ql_spec *spec);

/* Scratch for ql_quantize_range, for n <= QL_TILE elements. */
enum { QL_TILE = 4096 };
typedef struct ql_tile_buffers {
    float x[QL_TILE], y[QL_TILE], step[QL_TILE];
    int32_t zero[QL_TILE];
    int16_t codes[QL_TILE];
    uint64_t groups[QL_TILE];
    unsigned char bytes[(QL_TILE + 2) * 9]; /* as stored: ql_tensor_scratch_size */
} ql_tile_buffers;

/* Reads elements [begin, begin + n) of the tensor, n <= QL_TILE, and quantizes them: x, codes and y of `buffers`. Adds to *clipped. */
ql_status ql_quantize_tile(const ql_quantizer *quantizer, const ql_kernels *kernels, const ql_tensor *tensor, uint64_t begin,
                           size_t n, ql_tile_buffers *buffers, uint64_t *clipped, ql_error *error);

#endif
