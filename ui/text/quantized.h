/* What stored values tell of an earlier quantization, in words. */
#ifndef TEXT_QUANTIZED_H
#define TEXT_QUANTIZED_H

#include "qloupe.h"

enum { TEXT_QUANTIZED_SIZE = 200 };

/* "already quantized: 15 levels, 4 bits, evenly spaced by 0.02520"; false, and "", when nothing tells so. */
bool text_few_levels(char out[TEXT_QUANTIZED_SIZE], const ql_profile *profile);

/* "4.5 bits/wt; 8,192 scales 0.001200 to 0.04500, median 0.01100, 3 of them 0; 16 of 16 codes, 3.41 bits of entropy" */
void text_stored(char out[TEXT_QUANTIZED_SIZE], const ql_stored *stored);

#endif
