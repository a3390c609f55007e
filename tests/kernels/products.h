/*
 * The kernels of products against plain sums over the operands as they are before packing: every number of rows, panels side
 * by side, cells and groups, codes at their extremes. Operands and Y end at forbidden memory; what Y does not own stays.
 */
#ifndef QL_TESTS_KERNELS_PRODUCTS_H
#define QL_TESTS_KERNELS_PRODUCTS_H

#include <stddef.h>
#include <stdint.h>

/* All that this machine runs, `rounds` times each; `running` (of `size`) is kept at what is tried. Prints what differs.
   Returns how many do. */
unsigned products_check(uint64_t seed, unsigned rounds, char *running, size_t size, unsigned *passed);

#endif
