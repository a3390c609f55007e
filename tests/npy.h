/* Just enough .npy for the tests: independent of the program's own reader and writer. Version 1.0, little endian, C order.
 */
#ifndef QL_TESTS_NPY_H
#define QL_TESTS_NPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NPY_RANK = 8 };

typedef struct npy {
    char dtype[4]; /* "f4", "i1", "u1", "f2", ... */
    unsigned rank;
    uint64_t shape[NPY_RANK];
    size_t count;
    double *values; /* malloced [count]; f2 and f4 are widened */
} npy;

/* False when the file is missing or is no such file. */
bool npy_read(const char *path, npy *out);
void npy_free(npy *array);

/* Writes `bytes` with the dtype as above ("f4") and the shape; false when it cannot. */
bool npy_write(const char *path, const char *dtype, unsigned rank, const uint64_t *shape, const void *bytes);

#endif
