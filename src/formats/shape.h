/* Sizes of a tensor, worked out with every product checked. */
#ifndef QL_FORMATS_SHAPE_H
#define QL_FORMATS_SHAPE_H

#include "base/sizes.h"
#include "qloupe.h"

/* The product of shape[rank], 1 for rank 0. The dimensions that are not 0 must fit by themselves, so that the answer does not
   depend on where a 0 stands and any of their products fits too. */
static inline bool ql_shape_elements(const uint64_t *shape, size_t rank, uint64_t *elements)
{
    bool empty = false;
    *elements = 1;
    for (size_t axis = 0; axis < rank; axis++) {
        empty |= shape[axis] == 0;
        if (shape[axis] != 0 && !ql_size_mul(*elements, shape[axis], elements))
            return false;
    }
    *elements = empty ? 0 : *elements;
    return true;
}

#endif
