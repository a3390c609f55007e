/*
 * The bits of a stored number, and what they mean.
 *
 *   1 01101 0100001001 = 0xb509         sign, exponent, mantissa; of integers bytes
 *   s eeeee mmmmmmmmmm
 *   -(1 + 265/1024) × 2^(13 - 15)
 *   = -1.259 × 2^-2 = -0.3147
 */
#ifndef TEXT_BITS_H
#define TEXT_BITS_H

#include "qloupe.h"

enum { TEXT_BITS_LINES = 4, TEXT_BITS_SIZE = 160 };

/* Of a type that is stored element by element, or F4: `raw` holds its bits, value is what they stand for. Returns how many
   lines; UTF-8. */
size_t text_bits(ql_dtype dtype, uint64_t raw, double value, char lines[TEXT_BITS_LINES][TEXT_BITS_SIZE]);

#endif
