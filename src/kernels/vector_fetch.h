/* Vectorized core kernels go through their input 16 elements at a time, or in blocks of 64, and fetch what comes next. */
#ifndef QL_KERNELS_VECTOR_FETCH_H
#define QL_KERNELS_VECTOR_FETCH_H

#include "kernels/body.h"
#include "kernels/simd.h"

enum { WIDTH = 16, BLOCK = 4 * WIDTH };

/* The processor's own prefetching starts anew with every page, so kernels fetch what probably comes next, which need not
   exist: nothing is read. Quick kernels fetch a page ahead; counting, which takes longer than reading, a whole tile, for the
   quick kernel that will look at it first. */
enum { FETCH_AHEAD = 1024, FETCH_TILE = 4096 };

QL_SIMD void fetch_next(const float *x)
{
    __builtin_prefetch(x + FETCH_AHEAD);
}

QL_SIMD void fetch_next_tile(const float *x)
{
    __builtin_prefetch(x + FETCH_TILE);
}

#endif
