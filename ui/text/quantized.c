/* An earlier quantization in words: see quantized.h. */
#include "text/quantized.h"

#include "text/number.h"

#include <stdio.h>

bool text_few_levels(char out[TEXT_QUANTIZED_SIZE], const ql_profile *profile)
{
    ql_few_levels levels;
    out[0] = '\0';
    if (!ql_few_levels_of(profile, &levels))
        return false;
    if (levels.count == 1) {
        snprintf(out, TEXT_QUANTIZED_SIZE, "all values are the same");
        return true;
    }
    int used = snprintf(out, TEXT_QUANTIZED_SIZE, "already quantized: %u levels, %u bit%s", levels.count, levels.bits,
                        levels.bits == 1 ? "" : "s");
    char step[TEXT_NUMBER_SIZE];
    text_number(step, levels.step, TEXT_SIGNIFICANT);
    if (levels.spacing == QL_SPACING_EVEN)
        snprintf(out + used, TEXT_QUANTIZED_SIZE - (size_t)used, ", evenly spaced by %s", step);
    else if (levels.spacing == QL_SPACING_UNEVEN)
        snprintf(out + used, TEXT_QUANTIZED_SIZE - (size_t)used, ", not evenly spaced");
    return true;
}

/* "8,192 scales 0.001200 to 0.04500, median 0.01100, 3 of them 0" */
static size_t print_scales(char *out, size_t size, const ql_stored *stored)
{
    char count[TEXT_NUMBER_SIZE], min[TEXT_NUMBER_SIZE], median[TEXT_NUMBER_SIZE], max[TEXT_NUMBER_SIZE];
    text_count(count, stored->scale_count);
    text_number(min, stored->scale_min, TEXT_SIGNIFICANT);
    text_number(median, stored->scale_median, TEXT_SIGNIFICANT);
    text_number(max, stored->scale_max, TEXT_SIGNIFICANT);
    int used =
        snprintf(out, size, "%s scale%s %s to %s, median %s", count, stored->scale_count == 1 ? "" : "s", min, max, median);
    text_count(count, stored->scale_zeros);
    if (stored->scale_zeros)
        used += snprintf(out + used, size - (size_t)used, ", %s of them 0", count);
    text_count(count, stored->scale_nonfinite);
    if (stored->scale_nonfinite)
        used += snprintf(out + used, size - (size_t)used, ", %s NaN or infinite", count);
    return (size_t)used;
}

void text_stored(char out[TEXT_QUANTIZED_SIZE], const ql_stored *stored)
{
    char number[TEXT_NUMBER_SIZE];
    text_number(number, stored->bits_per_weight, TEXT_SEVEN);
    size_t used = (size_t)snprintf(out, TEXT_QUANTIZED_SIZE, "%s bits/wt", number);
    if (stored->scale_count == 0)
        return;
    used += (size_t)snprintf(out + used, TEXT_QUANTIZED_SIZE - used, "; ");
    used += print_scales(out + used, TEXT_QUANTIZED_SIZE - used, stored);
    text_number(number, stored->entropy_bits, TEXT_FIXED_2);
    snprintf(out + used, TEXT_QUANTIZED_SIZE - used, "; %u of %u codes, %s bits of entropy", stored->codes_used,
             stored->codes_possible, number);
}
