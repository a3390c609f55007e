/* The k-th least of values in memory: quickselect in three parts, heapsort when the pivots keep being bad. */
#include "quant/select.h"

static void swap(float *a, float *b)
{
    float t = *a;
    *a = *b;
    *b = t;
}

static void sift_down(float *heap, size_t root, size_t n)
{
    for (size_t child; (child = 2 * root + 1) < n; root = child) {
        if (child + 1 < n && heap[child] < heap[child + 1]) {
            child++;
        }
        if (!(heap[root] < heap[child])) {
            return;
        }
        swap(&heap[root], &heap[child]);
    }
}

static void heapsort_floats(float *values, size_t n)
{
    for (size_t i = n / 2; i-- > 0;) {
        sift_down(values, i, n);
    }
    for (size_t end = n; end-- > 1;) {
        swap(&values[0], &values[end]);
        sift_down(values, 0, end);
    }
}

static float median_of_three(float a, float b, float c)
{
    float low = a < b ? a : b, high = a < b ? b : a;
    return c < low ? low : c > high ? high : c;
}

float ql_nth(float *values, size_t n, size_t k)
{
    for (int rounds = 0; n > 16 && rounds < 64; rounds++) {
        const float pivot = median_of_three(values[0], values[n / 2], values[n - 1]);
        size_t less = 0, at = 0, greater = n; /* | < pivot | == pivot | unseen | > pivot | */
        while (at < greater) {
            if (values[at] < pivot) {
                swap(&values[less++], &values[at++]);
            } else if (values[at] > pivot) {
                swap(&values[at], &values[--greater]);
            } else {
                at++;
            }
        }
        if (k < less) {
            n = less;
        } else if (k < greater) {
            return pivot;
        } else {
            values += greater;
            n -= greater;
            k -= greater;
        }
    }
    heapsort_floats(values, n);
    return values[k];
}
