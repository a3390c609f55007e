/* Memory between pages that nobody may touch: what reads or writes beyond it stops the program. */
#ifndef QL_TESTS_KERNELS_FENCE_H
#define QL_TESTS_KERNELS_FENCE_H

#include <stddef.h>

typedef struct fence {
    unsigned char *bytes; /* | forbidden page | bytes[size] | forbidden page | */
    size_t size;
} fence;

/* At least `size` bytes. Ends the program when there is no memory. */
fence fence_new(size_t size);

#endif
