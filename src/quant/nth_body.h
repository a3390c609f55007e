/*
 * The k-th least of values in memory, for one type of number: nth.c defines NUMBER, the type, NTH, the name of the function,
 * and OF(name), the names of its helpers. Quickselect in three parts; heapsort when the pivots keep being bad.
 */

static void OF(swap)(NUMBER *a, NUMBER *b)
{
    NUMBER t = *a;
    *a = *b;
    *b = t;
}

static void OF(sift_down)(NUMBER *heap, size_t root, size_t n)
{
    for (size_t child; (child = 2 * root + 1) < n; root = child) {
        if (child + 1 < n && heap[child] < heap[child + 1]) {
            child++;
        }
        if (!(heap[root] < heap[child])) {
            return;
        }
        OF(swap)(&heap[root], &heap[child]);
    }
}

static void OF(heapsort)(NUMBER *values, size_t n)
{
    for (size_t i = n / 2; i-- > 0;) {
        OF(sift_down)(values, i, n);
    }
    for (size_t end = n; end-- > 1;) {
        OF(swap)(&values[0], &values[end]);
        OF(sift_down)(values, 0, end);
    }
}

static NUMBER OF(median_of_three)(NUMBER a, NUMBER b, NUMBER c)
{
    NUMBER low = a < b ? a : b, high = a < b ? b : a;
    return c < low ? low : c > high ? high : c;
}

NUMBER NTH(NUMBER *values, size_t n, size_t k)
{
    for (int rounds = 0; n > 16 && rounds < 64; rounds++) {
        const NUMBER pivot = OF(median_of_three)(values[0], values[n / 2], values[n - 1]);
        size_t less = 0, at = 0, greater = n; /* | < pivot | == pivot | unseen | > pivot | */
        while (at < greater) {
            if (values[at] < pivot) {
                OF(swap)(&values[less++], &values[at++]);
            } else if (values[at] > pivot) {
                OF(swap)(&values[at], &values[--greater]);
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
    OF(heapsort)(values, n);
    return values[k];
}
