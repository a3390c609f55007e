/*
 * What check_kernels knows about each kernel: one row that prepares inputs and runs it. The same run with the scalar kernels
 * and with those of another instruction set must leave the same bytes in every output.
 */
#ifndef QL_TESTS_KERNELS_CHECKS_H
#define QL_TESTS_KERNELS_CHECKS_H

#include "fence.h"
#include "kernels/kernels.h"

enum { TILE = 4096, MOST_TAIL = 67, MOST_RANGES = 9, MOST_OUTPUTS = 10 };

/* Values to which a kernel may do wrong. */
typedef enum value_kind {
    NORMAL,      /* as weights are */
    TIES,        /* (k + 1/2) step */
    BESIDE_TIES, /* a few float32 from there */
    WHOLE,       /* k step */
    POWERS,      /* of two */
    DENORMALS,
    ENORMOUS,  /* up to the largest float32 */
    ZEROS,     /* of both signs */
    ANY,       /* every finite float32 is as likely */
    MIXED,     /* all of these side by side */
    RARE_TIES, /* a tie or what lies beside it now and then, so that what goes wrong there is not mended because of its
                  neighbours */
    VALUE_KINDS
} value_kind;

/* Inputs. What a kernel needs of it its `prepare` fills in; the arrays are there. */
typedef struct job {
    uint64_t draws; /* state of random numbers for prepare */
    bool ordinary;  /* as in practice, for --bench; else whatever may go wrong */
    value_kind kind;
    size_t n;
    union { /* the first input: n units */
        void *in;
        float *x;
        uint8_t *bytes;
        int16_t *codes_in;
    };
    size_t elements; /* of packed codes */
    size_t more;     /* elements of the other inputs: n, less in a large job */
    float *y, *steps;
    int32_t *zeros;

    ql_uniform codes;
    float step;
    int32_t zero;
    bool without_zeros;
    double center, limit[2];
    ql_order order;
    uint32_t ranges[MOST_RANGES][2];
    unsigned range_count;
    bool counting; /* what lies above the ranges */
    ql_binning axis, error_axis;
    size_t block, offset; /* of values that codes tell, 0: of none; or of steps */
    ql_fine_axis fine;
    ql_levels16 levels;
} job;

/* Outputs in the order in which a run asks for them. */
typedef struct outputs {
    fence memory[MOST_OUTPUTS];
    struct {
        unsigned char *start;
        size_t size;
    } part[MOST_OUTPUTS];
    size_t used;
    uint64_t draws; /* what accumulators hold before, and where the outputs lie */
    bool timing;    /* nothing is filled or made comparable */
} outputs;

outputs outputs_new(void);

/* Forgets all outputs; the next ones begin with the same random numbers for the same seed. */
void outputs_begin(outputs *o, uint64_t seed);

/* `count` elements to be written, between guard bytes; sums to add to; counters to add to. */
void *outputs_array(outputs *o, size_t count, size_t element_size);
double *outputs_sums(outputs *o, size_t count);
uint32_t *outputs_counters(outputs *o, size_t count);

/* A single number that a kernel returned. */
void outputs_note(outputs *o, uint64_t value);

/* Moves the counts of QL_TABLES tables, of `count` counters each, to the first: where they go is the kernel's choice. */
void outputs_fold(const outputs *o, uint32_t *tables, size_t count);

/* Takes back what a kernel was allowed to write beyond its results. */
void outputs_forget(const outputs *o, void *from, size_t bytes);

/* Whether both hold the same bytes, guards too; if not, where. */
bool outputs_equal(const outputs *a, const outputs *b, size_t *output, ptrdiff_t *byte);

/* One value of a kind (MIXED: of any). For ties: k such that k + zero is a code or little beside. */
float draw_value(job *j, value_kind kind, float step, int32_t zero);

typedef struct kernel_check {
    const char *name;
    size_t member;       /* of ql_kernels: its offset */
    unsigned unit_bytes; /* of the first input, per element or per block of `elements` */
    unsigned elements;   /* in a unit; 0 is 1 */
    bool any_address;    /* the first input may lie at odd addresses */
    size_t large;        /* units of a kernel that works otherwise from here on: tried once */
    void (*prepare)(job *j);
    void (*run)(const ql_kernels *k, const job *j, outputs *o);
} kernel_check;

#define KERNEL(MEMBER) .name = #MEMBER, .member = offsetof(ql_kernels, MEMBER)

typedef struct kernel_checks {
    const kernel_check *rows;
    size_t count;
} kernel_checks;

extern const kernel_checks core_checks, encode_checks, decode_checks;

/* Times a kernel with each instruction set (one, if `isa` is not NULL). Call it for one row after the other. */
void bench_header(void);
void bench(const kernel_check *check, const char *isa);

#endif
