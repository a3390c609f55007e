/* Sorted values: see sorted.h. Radix sort on the float bits made monotonic, 11 bits a round. */
#include "quant/sorted.h"

#include "kernels/kernels.h"
#include "quant/select.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 256, DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS, ROUNDS = 3, SMALL = 512 };

static int compare_floats(const void *a, const void *b)
{
    const uint32_t x = ql_key_of(QL_BY_VALUE, *(const float *)a), y = ql_key_of(QL_BY_VALUE, *(const float *)b);
    return (x > y) - (x < y);
}

static void sort_round(const uint32_t *from, uint32_t *to, size_t n, int shift)
{
    size_t at[DIGITS] = { 0 }, sum = 0;
    for (size_t i = 0; i < n; i++) {
        at[from[i] >> shift & (DIGITS - 1)]++;
    }
    for (int digit = 0; digit < DIGITS; digit++) {
        const size_t count = at[digit];
        at[digit] = sum;
        sum += count;
    }
    for (size_t i = 0; i < n; i++) {
        to[at[from[i] >> shift & (DIGITS - 1)]++] = from[i];
    }
}

bool ql_sort_floats(float *values, size_t n)
{
    if (n <= SMALL) {
        qsort(values, n, sizeof *values, compare_floats);
        return true;
    }
    uint32_t *keys = malloc(2 * n * sizeof *keys);
    if (!keys) {
        return false;
    }
    uint32_t *from = keys, *to = keys + n;
    for (size_t i = 0; i < n; i++) {
        from[i] = ql_key_of(QL_BY_VALUE, values[i]);
    }
    for (int round = 0; round < ROUNDS; round++) {
        sort_round(from, to, n, round * DIGIT_BITS);
        uint32_t *sorted = to;
        to = from;
        from = sorted;
    }
    for (size_t i = 0; i < n; i++) {
        values[i] = ql_value_of_key(QL_BY_VALUE, from[i]);
    }
    free(keys);
    return true;
}

/* Node i of the tree is the sum of nodes 2i and 2i + 1; block b is node blocks + b. */
static size_t block_count(const ql_sorted *sorted)
{
    return sorted->n / BLOCK;
}

static double sum_of(const float *values, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += values[i];
    }
    return sum;
}

bool ql_sorted_make(float *values, size_t n, ql_sorted *out)
{
    *out = (ql_sorted) { .values = values, .n = n };
    const size_t blocks = block_count(out);
    out->sums = malloc((2 * blocks + 1) * sizeof *out->sums);
    if (!out->sums || !ql_sort_floats(values, n)) {
        ql_sorted_free(out);
        return false;
    }
    for (size_t i = 0; i < blocks; i++) {
        out->sums[blocks + i] = sum_of(values + i * BLOCK, BLOCK);
    }
    for (size_t i = blocks; i-- > 1;) {
        out->sums[i] = out->sums[2 * i] + out->sums[2 * i + 1];
    }
    return true;
}

void ql_sorted_free(ql_sorted *sorted)
{
    free(sorted->sums);
    sorted->sums = NULL;
}

size_t ql_sorted_find(const ql_sorted *sorted, double limit, bool or_equal)
{
    size_t low = 0, high = sorted->n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const double v = sorted->values[middle];
        if (v > limit || (or_equal && v == limit)) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

/* Sum of the whole blocks [begin, end): of the largest nodes that lie inside. */
static double sum_of_blocks(const ql_sorted *sorted, size_t begin, size_t end)
{
    double sum = 0;
    for (begin += block_count(sorted), end += block_count(sorted); begin < end; begin /= 2, end /= 2) {
        if (begin % 2) {
            sum += sorted->sums[begin++];
        }
        if (end % 2) {
            sum += sorted->sums[--end];
        }
    }
    return sum;
}

double ql_sorted_mean(const ql_sorted *sorted, size_t begin, size_t end)
{
    const size_t first = (begin + BLOCK - 1) / BLOCK, last = end / BLOCK;
    const float *values = sorted->values;
    double sum;
    if (first >= last) {
        sum = sum_of(values + begin, end - begin);
    } else {
        sum = sum_of(values + begin, first * BLOCK - begin) + sum_of_blocks(sorted, first, last);
        sum += sum_of(values + last * BLOCK, end - last * BLOCK);
    }
    return sum / (double)(end - begin);
}

double ql_sorted_percentile(const ql_sorted *sorted, double percent)
{
    const ql_percentile p = ql_percentile_at(percent, sorted->n);
    return ql_percentile_value(&p, sorted->values[p.rank[0]], sorted->values[p.rank[1]]);
}
