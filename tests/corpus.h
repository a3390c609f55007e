/* The files in tests/formats and what its tables say of them: formats/README.md. */
#ifndef QL_TESTS_CORPUS_H
#define QL_TESTS_CORPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GOOD "tests/formats/good"
#define BAD  "tests/formats/bad"

/* A line of a table; fields that it lacks are "". */
enum { CORPUS_FIELDS = 15 };
typedef struct corpus_row {
    const char *fields[CORPUS_FIELDS];
} corpus_row;

/* Fields of a file, of one of its metadata, of one of its tensors, and of a bad file. */
enum { FILE_NAME, FILE_FORMAT, FILE_TENSORS, FILE_METADATA };
enum { METADATA_MARK, METADATA_KEY, METADATA_TYPE, METADATA_VALUE };
enum {
    TENSOR_MARK,
    TENSOR_NAME, /* ASCII with \uXXXX, as in JSON */
    TENSOR_DTYPE,
    TENSOR_SHAPE,
    TENSOR_OFFSET, /* "-": compressed */
    TENSOR_BYTES,
    TENSOR_CRC, /* of the stored bytes, "-": not in one piece */
    TENSOR_FILE,
    TENSOR_VALUES_CRC, /* of the values as float64 in row-major order, every NaN the same; "-": listed only */
    TENSOR_NAN,
    TENSOR_INF,
    TENSOR_SUM,
    TENSOR_SUM_ABS,
    TENSOR_MIN,
    TENSOR_MAX,
};
enum { BAD_NAME, BAD_VERDICT, BAD_WORDS };

typedef struct corpus {
    char *text;
    corpus_row *rows;
    size_t count;
} corpus;

/* A table by its path; lines that begin with # are left out. corpus_free when done. */
corpus corpus_read(const char *path);
void corpus_free(corpus *table);

/* The rows of files only: the next one from *at on, which moves behind it; NULL at the end. */
const corpus_row *corpus_next_file(const corpus *table, size_t *at);

/* The one of zip and PNG. */
uint32_t corpus_crc32(const void *bytes, size_t size);

#endif
