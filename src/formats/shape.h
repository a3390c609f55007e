/* Sizes of a tensor, worked out with every product checked. */
#ifndef QL_FORMATS_SHAPE_H
#define QL_FORMATS_SHAPE_H

#include "base/sizes.h"
#include "qloupe.h"

/* The product of shape[rank], 1 for rank 0. Dimensions are folded in order: an overflow counts even before a 0. */
static inline bool ql_shape_elements(const uint64_t *shape, size_t rank, uint64_t *elements)
{
    *elements = 1;
    for (size_t axis = 0; axis < rank; axis++)
        if (!ql_size_mul(*elements, shape[axis], elements))
            return false;
    return true;
}

#endif
