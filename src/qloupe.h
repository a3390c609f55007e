/*
 * qloupe - a loupe for quantization: the public interface of libqloupe.
 *
 *   ql_model_open ---> ql_tensor ---> ql_profile ---> ql_report ---> table, JSON, screen, figure
 *   (a weight file)    (one matrix)   (what does not   (one tensor under one spec:
 *                                      depend on the    every metric, histograms,
 *                                      knobs)           per-row errors; immutable)
 *
 * Rules that hold everywhere:
 *   - Status out, result through the last pointers, message in the caller's ql_error. A message is one line that names
 *     the file, the tensor and the place, is safe to print on a terminal, and is shown to people word for word.
 *   - `const T *` is borrowed. `T **out` is yours; free it with the matching ql_thing_free(&x), which accepts NULL and
 *     leaves NULL.
 *   - Nothing here prints, exits, or touches the terminal or the locale (a text that must suit the locale reads LC_CTYPE).
 *   - A model and its tensors may be read by many threads; an engine belongs to one caller at a time.
 *   - Text that comes from a file is raw bytes (ql_text) and reaches a person only through ql_text_print or ql_text_json.
 */
#ifndef QLOUPE_H
#define QLOUPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QL_VERSION "0.1.0"

/* ---- Errors ------------------------------------------------------------------------------------------------- */

typedef enum ql_status {
    QL_OK = 0,
    QL_BAD_USAGE, /* a spec, name or option that makes no sense */
    QL_BAD_FILE,  /* missing, damaged, hostile, or of no format that this build reads */
    QL_UNUSABLE,  /* the tensor has no values for this operation: NaN or Inf, empty, a dtype that is listed only */
    QL_NO_MEMORY,
    QL_BAD_WRITE, /* an output could not be written; nothing is left half-written */
    QL_CANCELLED, /* the monitor said stop */
} ql_status;

typedef struct ql_error {
    ql_status status;
    char message[640];
} ql_error;

/* ---- Text from files ---------------------------------------------------------------------------------------- */

typedef struct ql_text {
    const char *data; /* any bytes, not terminated */
    size_t size;
} ql_text;

/* Writes `text` to out[out_size] as a terminal may see it: printable characters as they are, all else (controls, bidi
   and zero-width characters, invalid UTF-8, what the locale cannot show) as visible escapes such as \x1b or \u202e. At
   most max_cells columns (0: no limit), "..." at the end when cut. Always terminated. Returns the columns used. */
size_t ql_text_print(char *out, size_t out_size, ql_text text, size_t max_cells);

/* Writes `text` as the inside of a JSON string (no quotes): the same characters escaped as \uXXXX, invalid bytes as
   \ufffd. Returns the length needed without the terminator, like snprintf; truncates between characters. */
size_t ql_text_json(char *out, size_t out_size, ql_text text);

/* A C string as text. */
ql_text ql_text_from(const char *string);

/* ---- Element types ------------------------------------------------------------------------------------------ */

typedef enum ql_dtype {
    QL_F64,
    QL_F32,
    QL_F16,
    QL_BF16,
    QL_I64,
    QL_I32,
    QL_I16,
    QL_I8,
    QL_U64,
    QL_U32,
    QL_U16,
    QL_U8,
    QL_BOOL,
    QL_C64,
    QL_F8_E5M2,
    QL_F8_E4M3,
    QL_F8_E5M2FNUZ,
    QL_F8_E4M3FNUZ,
    QL_F8_E8M0,
    QL_F6_E3M2,
    QL_F6_E2M3,
    QL_F4,
    QL_SAFETENSORS_DTYPE_COUNT,

    /* ggml's block types, in GGUF files: a run of weights of a row with scales of its own. */
    QL_GGML_Q4_0 = QL_SAFETENSORS_DTYPE_COUNT,
    QL_GGML_Q4_1,
    QL_GGML_Q5_0,
    QL_GGML_Q5_1,
    QL_GGML_Q8_0,
    QL_GGML_Q8_1,
    QL_GGML_Q2_K,
    QL_GGML_Q3_K,
    QL_GGML_Q4_K,
    QL_GGML_Q5_K,
    QL_GGML_Q6_K,
    QL_GGML_Q8_K,
    QL_GGML_IQ4_NL,
    QL_GGML_IQ4_XS,
    QL_GGML_TQ1_0,
    QL_GGML_TQ2_0,
    QL_GGML_MXFP4,
    QL_GGML_NVFP4,
    QL_GGML_Q1_0,
    QL_GGML_Q2_0,
    QL_GGML_IQ1_S,
    QL_GGML_IQ1_M,
    QL_GGML_IQ2_XXS,
    QL_GGML_IQ2_XS,
    QL_GGML_IQ2_S,
    QL_GGML_IQ3_XXS,
    QL_GGML_IQ3_S,
    QL_DTYPE_COUNT
} ql_dtype;

typedef struct ql_dtype_info {
    const char *name;                      /* as safetensors spells it, block types as ggml does: in JSON and files */
    const char *shown;                     /* the same for people: "nvfp4 (gguf)" where a mapping has that name too */
    const char *meaning;                   /* a few words for a person */
    unsigned bits;                         /* of one element; of a block type: of its codes */
    unsigned block_elements, block_bytes;  /* what is stored together: 1 element, but in block types and those under 8 bits */
    bool has_values;                       /* false: listed only, values are refused */
    bool wide;                             /* statistics need float64: F64 and 32- and 64-bit integers do not fit float32 */
    unsigned exponent_bits, mantissa_bits; /* floating-point types; 0 0 for integers */
    double max_finite, min_normal, min_subnormal, epsilon; /* 0 where the notion does not apply */
} ql_dtype_info;

/* The description of a type; never NULL for a valid value. */
const ql_dtype_info *ql_dtype_describe(ql_dtype dtype);

/* Stored bits per element, everything counted: 32 for F32, 4.5 for Q4_0. */
double ql_dtype_bits_per_weight(ql_dtype dtype);

/* By its name; false when there is none. */
bool ql_dtype_find(ql_text name, ql_dtype *out);

/* One value in a floating-point format: | sign | exponent | mantissa |, value = (-1)^sign 2^(exponent - bias) (1 + mantissa
   / 2^m), or
   (-1)^sign 2^(1 - bias) mantissa / 2^m when the exponent is 0. */
typedef struct ql_float_parts {
    ql_dtype dtype;
    int bias;
    uint32_t code; /* all bits, the sign first */
    uint32_t sign, exponent, mantissa;
    double stored; /* nearest, ties to even; beyond the range: infinity, NaN (F8_E4M3) or the largest value (F4) */
    double below,
        above; /* the neighbours; infinite next to the largest where the format has infinity, NaN where there is none */
} ql_float_parts;

/* False when the type is not F32, F16, BF16, F8_E5M2, F8_E4M3 or F4. F4 has no NaN: it stores 0. */
bool ql_float_take_apart(ql_dtype dtype, double value, ql_float_parts *out);

/* ---- Models and tensors ------------------------------------------------------------------------------------- */

/* The logical weight is W[rows = out][cols = in], whatever the storage order. */
typedef enum ql_layout {
    QL_LAYOUT_AUTO,   /* as an option only: find it from the names and shapes of the file */
    QL_LAYOUT_OUT_IN, /* rows = dim 0, cols = product of the others (nn.Linear, conv OIHW; 1-D is one row, 0-D is 1 x 1) */
    QL_LAYOUT_IN_OUT, /* rows = last axis, cols = product of the others in storage order (GPT-2's Conv1D) */
} ql_layout;

/* "out,in" or "in,out". */
const char *ql_layout_name(ql_layout layout);

enum { QL_MAX_RANK = 64 };
#define QL_NO_OFFSET UINT64_MAX

typedef struct ql_tensor {
    ql_text name;
    ql_dtype dtype;
    unsigned rank;
    const uint64_t *shape; /* [rank], outermost axis first */
    uint64_t element_count;
    uint64_t byte_count;
    uint64_t offset; /* of the first byte, from the start of the file; QL_NO_OFFSET: compressed */
    ql_text file;    /* of a sharded model: the name of the file that holds it; empty otherwise */
    ql_layout layout;
    uint64_t rows, cols;              /* of the logical weight W[rows][cols] */
    const struct ql_storage *storage; /* how to read it: tensor/tensor.h */
} ql_tensor;

typedef struct ql_model ql_model;

/* Opens a weight file, recognised by its content: the header is read and checked, no values are touched. `path` is kept
   as the name in messages. A folder stands for the index or the only weight file in it. QL_BAD_FILE names what is wrong and
   where. */
ql_status ql_model_open(const char *path, ql_layout layout, ql_model **out, ql_error *error);
/* The same for a file in memory: bytes[size], borrowed, must outlive the model; `name` stands for the path (an index finds
   its files beside it). */
ql_status ql_model_open_memory(const char *name, const void *bytes, uint64_t size, ql_layout layout, ql_model **out,
                               ql_error *error);

/* Opens any file as one tensor in C order. `description` is DTYPE:SHAPE[:OFFSET]: a type by its name in any case, dimensions
   with x between them, where the tensor begins in bytes (decimal or 0x...; 0). QL_BAD_USAGE when it is none, and says what
   is allowed; QL_BAD_FILE when the file is too short for it, and says how many elements fit. */
ql_status ql_model_open_raw(const char *path, const char *description, ql_layout layout, ql_model **out, ql_error *error);

/* A model of one F32 tensor `name` with the given values in C order, which are copied; stored out,in. `name` also stands for
   the file in messages. */
ql_status ql_model_from_values(const char *name, unsigned rank, const uint64_t *shape, const float *values, ql_model **out,
                               ql_error *error);
void ql_model_free(ql_model **model);

const char *ql_model_path(const ql_model *model);
const char *ql_model_format(const ql_model *model);  /* "safetensors", "npy" */
uint64_t ql_model_byte_count(const ql_model *model); /* of the file, or of all files of a sharded model */

/* From now on files are mapped when they are opened, which is faster than reading them. It takes a handler for SIGBUS, which
   comes when another process cuts such a file, that calls ql_fault_absorb with the address of the fault and returns when
   that says true; then the call that was reading ends with QL_BAD_FILE. Off at first. */
void ql_map_files(bool on);
bool ql_fault_absorb(const void *address); /* safe in a signal handler; false: the fault is none of ours */

/* How many bytes of values and headers were read so far, from all files: for tests and for people who measure. */
uint64_t ql_model_bytes_read(const ql_model *model);

size_t ql_model_tensor_count(const ql_model *model);
const ql_tensor *ql_model_tensor(const ql_model *model, size_t index); /* in the order of the data in the file */

/* Tensors whose name matches: an exact name wins and is the only answer, else a glob (`*` crosses dots, `?`, `[a-z]`).
   Writes at most `capacity` indices to out (NULL: count only); returns how many match. */
size_t ql_model_match(const ql_model *model, const char *pattern, size_t *out, size_t capacity);

/* What a file says about itself. */
typedef enum ql_value_kind {
    QL_VALUE_TEXT,
    QL_VALUE_BOOL,
    QL_VALUE_UNSIGNED,
    QL_VALUE_SIGNED,
    QL_VALUE_FLOAT,
    QL_VALUE_ARRAY,
} ql_value_kind;

typedef struct ql_value {
    ql_value_kind kind;
    const char *type; /* as the container calls it: "string", "u32"; of an array that of its elements */
    union {
        ql_text text;
        bool truth;
        uint64_t whole;
        int64_t integer;
        double number;
        struct {
            uint64_t count;
            ql_text bytes;    /* of the elements, for ql_value_next */
            unsigned element; /* their type, likewise */
        } array;
    } as;
} ql_value;

size_t ql_model_metadata_count(const ql_model *model);
void ql_model_metadata(const ql_model *model, size_t index, ql_text *key, ql_value *value);

/* The elements of an array in order: *place is 0 at first and moves on; false after the last one. */
bool ql_value_next(const ql_value *array, size_t *place, ql_value *element);

/* Something that a person should know about the file ("part 1 of 3"), printable; "" when there is nothing. */
const char *ql_model_note(const ql_model *model);

/* The containers that this build reads, in display order; NULL at the end of the list. */
typedef struct ql_format_info {
    const char *name, *extensions, *meaning; /* extensions: ".pt .pth" */
} ql_format_info;
const ql_format_info *ql_format_at(size_t index);

/* ---- Engine: threads, scratch memory, progress -------------------------------------------------------------- */

typedef struct ql_engine ql_engine;

/* Starts a pool of `threads` threads (0: one per core) with their scratch memory. */
ql_status ql_engine_new(unsigned threads, ql_engine **out, ql_error *error);
void ql_engine_free(ql_engine **engine);
unsigned ql_engine_threads(const ql_engine *engine);

/* The instruction sets that this build has kernels for, the fastest last; false at the end of the list. Results are the same
   bits with all. */
typedef struct ql_isa_info {
    const char *name, *meaning;
    bool runs_here, in_use;
} ql_isa_info;
bool ql_isa_at(size_t index, ql_isa_info *out);

/* The same of the kernels of products, which there may be several of for one of those; they multiply tiles of `rows` rows of X
   by `outputs` rows of W. In use are the best ones of the instruction set that is in use. */
typedef struct ql_product_isa_info {
    const char *name, *meaning;
    unsigned rows, outputs;
    bool runs_here, in_use;
} ql_product_isa_info;
bool ql_product_isa_at(size_t index, ql_product_isa_info *out);

/* Uses the kernels of that name from now on, NULL: the fastest that run here. QL_BAD_USAGE lists what there is. Not while an
   engine works. */
ql_status ql_isa_use(const char *name, ql_error *error);

/* Called from any worker, about once per chunk of 65,536 elements, never by two at once. `done` and `total` count
   elements over all passes expected; `done` never falls. Return false to cancel: the call then ends with QL_CANCELLED. */
typedef struct ql_monitor {
    bool (*tick)(void *context, uint64_t done, uint64_t total);
    void *context;
} ql_monitor;

/* ---- Profile: what the knobs do not change ------------------------------------------------------------------- */

enum { QL_BINS = 512, QL_QUANTILE_COUNT = 9 };

/* Equal bins over [lo, hi]: v is in bin floor((v - lo) * QL_BINS / (hi - lo)), hi itself in the last one; all in bin 0 when
   hi = lo. below and above count the values outside. */
typedef struct ql_histogram {
    double lo, hi;
    uint64_t below, above;
    uint64_t bins[QL_BINS];
} ql_histogram;

enum { QL_LEVELS_MOST = 256 };

/* Over the finite values, in float64 of the stored values. */
typedef struct ql_stats {
    uint64_t count, nan, inf, zeros;                          /* count: all elements */
    double sum, sum_abs, min, max, mean, std, skew, kurtosis; /* std of the population; excess kurtosis */
    double quantiles[QL_QUANTILE_COUNT]; /* exact, at ql_quantile_percents, linear between order statistics */
    uint64_t beyond_3s, beyond_6s;       /* elements with |x - mean| > 3 std, 6 std */
    unsigned distinct;                   /* different values, up to QL_LEVELS_MOST; 0 when there are more */
    uint64_t first_nonfinite;            /* flat index; count when there is none */
    uint64_t max_abs_index;              /* flat index of the first element of largest magnitude */
} ql_stats;

extern const double ql_quantile_percents[QL_QUANTILE_COUNT]; /* 0.1 1 5 25 50 75 95 99 99.9 */

typedef struct ql_profile {
    const ql_tensor *tensor; /* borrowed: the model must outlive the profile */
    const char *path;        /* of the model, borrowed */
    ql_stats stats;
    ql_histogram original;             /* of the finite values as float32, over [min, max] */
    double x_min, x_max, x_square_sum; /* of the values as float32, which is what a quantizer sees */
    double second_abs;                 /* largest magnitude but one (as float32); 0 when there is one element */
    double levels[QL_LEVELS_MOST];     /* [stats.distinct] the different values, ascending */
    const struct ql_sample *sample;    /* owned: some of the values (quant/sample.h) */
    struct ql_kept *kept;              /* owned: what reports found that the next one may use (quant/kept.h) */
    const char *unusable; /* why no quantizer takes this tensor ("3 NaN, first at flat index 7"), NULL when fine */
} ql_profile;

/* Reads the tensor twice (wide types: up to seven times) for its statistics. QL_UNUSABLE when the dtype has no values or the
   tensor is empty; NaN and Inf are counted, not an error. */
ql_status ql_profile_make(ql_engine *engine, const ql_model *model, const ql_tensor *tensor, const ql_monitor *monitor,
                          ql_profile **out, ql_error *error);
void ql_profile_free(ql_profile **profile);

/* ---- Quantized before: what stored values tell ------------------------------------------------------------------ */

/* A tensor that takes few values, each of them often. */
typedef enum ql_spacing {
    QL_SPACING_UNTOLD, /* two levels, or the stored type is too coarse to tell */
    QL_SPACING_EVEN,   /* of neighbours three in four or more are a step apart, the others several */
    QL_SPACING_UNEVEN,
} ql_spacing;

typedef struct ql_few_levels {
    unsigned count; /* different values, at most QL_LEVELS_MOST */
    unsigned bits;  /* that their codes need */
    ql_spacing spacing;
    double step; /* between neighbours, of even ones */
} ql_few_levels;

/* False when there are more values than QL_LEVELS_MOST, or when there are only as few as there are because the tensor is
   small: each has to occur four times on average. */
bool ql_few_levels_of(const ql_profile *profile, ql_few_levels *out);

/* True for ggml's block types: they are stored as codes, and scales for runs of them. */
bool ql_dtype_has_scales(ql_dtype dtype);

/* What a tensor of such a type is stored as. */
typedef struct ql_stored {
    double bits_per_weight;                    /* everything counted */
    uint64_t scale_count;                      /* 0 (a type that is only listed, no elements): the rest is not known */
    unsigned run;                              /* elements that share a scale */
    uint64_t scale_zeros, scale_nonfinite;     /* scales that are 0; NaN or infinite */
    double scale_min, scale_median, scale_max; /* of the magnitudes of the finite ones, NAN when there are none */
    unsigned codes_possible, codes_used;       /* codes with different levels */
    double entropy_bits;                       /* of the codes */
} ql_stored;

/* Reads the stored codes once, and the scales once more for their median. QL_BAD_USAGE for types without scales. */
ql_status ql_stored_make(ql_engine *engine, const ql_tensor *tensor, const ql_monitor *monitor, ql_stored *out,
                         ql_error *error);

/* ---- Specs: which quantizer --------------------------------------------------------------------------------- */

typedef enum ql_key {
    QL_KEY_BITS,
    QL_KEY_PER,
    QL_KEY_BLOCK,
    QL_KEY_CLIP,
    QL_KEY_P,
    QL_KEY_LO,
    QL_KEY_HI,
    QL_KEY_ABS,
    QL_KEY_DIST,
    QL_KEY_RANGE,
    QL_KEY_ZERO,
    QL_KEY_ROUND,
    QL_KEY_SEED,
    QL_KEY_OUTLIERS,
    QL_KEY_DOUBLE,
    QL_KEY_SCALE,
    QL_KEY_ITERATIONS,
    QL_KEY_EPS,
    QL_KEY_FILE,
    QL_KEY_COUNT
} ql_key;

typedef enum ql_granularity { QL_PER_TENSOR, QL_PER_ROW, QL_PER_COL, QL_PER_BLOCK, QL_PER_FLAT, QL_PER_TILE } ql_granularity;
typedef enum ql_clip {
    QL_CLIP_MINMAX,
    QL_CLIP_PERCENTILE,
    QL_CLIP_KL,
    QL_CLIP_MSE,
    QL_CLIP_ACIQ,
    QL_CLIP_MANUAL,
    QL_CLIP_COUNT
} ql_clip;
typedef enum ql_dist { QL_DIST_LAPLACE, QL_DIST_GAUSS } ql_dist;
typedef enum ql_range { QL_RANGE_RESTRICTED, QL_RANGE_FULL, QL_RANGE_TORCHOBS } ql_range;
typedef enum ql_zero { QL_ZERO_INCLUDE, QL_ZERO_RAW } ql_zero;
typedef enum ql_round { QL_ROUND_EVEN, QL_ROUND_AWAY, QL_ROUND_STOCHASTIC } ql_round;

typedef struct ql_mapping ql_mapping; /* quant/scheme.h */

enum { QL_FILE_TEXT = 256 };

/* A point in the space of knobs. A key that the mapping does not take has the mapping's fixed value; one that the other keys
   switch off is 0. */
typedef struct ql_spec {
    const ql_mapping *mapping;
    unsigned bits;
    ql_granularity per;
    uint64_t block;     /* elements, with per=block and per=flat; rows of a tile with per=tile */
    uint64_t tile_cols; /* with per=tile */
    ql_clip clip;
    double p_lo, p_hi; /* percentiles; symmetric mappings use p_hi of the magnitudes */
    double lo, hi;     /* clip=manual */
    double abs;
    ql_dist dist;
    ql_range range;
    ql_zero zero;
    ql_round round;
    uint64_t seed;   /* round=stochastic */
    double outliers; /* kept in half precision beside the codes: percent of the elements, or a threshold; 0: none */
    bool outliers_percent;
    unsigned double_quant;   /* nf4: the blocks' scales are quantized themselves */
    unsigned scale;          /* fp8: one scale a group, or none */
    uint64_t iterations;     /* kmeans: at most */
    double eps;              /* ternary: least scale */
    char file[QL_FILE_TEXT]; /* codebook: path of the levels, an .npy file */
} ql_spec;

enum { QL_SPEC_TEXT = 512 };

/* MAPPING[:key=value[,key=value...]]. QL_BAD_USAGE names the key and what is allowed. */
ql_status ql_spec_parse(const char *text, ql_spec *out, ql_error *error);

/* The canonical form (keys in table order, defaults left out), which parses back to the same spec. */
void ql_spec_format(const ql_spec *spec, char out[QL_SPEC_TEXT]);

/* True when the mapping takes the key and the other knobs do not switch it off. */
bool ql_spec_takes(const ql_spec *spec, ql_key key);

/* The value of a key as text ("4", "row", "0.1:99.9"); "" when not taken. */
void ql_spec_value(const ql_spec *spec, ql_key key, char out[64]);

/* The next (direction > 0) or previous value of a knob: choices cycle, numbers move along a useful ladder and stop at
   their ends. Returns false when nothing changed. A key that becomes needed gets its usual value (per=block: block=64;
   clip=manual: the range of `profile`, which may be NULL otherwise). */
bool ql_spec_step(ql_spec *spec, ql_key key, int direction, const ql_profile *profile);

/* Another mapping with as many of the knobs kept as it takes. */
void ql_spec_change_mapping(ql_spec *spec, const ql_mapping *mapping);

typedef struct ql_key_info {
    const char *name;  /* as written in a spec */
    const char *title; /* "granularity" */
    const char *help;  /* a sentence */
} ql_key_info;
const ql_key_info *ql_key_describe(ql_key key);

typedef struct ql_mapping_info {
    const char *name;    /* as written in a spec */
    const char *title;   /* "absolute maximum" */
    const char *formula; /* one line, UTF-8 */
    const char *source;  /* where it comes from */
    const char *storage; /* bits per weight: b bits of a code, G groups, n weights, K levels; UTF-8 */
} ql_mapping_info;

/* True bits per weight of a matrix under a spec, with the parameters of its groups, found without any values; what a report
   says of such a matrix. Outliers count when they are a percentage. 0 when only a file or the values tell (codebook, none).
 */
double ql_spec_bits_per_weight(const ql_spec *spec, uint64_t rows, uint64_t cols);

size_t ql_mapping_count(void);
const ql_mapping *ql_mapping_at(size_t index); /* in display order */
const ql_mapping_info *ql_mapping_describe(const ql_mapping *mapping);
/* The values that a key can have for a mapping, its default in brackets: "2..8 [8]", "[tensor] row col block flat". Returns
   false when the mapping does not take the key. */
bool ql_mapping_key_values(const ql_mapping *mapping, ql_key key, char out[160]);

/* ---- Report: one tensor under one spec ---------------------------------------------------------------------- */

typedef enum ql_metric {
    QL_MAE,
    QL_MSE,
    QL_RMSE,
    QL_MAX_ABS,
    QL_SQNR_DB,
    QL_COSINE,
    QL_REL_FRO,
    QL_KL_HIST,
    QL_FRAC_CLIPPED,
    QL_ZERO_FRAC,
    QL_LEVELS_USED,
    QL_UTILISATION,
    QL_ENTROPY_BITS,
    QL_WORST_ROW_MSE,
    QL_P99_ABS,
    QL_RMSE_OVER_STD,
    QL_METRIC_COUNT
} ql_metric;

typedef struct ql_metric_info {
    const char *name;  /* JSON key */
    const char *title; /* short, for a table or screen */
    const char *help;  /* definition in a sentence, with its unit */
    int better;        /* +1: higher is better, -1: lower is better, 0: neither */
} ql_metric_info;
const ql_metric_info *ql_metric_describe(ql_metric metric);

/* True of those that say something of codes: two tensors alone do not have them. */
bool ql_metric_needs_codes(ql_metric metric);

enum { QL_MAX_GRID = 256 };

/* The group with the widest range, the first of equal ones: the one for which a screen works the formula out. */
typedef struct ql_widest {
    uint64_t group;
    double lo, hi; /* its range: as clipped (symmetric mappings: -hi, hi; means where a mapping scales by those), or of its
                      values */
    unsigned level_count;      /* code_hi - code_lo + 1, 0 when there are more than QL_MAX_GRID codes or none */
    float levels[QL_MAX_GRID]; /* [level_count] the value of each code, by code - code_lo; NaN where a code is no number */
} ql_widest;

typedef struct ql_report {
    ql_spec spec;
    char spec_text[QL_SPEC_TEXT];
    uint64_t sampled;                /* elements that were looked at; 0: all, and every number is exact (ql_excerpt) */
    double metrics[QL_METRIC_COUNT]; /* +-INFINITY and NAN where the definition says so */
    double bits_per_weight;          /* with the groups' parameters counted */
    uint64_t byte_count;             /* bits_per_weight * elements / 8, rounded up */
    ql_stats stats;                  /* of the original, copied from the profile */
    ql_histogram original;           /* copied from the profile */
    ql_histogram dequantized;        /* on the same axis as `original` */
    ql_histogram error;              /* of e = x - y, over half a (largest) step to each side and a hair */
    int code_lo, code_hi;            /* codes that the spec may use */
    unsigned levels;                 /* how many different ones are available; 0: not a code of its own (none) */
    const uint64_t *code_counts;     /* [code_hi - code_lo + 1], by code - code_lo; a negative zero counts as zero */
    double clip_lo, clip_hi;         /* range that is not clipped; with several groups the widest */
    uint64_t group_count;
    const float *scales;   /* [group_count] steps or block maxima, in the order of the groups; NULL when there are none */
    const int32_t *zeros;  /* [group_count] zero points, NULL for mappings without */
    const float *codebook; /* [group_count][levels] of mappings that learn their levels, else NULL */
    const double *edges;   /* [group_count][levels + 1] ends of the bins of those levels (quantile), else NULL */
    const uint8_t *scale_codes; /* [group_count] scales as stored where that is a byte, else NULL */
    const float
        *block_maxima; /* nf4 with double=1: [group_count] largest magnitudes, which `scales` approximates; else NULL */
    const float *second_scales; /* [second_count] scales of blocks of scales (double=1), else NULL */
    uint64_t second_count;
    float tensor_scale; /* nvfp4: scale of the tensor; double=1: the mean of the block maxima; else 1 */
    float scale_min, scale_max;
    unsigned grid_count;               /* with one group and few levels: how many values y can take, else 0 */
    double grid[QL_MAX_GRID];          /* [grid_count] ascending */
    uint64_t grid_counts[QL_MAX_GRID]; /* elements that took each */
    ql_widest widest;
    uint64_t outlier_count;
    const uint64_t *outlier_index;       /* [outlier_count] flat indices, ascending */
    const uint16_t *outlier_value;       /* [outlier_count] half precision */
    uint64_t outlier_rows, outlier_cols; /* rows and columns of W that hold any */
    char note[160];                      /* what a person should know of this result, "" when nothing */
    uint64_t row_count;
    const double *row_mse; /* [row_count] of logical rows */
} ql_report;

/* The one function behind every number that a person sees. The same bits for any number of threads. QL_UNUSABLE with the
   profile's reason; QL_BAD_USAGE when the spec does not fit the tensor. */
ql_status ql_report_make(ql_engine *engine, const ql_profile *profile, const ql_spec *spec, const ql_monitor *monitor,
                         ql_report **out, ql_error *error);
void ql_report_free(ql_report **report);

/* Where the values of report->grid meet: what lies between out[i - 1] and out[i] takes grid[i]. Returns how many there are,
   grid_count - 1; 0 when there is no grid, or chance decides (round=stochastic). */
unsigned ql_report_thresholds(const ql_report *report, double out[QL_MAX_GRID]);

/* ---- Excerpt: an answer that comes at once --------------------------------------------------------------------- */

/* Strips that lie all over a tensor, read into memory as a small matrix, a few megabytes at most: for a first answer
   while the exact one is being found. Blocks, rows, columns or tiles of the spec that it is made for are in it whole, as
   far as four of them fit. It serves every spec that wants the same strips. */
typedef struct ql_excerpt ql_excerpt;

/* Whether an exact report (after the profile: is_profiled) is expected to take so long that another answer should come
   first. From the number of elements and a table of costs, not from a clock: the same on every machine. */
bool ql_excerpt_is_worth(const ql_tensor *tensor, const ql_spec *spec, bool is_profiled);

/* Reads the strips. The tensor is borrowed: its model must outlive the excerpt. QL_UNUSABLE when the tensor is empty or
   has no values, QL_BAD_USAGE when the spec does not fit it. */
ql_status ql_excerpt_make(ql_engine *engine, const ql_tensor *tensor, const ql_spec *spec, const ql_monitor *monitor,
                          ql_excerpt **out, ql_error *error);
void ql_excerpt_free(ql_excerpt **excerpt);

/* Whether it is what ql_excerpt_make would read. NULL serves nothing. */
bool ql_excerpt_serves(const ql_excerpt *excerpt, const ql_tensor *tensor, const ql_spec *spec);

/* Makes the tensor's exact profile, borrowed, known to it. Once is enough. */
void ql_excerpt_learn(ql_excerpt *excerpt, const ql_profile *profile);

/* A report of the excerpt, told as one of the whole tensor; the same bits for any number of threads. `sampled` is set, and

     exact        bits_per_weight, byte_count and outlier_count (but with outliers=THRESHOLD), group_count, the codes that
                  there are; once the profile is known: stats, original, the range of the tensor and what follows from it
     estimated    every metric; counts and histograms, scaled to the number of elements of the tensor; clip_lo, clip_hi,
                  scale_min, scale_max and the range of the widest group; without a profile: stats, original
     of the rows that it holds    row_mse (NAN for all others), worst_row_mse
     left out     the parameters of groups where there are several (NULL), which group is the widest, the places of outliers

   On made-up rows whose deviations differ tenfold sqnr_db is off by less than 1 dB, by 0.1 where blocks have scales, by
   up to 3 where the tail decides (clip=kl, percentile, aciq). ql_why_make, ql_report_write_npy and ql_figure_write refuse
   it: QL_BAD_USAGE. QL_UNUSABLE when the excerpt holds NaN or Inf; what else is wrong is what ql_report_make says. */
ql_status ql_excerpt_report(ql_engine *engine, const ql_excerpt *excerpt, const ql_spec *spec, const ql_monitor *monitor,
                            ql_report **out, ql_error *error);

/* ---- Working: the same, element by element, of a small tensor ------------------------------------------------- */

enum { QL_WORKING_MOST = 65536 }; /* elements */

/* What a spec does to every element, in stored order. Everything is owned by the working. */
typedef struct ql_working {
    uint64_t count, group_count;
    const float *x, *y;     /* [count] original as float32, dequantized */
    const int32_t *codes;   /* [count] */
    const uint64_t *groups; /* [count] in the order of report->scales */
    const bool *is_outlier; /* [count] kept in half precision; the code is that of 0 */
    const double *lo,
        *hi; /* [group_count] clipping range (means where a mapping takes those); NULL when none is looked for */
    int code_lo;
    unsigned code_count; /* 0: more than 256 codes, or none */
    const float *levels; /* [group_count][code_count] the value of each code, by code - code_lo */
} ql_working;

/* QL_BAD_USAGE when the tensor has more than QL_WORKING_MOST elements. */
ql_status ql_working_make(ql_engine *engine, const ql_profile *profile, const ql_report *report, ql_working **out,
                          ql_error *error);
void ql_working_free(ql_working **working);

/* The same of a few weights of one row, W[row][col ... col + count), of a tensor of any size. Owns its levels. */
enum { QL_STRIP_MOST = 64 };
typedef struct ql_strip {
    uint64_t row, col;
    size_t count;
    float x[QL_STRIP_MOST], y[QL_STRIP_MOST]; /* [count] original as float32, dequantized */
    int32_t codes[QL_STRIP_MOST];             /* [count] */
    bool is_outlier[QL_STRIP_MOST];           /* [count] kept in half precision; the code is that of 0 */
    size_t places[QL_STRIP_MOST];             /* [count] which of the strip's groups */
    size_t group_count;                       /* that the strip lies in */
    uint64_t groups[QL_STRIP_MOST];           /* [group_count] in the order of report->scales */
    int code_lo;
    unsigned code_count; /* 0: more than 256 codes, or none */
    const float *levels; /* [group_count][code_count] the value of each code, by code - code_lo */
} ql_strip;

/* The report is of the profile's tensor. Finds the parameters of every group once more. QL_BAD_USAGE when the strip is empty,
   longer than QL_STRIP_MOST or not inside the row. */
ql_status ql_strip_make(ql_engine *engine, const ql_profile *profile, const ql_report *report, uint64_t row, uint64_t col,
                        size_t count, const ql_monitor *monitor, ql_strip **out, ql_error *error);
void ql_strip_free(ql_strip **strip);

/* A part of the logical weight: W[row .. row + rows)[col .. col + cols). */
typedef struct ql_region {
    uint64_t row, col, rows, cols;
} ql_region;

/* What a spec does to every weight of a small part of a tensor. All arrays are [region.rows][region.cols]. */
enum { QL_WINDOW_MOST = 4096 };
typedef struct ql_window {
    ql_region region;
    double w[QL_WINDOW_MOST];                   /* as stored */
    float x[QL_WINDOW_MOST], y[QL_WINDOW_MOST]; /* as float32, dequantized */
    int32_t codes[QL_WINDOW_MOST];
    bool is_outlier[QL_WINDOW_MOST]; /* kept in half precision; the code is that of 0 */
    uint64_t groups[QL_WINDOW_MOST]; /* in the order of report->scales */
} ql_window;

/* The report is of the profile's tensor. Finds the parameters of every group once more. QL_BAD_USAGE when the region is
   empty, has more than QL_WINDOW_MOST weights or is not inside the tensor. */
ql_status ql_window_make(ql_engine *engine, const ql_profile *profile, const ql_report *report, const ql_region *region,
                         const ql_monitor *monitor, ql_window **out, ql_error *error);
void ql_window_free(ql_window **window);

/* A heat map: one number for each cell of a region, bands of its rows by bands of its columns. Band b of n rows (or columns)
   begins at ql_band_start(n, bands, b). */
typedef enum ql_heat_kind {
    QL_HEAT_MSE,      /* mean of e^2, e = x - y */
    QL_HEAT_PEAK,     /* the weight of largest magnitude, with its sign; of two of one magnitude the positive one */
    QL_HEAT_MEAN,     /* mean of the weights */
    QL_HEAT_MEAN_ABS, /* mean of their magnitudes */
    QL_HEAT_SCALE,    /* mean over the weights of the scale of the group of each: report->scales */
    QL_HEAT_KIND_COUNT
} ql_heat_kind;
enum { QL_HEAT_ROWS = 64, QL_HEAT_COLS = 256 };
typedef struct ql_heat_map {
    ql_heat_kind kind;
    ql_region region;
    unsigned row_bands, col_bands;              /* one of every row (column) where there are no more */
    double values[QL_HEAT_ROWS * QL_HEAT_COLS]; /* [row_bands][col_bands]; NaN where a cell holds one */
} ql_heat_map;
uint64_t ql_band_start(uint64_t count, unsigned bands, unsigned band);

/* With up to so many bands (at most QL_HEAT_ROWS, QL_HEAT_COLS). Reads what lies between the first and the last stored element
   of the region, and for QL_HEAT_MSE finds the parameters of every group once more; the others, but QL_HEAT_SCALE, need no
   report. The same bits for any number of threads. QL_BAD_USAGE when the region is empty or not inside the tensor,
   QL_UNUSABLE when the report has no scales to map. */
ql_status ql_heat_map_make(ql_engine *engine, const ql_profile *profile, const ql_report *report, ql_heat_kind kind,
                           const ql_region *region, unsigned row_bands, unsigned col_bands, const ql_monitor *monitor,
                           ql_heat_map **out, ql_error *error);
void ql_heat_map_free(ql_heat_map **map);

/* The rows (output channels) and columns (input channels) of W, each by itself: root of the mean square and largest
   magnitude of the values as float32. The mean square error of rows is in the report. */
typedef struct ql_channels {
    uint64_t row_count, col_count;
    const double *row_rms, *row_max;       /* [row_count] */
    const double *col_rms, *col_max;       /* [col_count] */
    const double *col_mse;                 /* [col_count] mean of e^2; NULL when there was no report */
    double row_rms_median, col_rms_median; /* of an even number the mean of the two in the middle */
    uint64_t worst_index;                  /* the element of largest |e|, the first of equal ones */
    double worst_error;                    /* its e; 0 when there was no report */
} ql_channels;

/* The report is of the profile's tensor, or NULL. Goes through all elements once more; the same bits for any number of
   threads. */
ql_status ql_channels_make(ql_engine *engine, const ql_profile *profile, const ql_report *report, const ql_monitor *monitor,
                           ql_channels **out, ql_error *error);
void ql_channels_free(ql_channels **channels);

/* The mean square error of each group of a report, in the order of report->scales: to mse[report->group_count]. Goes through
   all elements once more; the same bits for any number of threads. */
ql_status ql_group_errors(ql_engine *engine, const ql_profile *profile, const ql_report *report, const ql_monitor *monitor,
                          double *mse, ql_error *error);

/* Where a group is: its first and last weight. All others lie in the rectangle between them, but with per=flat: there in the
   rows between, from the first to the last. */
typedef struct ql_group_place {
    uint64_t row, col, last_row, last_col;
    uint64_t elements;
} ql_group_place;
ql_group_place ql_group_place_of(const ql_tensor *tensor, const ql_spec *spec, uint64_t group);

/* Where the `most` largest of values[count] are, the largest first, of equal ones the first first; NaN is none. Returns how
   many. */
size_t ql_largest(const double *values, uint64_t count, size_t most, uint64_t *out);

/* The element of the stored order that a weight is, and the other way round. */
uint64_t ql_tensor_index(const ql_tensor *tensor, uint64_t row, uint64_t col);
void ql_tensor_place(const ql_tensor *tensor, uint64_t index, uint64_t *row, uint64_t *col);

/* Elements as they are stored. A block is what is stored together (ql_dtype_info): one element, or those that share bytes. */
enum { QL_STORED_MOST = 4096 };
typedef struct ql_stored_bytes {
    uint64_t element; /* that was asked for */
    uint64_t first;   /* element of the first byte */
    size_t count;     /* bytes */
    uint64_t offset;  /* of the first byte in the file, QL_NO_OFFSET: compressed, or not stored in this order */
    bool big_endian;
    unsigned char bytes[QL_STORED_MOST];
    /* Types with scales (ql_dtype_has_scales): the code of the element, and from what its value is made:
       w = level scale - least, in float32. code_count: how many codes there are, 0 for other types. */
    unsigned code, code_count;
    float level, scale, least;
} ql_stored_bytes;

/* The block of an element, with up to `before` and `after` bytes of its neighbours, as far as there are some and in whole
   blocks. QL_BAD_FILE when the file was changed. */
ql_status ql_stored_bytes_make(const ql_tensor *tensor, uint64_t element, size_t before, size_t after, ql_stored_bytes **out,
                               ql_error *error);
void ql_stored_bytes_free(ql_stored_bytes **stored);

/* Whether a byte of a block belongs to its scales and minima rather than to its codes. */
bool ql_dtype_is_scale_byte(ql_dtype dtype, size_t byte);

/* A part of the values closely: histograms over [lo, hi] of the original, as float32, and of what the spec of a report makes of
   it. `below` and `above` count the values outside of the part. */
typedef struct ql_zoom {
    ql_histogram original, dequantized;
} ql_zoom;

/* The report is of the profile's tensor. Goes through all elements once more; the same counts for any number of threads.
   QL_BAD_USAGE unless lo < hi, both finite. */
ql_status ql_zoom_make(ql_engine *engine, const ql_profile *profile, const ql_report *report, double lo, double hi,
                       const ql_monitor *monitor, ql_zoom **out, ql_error *error);
void ql_zoom_free(ql_zoom **zoom);

/* The dequantized half of it at once, from a report that says how often each value occurs; false when it does not: several
   groups, too many values, outliers kept beside the codes, an estimate. */
bool ql_zoom_levels(const ql_report *report, double lo, double hi, ql_histogram *out);

/* How a search for a clipping range (clip=kl, clip=mse) judged its candidates for one group: the threshold is alpha for
   symmetric mappings, else the share of the range that is kept, 0..1; the loss is the divergence in nats (kl; infinite where
   a candidate is unusable) or the mean squared error (mse). Every candidate is exact. thresholds fall. */
typedef struct ql_curve {
    ql_spec spec;
    uint64_t group, group_count, elements; /* elements of the group */
    double lo, hi;                         /* the whole range, which the first candidate keeps */
    size_t count, best;                    /* count 0: the values are all 0 and there is nothing to search */
    const double *threshold, *loss;        /* [count] */
    uint64_t inside;                       /* elements of the group that lie in the best range; with count 0: all */
} ql_curve;
ql_status ql_curve_make(ql_engine *engine, const ql_profile *profile, const ql_spec *spec, uint64_t group,
                        const ql_monitor *monitor, ql_curve **out, ql_error *error);
void ql_curve_free(ql_curve **curve);

/* Every way to choose a clipping range, on one tensor: the spec with clip=minmax, percentile, kl, mse, aciq of both
   distributions, as far as its mapping allows them, percentile at its usual p. What the base spec itself says counts too:
   another p, clip=manual. */
enum { QL_WAYS_MOST = 8 };
typedef struct ql_ways {
    char spec_text[QL_SPEC_TEXT]; /* of the base spec without its clip */
    size_t count;
    size_t best;                  /* the way of the highest sqnr_db, of equal ones the first */
    char names[QL_WAYS_MOST][64]; /* "minmax", "percentile 99.9", "kl", "mse", "aciq laplace", "aciq gauss", "manual" */
    ql_report *reports[QL_WAYS_MOST];
    ql_curve *curves[QL_WAYS_MOST]; /* of `group` where the way is a search, else NULL */
    uint64_t group;                 /* the one that holds the element of largest magnitude */
    double lo[QL_WAYS_MOST], hi[QL_WAYS_MOST]; /* [count] what each way keeps of that group */
} ql_ways;

/* QL_BAD_USAGE when the mapping takes no clip; else as ql_report_make. */
ql_status ql_ways_make(ql_engine *engine, const ql_profile *profile, const ql_spec *base, const ql_monitor *monitor,
                       ql_ways **out, ql_error *error);
void ql_ways_free(ql_ways **ways);

/* Why the error is what it is, from the real numbers, and the knob that changes it. `why` is one line without control
   characters. A remedy is tried for real, so the gain is what a report of the remedy says: dB, or bits per weight that it saves
   for less than the 6.02 dB that a bit is worth. */
typedef struct ql_why {
    char text[800];
    bool has_remedy;
    ql_spec remedy;
    int remedy_key;    /* the knob (ql_key) that leads there, QL_KEY_COUNT: the mapping */
    double gain_db;    /* sqnr_db of the remedy minus that of the report */
    double saved_bits; /* bits_per_weight of the report minus those of the remedy */
} ql_why;
ql_status ql_why_make(ql_engine *engine, const ql_profile *profile, const ql_report *report, const ql_monitor *monitor,
                      ql_why *out, ql_error *error);

/* ---- Product: what the error of the weights does to X W^T ------------------------------------------------------- */

/* Activations that are made up: normal, mean 0, deviation 1, but for a few outlier channels, as transformers have them, the
   first `strongest` times as large, the i-th strongest / i. Chosen by the seed alone (matmul/synthetic.c states how); the same
   bits on every machine. */
enum { QL_SYNTHETIC_CHANNELS = 8 };
typedef struct ql_synthetic {
    uint64_t seed;
    uint64_t rows;     /* tokens */
    unsigned channels; /* of outliers, at most QL_SYNTHETIC_CHANNELS; no more than half of all channels are */
    double strongest;
} ql_synthetic;

/* The outlier channels among `cols`, the strongest first, to out[]; returns how many. */
unsigned ql_synthetic_channels(const ql_synthetic *synthetic, uint64_t cols, uint64_t out[QL_SYNTHETIC_CHANNELS]);

/* x[rows][cols], row-major. */
void ql_synthetic_make(const ql_synthetic *synthetic, uint64_t cols, float *x);

/* Some rows of it, from `first` on: x[count][cols]. */
void ql_synthetic_rows(const ql_synthetic *synthetic, uint64_t cols, uint64_t first, uint64_t count, float *x);

/* The one that every face of the program means by "synthetic". */
extern const ql_synthetic ql_synthetic_usual;

/* Activations X[rows][cols], a token in each row: made up, those of a file, or those of many layers, each its own. Read by any
   number of threads once made. */
typedef struct ql_activations ql_activations;

/* Of longer files so many rows are taken, evenly spread (fewer of more than 65,536 channels). */
enum { QL_ACTIVATIONS_ROWS = 1024 };

/* "synthetic" (ql_synthetic_usual, as wide as the weights that they meet), FILE or FILE:TENSOR. FILE is any weight file with
   one tensor of two axes or more, of which the last one is the channels and the others count tokens; TENSOR names it, or is a
   pattern that only one fits. Reads it. QL_BAD_FILE; QL_BAD_USAGE when it is not plain which tensor is meant, and lists those
   that may be; QL_UNUSABLE for NaN and infinite values, with the place of the first one in the rows taken. */
ql_status ql_activations_open(const char *text, ql_activations **out, ql_error *error);
ql_status ql_activations_make_up(const ql_synthetic *synthetic, ql_activations **out, ql_error *error);
void ql_activations_free(ql_activations **activations);

/* Whether X of this tensor comes from a file. */
bool ql_activations_are_real(const ql_activations *activations, const ql_tensor *tensor);

/* QL_BAD_USAGE for a folder with a file for none of the model's tensors. */
ql_status ql_activations_check(const ql_activations *activations, const ql_model *model, ql_error *error);

/* What they are for a tensor, printable UTF-8: "synthetic 32×256, 5 outlier channels, seed 7", "acts.npy 512×256", "acts.npy
   1024 of 4096 rows × 256", "FOLDER/NAME.npy 512×256", "synthetic 32×256, 5 outlier channels, seed 7: FOLDER has no NAME.npy";
   tensor NULL: for all, without the shape of what is made up. */
void ql_activations_describe(const ql_activations *activations, const ql_tensor *tensor, char *out, size_t size);

/* Whether X W^T is a product: QL_UNUSABLE for a tensor of one axis, which is no matrix, for an empty one, and for another
   number of channels than W[out][in] has inputs; the message says both shapes and names no tensor. A folder's file that is
   damaged or no matrix fails as it would have alone. */
ql_status ql_activations_fit(const ql_activations *activations, const ql_tensor *tensor, ql_error *error);

/* How many rows X of a product with the tensor has, which must fit: `wanted`, or 0: all. QL_UNUSABLE for more than its file
   has; made up there are any number. */
ql_status ql_activations_rows(const ql_activations *x, const ql_tensor *tensor, uint64_t wanted, uint64_t *rows,
                              ql_error *error);

/* How the error of a product is called among the metrics, and what it is: better is -1. */
extern const ql_metric_info ql_product_info;

/* ||X (W - V)^T|| / ||X W^T||, Frobenius norms, where V is what the spec of a report makes of W[out][in], to *error_share: 0
   when both are 0, INFINITY when only X W^T is. Products are summed in float32 over 65,536 weights at most, then in float64,
   in a fixed order: the same bits for any number of threads. Finds the parameters of every group once more. QL_UNUSABLE as
   ql_activations_fit says, for a tensor that is too large, and for values of a folder's file that are not finite. */
ql_status ql_product_error(ql_engine *engine, const ql_profile *profile, const ql_report *report, const ql_activations *x,
                           const ql_monitor *monitor, double *error_share, ql_error *error);

/* ---- Matmul: Y = X W^T for real, in many ways, each with its error and its time ---------------------------------- */

/* A way to multiply: "int8:row", "llm_int8:6", "weights:nf4:block=64". */
typedef struct ql_matmul_method {
    const char *name;     /* what stands before the argument */
    const char *argument; /* "" none, "T" a threshold, "[T]" one or none, "SPEC" */
    const char *meaning;  /* a sentence for a person */
} ql_matmul_method;

/* In display order, NULL at the end. */
const ql_matmul_method *ql_matmul_method_at(size_t index);

/* The canonical form of a method, which means the same. QL_BAD_USAGE says what there is. */
ql_status ql_matmul_method_check(const char *text, char out[QL_SPEC_TEXT + 32], ql_error *error);

/* W[n][k], X[m][k] and their product in float32, with which every method is compared. */
typedef struct ql_matmul ql_matmul;
typedef struct ql_matmul_shape {
    uint64_t m, k, n;
} ql_matmul_shape;

/* W is the tensor as a logical weight [out][in], X as many rows of the activations (0: all; made up: any number). Borrows
   engine and tensor. QL_UNUSABLE for values that are not finite in either and a product that overflows, with the place of the
   first, shapes that make no product, sizes beyond memory, and fewer rows in a file than wanted. */
ql_status ql_matmul_new(ql_engine *engine, const ql_tensor *tensor, const ql_activations *x, uint64_t rows,
                        const ql_monitor *monitor, ql_matmul **out, ql_error *error);
void ql_matmul_free(ql_matmul **matmul);
ql_matmul_shape ql_matmul_shape_of(const ql_matmul *matmul);

typedef struct ql_matmul_result {
    char method[QL_SPEC_TEXT + 32];   /* canonical */
    double rel_fro, sqnr_db, max_abs; /* of Y beside the product in float32; sqnr_db INFINITY where they are the same */
    unsigned runs;
    double ms_median, ms_min, ms_max; /* of a product: X is quantized and packed each time, W was before */
    double quantize_ms;               /* the median of what quantizing X takes of it; 0 where it is not */
    double gops;                      /* 2 m k n / ms_median, in 1e9 a second, whatever was computed besides */
    double peak_gops, peak_share;     /* what the kernel reaches on operands in the first cache, in this process on as many
                                         threads; gops / that */
    char kernel[32];                  /* instruction set */
    const uint32_t *outliers;         /* [outlier_count] columns of X, ascending, until the next run; NULL: the method knows
                                         none */
    size_t outlier_count;
    double accumulator_max; /* largest magnitude of a sum in 32 bits, NAN where none is seen */
    uint64_t bytes;         /* of the weights as the scheme stores them */
    char note[200];         /* "" when there is nothing to know */
} ql_matmul_result;

/* One method: prepares W, multiplies once for the numbers, then `runs` times for the clock (0: never; ms_*, quantize_ms, gops
   and peak_* are then NAN). Numbers are the same for any number of threads. QL_BAD_USAGE for an unknown method; QL_UNUSABLE in
   words where it does not suit. */
ql_status ql_matmul_run(ql_matmul *matmul, const char *method, unsigned runs, const ql_monitor *monitor,
                        ql_matmul_result *out, ql_error *error);

/* Y[m][n] of the last run, and the product in float32. */
const float *ql_matmul_y(const ql_matmul *matmul);
const float *ql_matmul_exact(const ql_matmul *matmul);

/* X[m][k], the rows that are multiplied. */
const float *ql_matmul_x(const ql_matmul *matmul);

/* The largest |x| of each input channel, to loudest[k]. */
void ql_matmul_loudest(const ql_matmul *matmul, double *loudest);

/* Where in Y the error of the last run is: the mean |Y' - Y| of each cell to errors[row_bands][col_bands]. Bands as in a heat
   map (ql_band_start), at least one and at most one of every row (output). */
void ql_matmul_errors(const ql_matmul *matmul, unsigned row_bands, unsigned col_bands, float *errors);

/* What would be left of a method's error if one column of X were multiplied in float32 and only the others by the method:
   ||Y' - Z'|| / ||X W^T||, Frobenius norms, where Y' is the method's and Z' the float32 product of X with zeros in that column.
   Not for a column beyond k: QL_BAD_USAGE; else fails as ql_matmul_run does. Y is then Y'. */
ql_status ql_matmul_apart(ql_matmul *matmul, const char *method, uint64_t column, const ql_monitor *monitor, double *rel_fro,
                          ql_error *error);

/* Several methods with the same operands, without a clock: what figures of products are drawn of. */
enum { QL_PRODUCT_ROW_BANDS = 64, QL_PRODUCT_COL_BANDS = 192 }; /* at most */
typedef struct ql_product {
    ql_matmul_result result; /* runs 0; its outliers belong to the product. Of one that is not known: the method alone */
    bool is_known;
    char why[sizeof((ql_error *)0)->message]; /* why it is not: it does not suit */
    double threshold;                         /* at which the method splits X by columns; NAN: it does not */
    float *errors;                            /* [row_bands][col_bands] as ql_matmul_errors says */
    uint64_t worst_row, worst_output;         /* where max_abs is, the first place of equal ones */
} ql_product;
typedef struct ql_products {
    ql_matmul_shape shape;
    double rms;      /* root of the mean square of Y in float32 */
    double *loudest; /* [shape.k] the largest |x| of each input channel */
    unsigned row_bands, col_bands;
    size_t count;
    ql_product *products; /* [count] */
} ql_products;

/* Fails as ql_matmul_run does; but a method that there is and that does not suit these operands is a product which is not
   known. */
ql_status ql_products_make(ql_matmul *matmul, const char *const *methods, size_t count, const ql_monitor *monitor,
                           ql_products **out, ql_error *error);
void ql_products_free(ql_products **products);

/* The usual thresholds of a sweep, ascending. */
enum { QL_USUAL_THRESHOLDS = 12 };
extern const double ql_usual_thresholds[QL_USUAL_THRESHOLDS];

/* ---- Diff: the same tensors of two files ----------------------------------------------------------------------- */

/* A tensor and the one of another file that has its name, or that is known to be the same by another name: what GGUF files,
   and the checkpoints of Llama- and GPT-2-style models that they are made from, call it. */
typedef struct ql_pair {
    const ql_tensor *tensor, *other;
    bool is_comparable;
    bool is_transposed; /* one is stored in,out, the other out,in */
    /* llama.cpp moves rows of attn_q and attn_k: how many rows a head has of the one that is stored so, else 0. */
    uint64_t head_rows, other_head_rows;
    char note[160]; /* what a person should know, or why they are not comparable; "" when nothing */
} ql_pair;

typedef struct ql_pairs {
    const ql_pair *pairs; /* [count] in the order of the first file */
    size_t count;
    const ql_tensor *const *only_in_first, *const *only_in_other; /* in the order of their files */
    size_t only_in_first_count, only_in_other_count;
} ql_pairs;

/* Exact names win. No values are read. The models are borrowed. */
ql_status ql_pairs_make(const ql_model *first, const ql_model *other, ql_pairs **out, ql_error *error);
void ql_pairs_free(ql_pairs **pairs);

/* The other tensor as an approximation y of the first one, x, both as float32: metrics as in a report; those that need codes
   are NAN. Elements are matched by their place in the logical weight W[out][in]. */
typedef struct ql_diff {
    double metrics[QL_METRIC_COUNT];
    double bits_per_weight; /* of the other tensor as it is stored, everything counted */
    uint64_t byte_count;
} ql_diff;

/* The profile is that of pair->tensor. The same bits for any number of threads. QL_UNUSABLE when the profile says so, the
   pair is not comparable, or the other tensor has no values, or one that is not finite. */
ql_status ql_diff_make(ql_engine *engine, const ql_profile *profile, const ql_pair *pair, const ql_monitor *monitor,
                       ql_diff *out, ql_error *error);

/* ---- Export ---------------------------------------------------------------------------------------------------- */

/* Writes codes.npy and dequant.npy (the stored shape) and what there is of scales.npy, zeros.npy, codebook.npy, edges.npy,
   scale_codes.npy, block_maxima.npy, second_scales.npy, tensor_scale.npy, outlier_index.npy and outlier_value.npy into the
   folder `directory`, which is made if needed and removed again after a failure. Every file is complete before the first
   appears. QL_BAD_FILE when the model's file was changed since it was opened. */
ql_status ql_report_write_npy(ql_engine *engine, const ql_profile *profile, const ql_report *report,
                              const ql_monitor *monitor, const char *directory, ql_error *error);

/* ---- Fixed point: a real multiplier as integers --------------------------------------------------------------- */

/* M ~ m0 2^(shift - 31), 2^30 <= m0 < 2^31: what integer-only inference multiplies its sums by (Jacob et al. 2018,
 * section 2.2). */
typedef struct ql_multiplier {
    int32_t m0; /* 0 for a multiplier of 0 */
    int shift;  /* -31 to 30 */
} ql_multiplier;

/* The nearest multiplier to `real` >= 0: zero below 2^-32, the largest one from 2^30 up. */
ql_multiplier ql_multiplier_of(double real);

/* a times the multiplier, rounded as gemmlowp and TensorFlow Lite do, twice: the result may differ by 1 from a M rounded
   once. False when a << shift does not fit 32 bits; *out is then the int32 nearest to it. */
bool ql_requantize(int32_t a, ql_multiplier multiplier, int32_t *out);

/* ---- Bench: how long this machine takes ------------------------------------------------------------------------ */

/* A pass over a tensor that can be timed. */
typedef struct ql_bench_info {
    const char *name; /* one word */
    const char *what; /* a few words for a person */
} ql_bench_info;

/* In display order, NULL at the end. The first one only reads: what the others are compared with. */
const ql_bench_info *ql_bench_at(size_t index);

/* A float32 matrix in memory, and its profile. Borrows the engine. */
typedef struct ql_bench ql_bench;

/* Weights made up as in a layer with outliers: normal, mean 0, deviation 0.02, one of a thousand 20 times as large. The same
   on every run and for any number of threads; from 2^24 elements on they repeat. */
ql_status ql_bench_new(ql_engine *engine, uint64_t rows, uint64_t cols, const ql_monitor *monitor, ql_bench **out,
                       ql_error *error);
/* The values of a tensor, copied. QL_UNUSABLE when a quantizer would not take it. */
ql_status ql_bench_of(ql_engine *engine, const ql_tensor *tensor, ql_bench **out, ql_error *error);
void ql_bench_free(ql_bench **bench);

const ql_tensor *ql_bench_tensor(const ql_bench *bench); /* F32, stored out,in */

/* What a pass found, so that others can check it; the same in every run. */
enum { QL_BENCH_ANSWERS = 4 };
typedef struct ql_bench_run {
    double seconds;
    size_t answer_count;
    struct {
        const char *name;
        double value;
    } answers[QL_BENCH_ANSWERS];
} ql_bench_run;

/* Runs a pass once with the kernels in use, after the matrix was read a few times, which does not count. */
ql_status ql_bench_time(ql_bench *bench, size_t index, const ql_monitor *monitor, ql_bench_run *out, ql_error *error);

/* ---- Output files ------------------------------------------------------------------------------------------- */

/* A file that appears whole or not at all: written under a temporary name beside the target, then renamed. */
typedef struct ql_outfile ql_outfile;
ql_status ql_outfile_open(const char *path, ql_outfile **out, ql_error *error);
ql_status ql_outfile_write(ql_outfile *file, const void *bytes, size_t size, ql_error *error);
/* Brings all bytes to the disk, so that commit has only the rename left; nothing is written afterwards. For several files
   that must appear together: finish each, then commit each. */
ql_status ql_outfile_finish(ql_outfile *file, ql_error *error);
ql_status ql_outfile_commit(ql_outfile **file, ql_error *error); /* frees it, also on failure */
void ql_outfile_discard(ql_outfile **file);
void ql_outfile_discard_all(void); /* for a signal handler that must exit at once: removes every temporary file */

/* ---- Figures ------------------------------------------------------------------------------------------------ */

typedef struct ql_figure_options {
    const char *kind;    /* a name from ql_figure_kind_at */
    const char *command; /* the command line that makes this figure: printed small and kept in the file's metadata */
    const char *tensor;  /* printable name of the tensor */
    const char *file;    /* printable name of the file */
    const char *activations; /* of products: what X is, printable; else NULL */
} ql_figure_options;

/* Draws the report and writes it to `path`; the ending (png svg pdf jpg bmp tga) chooses the format. The same input gives
   the same bytes. PNG carries the command, the spec and every metric as text chunks. The kind must be one of a report. */
ql_status ql_figure_write(const ql_report *report, const ql_figure_options *options, const char *path, ql_error *error);

/* The same for the kinds that compare the ways to clip; PNG and SVG carry the numbers of all ways and curves. */
ql_status ql_figure_write_ways(const ql_ways *ways, const ql_figure_options *options, const char *path, ql_error *error);

/* The same for the kinds that compare products; PNG and SVG carry the numbers of all of them, and no times. The kind may ask
   for certain methods: QL_BAD_USAGE says what is missing, or that there are too many. */
ql_status ql_figure_write_products(const ql_products *products, const ql_figure_options *options, const char *path,
                                   ql_error *error);

typedef enum ql_figure_subject { QL_FIGURE_OF_REPORT, QL_FIGURE_OF_WAYS, QL_FIGURE_OF_PRODUCTS } ql_figure_subject;

typedef struct ql_figure_kind {
    const char *name, *help;
    ql_figure_subject subject; /* which of the three functions draws it */
} ql_figure_kind;
const ql_figure_kind *ql_figure_kind_at(size_t index); /* NULL at the end of the list */

/* One character cell of a text screen. Colours are 0xRRGGBB. */
typedef struct ql_cell {
    uint32_t codepoint; /* 0: the right half of a wide character */
    uint32_t foreground, background;
    bool bold, underline;
} ql_cell;

/* Draws cells[rows][cols] as a terminal would and writes a PNG. */
ql_status ql_screen_write_png(const ql_cell *cells, unsigned rows, unsigned cols, const char *path, ql_error *error);

#endif
