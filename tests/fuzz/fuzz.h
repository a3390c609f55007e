/* What the fuzz targets share. A target is one function over any bytes; what must not happen ends the program. */
#ifndef QL_TESTS_FUZZ_H
#define QL_TESTS_FUZZ_H

#include "qloupe.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct fuzz_target {
    const char *name;
    void (*run)(const uint8_t *bytes, size_t size);
    /* Seeds: of the files of the corpora in whose path one of these words occurs (separated by spaces; "": all; NULL: none)
       the piece that the target takes; NULL: the whole file. */
    const char *files;
    bool (*piece)(const uint8_t *file, size_t file_size, const uint8_t **begin, size_t *size);
    const char *const *texts; /* more seeds, up to a NULL; or NULL */
} fuzz_target;

/* In the files named after them. */
extern const fuzz_target fuzz_safetensors, fuzz_npy, fuzz_gguf, fuzz_npz, fuzz_torch, fuzz_torch_legacy,
    fuzz_any;                                                                              /* models.c */
extern const fuzz_target fuzz_diff;                                                        /* pairs.c */
extern const fuzz_target fuzz_pickle, fuzz_deflate;                                        /* archives.c */
extern const fuzz_target fuzz_json, fuzz_index, fuzz_spec, fuzz_raw, fuzz_text, fuzz_glob; /* texts.c */

/* Ends the program with what was found. */
#define FUZZ_DEMAND(condition) ((condition) ? (void)0 : fuzz_found(#condition, __FILE__, __LINE__))
_Noreturn void fuzz_found(const char *what, const char *file, int line);

/* A call that failed says so: this status (or the other one), and one line that a terminal may see. */
void fuzz_check_failure(ql_status status, const ql_error *error, ql_status allowed, ql_status also_allowed);

/* Everything that ql_text_print or a message may hold: valid UTF-8 without controls and characters that hide or reorder. */
void fuzz_check_printable(const char *text);

/* Opens bytes as a file of this name; lists, reads and measures what is there. */
void fuzz_open(const char *name, const uint8_t *bytes, size_t size);
void fuzz_check_model(ql_model *model, uint64_t file_size);

#endif
