/*
 * What a scheme is: a mapping is ONE file that ends in a const ql_mapping and ONE row in the table of schemes.c. Everything
 * else - the spec parser, help, the terminal interface, tests - reads the table.
 */
#ifndef QL_QUANT_SCHEME_H
#define QL_QUANT_SCHEME_H

#include "kernels/kernels.h"
#include "kernels/step.h"
#include "qloupe.h"
#include "quant/groups.h"
#include "quant/outliers.h"

/* A piece of a tensor in stored order and what a mapping makes of it. Element i lies in groups[i]; where groups is NULL, in
   group + (blocks.offset + i) / blocks.size. step, zero and more are
   scratch for the mapping. */
typedef struct ql_tile {
    const float *x; /* [n], outliers replaced by 0 */
    size_t n;
    uint64_t begin; /* flat index of x[0] */
    uint64_t group;
    ql_blocks blocks;
    const uint64_t *groups;
    float *step;    /* [n] */
    int32_t *zero;  /* [n] */
    float *more;    /* [QL_TILE_MORE][n] */
    int16_t *codes; /* out [n]; unsigned 16-bit codes are stored as their bits */
    float *y;       /* out [n] */
} ql_tile;
enum { QL_TILE_MORE = 3 };

static inline uint64_t ql_tile_group(const ql_tile *tile, size_t i)
{
    return tile->groups ? tile->groups[i] : tile->group + (tile->blocks.offset + i) / tile->blocks.size;
}

/* For kernels that find parameters by blocks: those of the tile's groups, of_groups[groups.count] itself or gathered in
   room[n] for each element, and the blocks that go with them. */
const float *ql_tile_parameters(const ql_tile *tile, const float *of_groups, float *room);
ql_blocks ql_tile_blocks(const ql_tile *tile);

/* A mapping with its parameters found: ready to encode. Each array is owned and NULL where the mapping has none. */
typedef struct ql_quantizer {
    ql_spec spec;
    ql_groups groups;
    int code_lo, code_hi;
    float *scales;        /* [groups.count] the step, or what the mapping scales its levels by */
    int32_t *zeros;       /* [groups.count] zero points */
    float *codebook;      /* [groups.count][level_count] ascending levels */
    double *edges;        /* [groups.count][level_count + 1] ends of the bins of the levels */
    float *thresholds;    /* as many as there are levels, for kernels (ql_levels): of codebook or levels */
    float *extra;         /* [extra_per_group * groups.count] further parameters of a group; the mapping's file says which */
    unsigned level_count; /* of the codebook */
    float *levels;        /* [level_count] levels that all groups share, before scaling */
    ql_levels16 levels16; /* the same, fixed by the mapping */
    float tensor_scale;   /* second level of scaling (nvfp4, nf4 with double=1) */
    uint8_t *scale_codes; /* [groups.count] scales as stored, where that is a byte */
    float *second_scales; /* scales of blocks of scales (nf4 with double=1) */
    uint64_t second_count;
    ql_outliers outliers;
    double stored_extra_bits; /* none: what the stored tensor holds besides codes */
    uint64_t widest;          /* the group with the widest range, the first of equal ones */
    double widest_lo,
        widest_hi; /* that range: as clipped (-alpha, alpha), or of the values where a mapping is fit to those */
} ql_quantizer;

/* With a codebook come its thresholds. */
enum { QL_HAS_SCALES = 1, QL_HAS_ZEROS = 2, QL_HAS_CODEBOOK = 4, QL_HAS_EDGES = 8, QL_HAS_SCALE_CODES = 16 };

/* The values of `count` groups side by side, at most QL_FIT_GROUPS, in the order of the walk, and the range of each. The
   sign of a zero in a range is any. */
enum { QL_FIT_GROUPS = 256 };
typedef struct ql_group_values {
    uint64_t first;
    size_t count, size; /* values of a group; the last may have fewer */
    const float *x;
    size_t n;
    const float *lo, *hi; /* [count] */
} ql_group_values;

struct ql_mapping {
    ql_mapping_info info;
    bool symmetric;                     /* the clipping range is that of the magnitudes: [-alpha, alpha] */
    unsigned keys;                      /* 1 << ql_key for each key that it takes */
    unsigned per_allowed, clip_allowed; /* 1 << value for each allowed one; 0: all */
    unsigned bits_min, bits_max;
    ql_spec defaults; /* of all keys, also of those that are not in `keys` and so are fixed; mapping is filled in by the
                         parser */
    unsigned arrays;  /* QL_HAS_...: what ql_quantizer_make allocates */
    unsigned extra_per_group;

    /* The codes that the spec may use, lo to hi, and how many of them are different levels (0: as many as there are codes).
     */
    void (*code_range)(const ql_spec *spec, int *lo, int *hi);
    unsigned (*levels)(const ql_quantizer *quantizer);

    /* Storage in bits of everything but the codes, which take spec.bits each (scales counted as stored). */
    double (*parameter_bits)(const ql_quantizer *quantizer);

    /* How ranges are found whatever `clip` says; NULL: as it says. */
    const struct ql_calibrator *calibrator;

    /* Uniform mappings: the step and zero point for a clipping range, for searches that try many. NULL for others. */
    void (*step_of)(const ql_spec *spec, double lo, double hi, float *step, int32_t *zero);

    /* Optional, before the groups: what the whole tensor decides, or a file to read. */
    ql_status (*prepare)(ql_quantizer *quantizer, const ql_profile *profile, ql_error *error);

    /* One of the three, called from several threads, once per group but for the last one, writes the group's parameters:
       from the clipping range, lo <= hi (symmetric mappings use hi as alpha), from the values of the group in the order of
       the walk, which it may reorder, or from those of many groups. Returns NULL or what is wrong, for a message. */
    const char *(*fit)(ql_quantizer *quantizer, uint64_t group, double lo, double hi);
    const char *(*fit_values)(ql_quantizer *quantizer, uint64_t group, float *values, size_t n);
    const char *(*fit_blocks)(ql_quantizer *quantizer, const ql_kernels *kernels, const ql_group_values *groups);

    /* Optional, after all groups. */
    ql_status (*finish)(ql_quantizer *quantizer, ql_engine *engine, ql_error *error);

    /* Encodes and decodes a tile; returns how many elements were clipped. */
    uint64_t (*quantize)(const ql_quantizer *quantizer, const ql_kernels *kernels, const ql_tile *tile);

    /* The value of a code of a group. */
    float (*decode)(const ql_quantizer *quantizer, uint64_t group, int code);

    /* Half the widest gap between neighbouring levels of a group: no unclipped error is larger, up to the rounding of y. */
    double (*half_gap)(const ql_quantizer *quantizer, uint64_t group);

    /* Optional, where code_lo and code_hi are not the ends: the least value of a group; the greatest is its negative. */
    double (*lowest)(const ql_quantizer *quantizer, uint64_t group);

    /* Optional: codes that are another spelling of zero, for counting ("-0"); -1: none. */
    int (*negative_zero)(const ql_spec *spec);
};

/* What the uniform mappings share. */
uint64_t ql_quantize_uniform(const ql_quantizer *quantizer, const ql_kernels *kernels, const ql_tile *tile);
const char *ql_fit_uniform(ql_quantizer *quantizer, uint64_t group, double lo, double hi);
float ql_decode_uniform(const ql_quantizer *quantizer, uint64_t group, int code);
double ql_half_gap_uniform(const ql_quantizer *quantizer, uint64_t group);

/* Finds the parameters of every group of the tensor: one pass over it, or more for percentiles and searches. The profile
   must be usable. Progress counts up to `total` elements. Free with ql_quantizer_free, also after a failure. */
ql_status ql_quantizer_make(ql_engine *engine, const ql_profile *profile, const ql_spec *spec, const ql_monitor *monitor,
                            uint64_t total, ql_quantizer *out, ql_error *error);
void ql_quantizer_free(ql_quantizer *quantizer);

/* Bits of the tensor as it is stored: codes, parameters, and 16 + 32 for the value and index of each outlier. */
double ql_quantizer_bits(const ql_quantizer *quantizer);

/* How many elements ql_quantizer_make will read, for the progress bar. */
uint64_t ql_quantizer_elements(const ql_profile *profile, const ql_spec *spec);

/* Scratch for ql_quantize_tile, for n <= QL_TILE elements, and where it leaves what it made. */
enum { QL_TILE = 4096 };
typedef struct ql_tile_buffers {
    float y[QL_TILE], values[QL_TILE], dense[QL_TILE], step[QL_TILE];
    int32_t zero[QL_TILE];
    float more[QL_TILE_MORE * QL_TILE];
    int16_t codes[QL_TILE];
    uint64_t groups[QL_TILE];
    const float *x;                         /* the values: `values`, or the tensor's own memory */
    unsigned char bytes[(QL_TILE + 2) * 9]; /* as stored: ql_tensor_scratch_size */
} ql_tile_buffers;

/* Reads elements [begin, begin + n) of the tensor, n <= QL_TILE, and quantizes them: x, codes and y of `buffers`. Adds to
 * *clipped. */
ql_status ql_quantize_tile(const ql_quantizer *quantizer, const ql_kernels *kernels, const ql_tensor *tensor, uint64_t begin,
                           size_t n, ql_tile_buffers *buffers, uint64_t *clipped, ql_error *error);

/* The same of values at hand: x[n], elements [begin, begin + n) of the tensor. */
void ql_quantize_values(const ql_quantizer *quantizer, const ql_kernels *kernels, uint64_t begin, const float *x, size_t n,
                        ql_tile_buffers *buffers, uint64_t *clipped);

#endif
