/*
 * Radix selection: see select.h.
 *
 * A key is the double's bits made monotonic. It is split into digits, | 16 | 12 | 12 | 12 | 12 |. The prefixes that hold
 * wanted ranks form a small tree: child[level][node][digit] is the node of the next level, or NONE. A scan walks each key
 * down to the current level and counts its next digit.
 */
#include "quant/select.h"

#include "base/error.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    LEVELS = 5,
    TOP_BITS = 16,
    LOW_BITS = 12,
    TOP_DIGITS = 1 << TOP_BITS,
    LOW_DIGITS = 1 << LOW_BITS,
    NONE = 255,
    COLLECT_LIMIT = 1 << 18, /* keys: 2 MiB */
    FEW = 4096,              /* keys that are sorted without counting first */
};

static const int shift_of[LEVELS] = { 48, 36, 24, 12, 0 };

typedef struct target {
    uint64_t rank;   /* among the keys with its prefix */
    unsigned node;   /* of the current level */
    uint64_t prefix; /* the digits known so far, in place */
    double value;
} target;

struct ql_select {
    unsigned threads;
    unsigned target_count;
    target targets[QL_SELECT_MAX];

    int level; /* whose digit the scan counts; when collecting: of the nodes that are collected */
    bool collecting;
    bool few; /* collecting from the first scan: how many there are is known after it */
    uint8_t top_child[TOP_DIGITS];
    uint8_t low_child[LEVELS][QL_SELECT_MAX][LOW_DIGITS];

    uint64_t **counts; /* [threads], each [nodes][digits] of the current level */
    uint64_t *collected;
    uint64_t collected_size;
    atomic_uint_least64_t collected_count;
};

static inline uint64_t key_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, 8);
    return bits & 1ull << 63 ? ~bits : bits | 1ull << 63;
}

static double value_of(uint64_t key)
{
    uint64_t bits = key & 1ull << 63 ? key & ~(1ull << 63) : ~key;
    double value;
    memcpy(&value, &bits, 8);
    return value;
}

static ql_status reserve_counts(ql_select *select, ql_error *error)
{
    select->counts = calloc(select->threads, sizeof *select->counts);
    /* One buffer a thread serves all levels: the first has the most digits but one node. */
    for (unsigned i = 0; select->counts && i < select->threads; i++) {
        select->counts[i] = calloc((size_t)QL_SELECT_MAX * LOW_DIGITS, sizeof **select->counts);
        if (!select->counts[i]) {
            return ql_fail_memory(error, (uint64_t)QL_SELECT_MAX * LOW_DIGITS * 8);
        }
    }
    return select->counts ? QL_OK : ql_fail_memory(error, select->threads * sizeof *select->counts);
}

static ql_status reserve_collected(ql_select *select, uint64_t count, ql_error *error)
{
    select->collected = malloc((count ? count : 1) * sizeof *select->collected);
    select->collected_size = count;
    select->collecting = true;
    return select->collected ? QL_OK : ql_fail_memory(error, count * sizeof *select->collected);
}

ql_status ql_select_new(unsigned threads, uint64_t most, ql_select **out, ql_error *error)
{
    ql_select *select = calloc(1, sizeof *select);
    if (!select) {
        return ql_fail_memory(error, sizeof *select);
    }
    select->threads = threads;
    select->few = most <= FEW;
    ql_status status = select->few ? reserve_collected(select, most, error) : reserve_counts(select, error);
    if (status != QL_OK) {
        ql_select_free(&select);
        return status;
    }
    *out = select;
    return QL_OK;
}

void ql_select_free(ql_select **select)
{
    if (*select) {
        for (unsigned i = 0; (*select)->counts && i < (*select)->threads; i++) {
            free((*select)->counts[i]);
        }
        free((*select)->counts);
        free((*select)->collected);
        free(*select);
        *select = NULL;
    }
}

void ql_select_ranks(ql_select *select, const uint64_t *ranks, unsigned count)
{
    select->target_count = count;
    for (unsigned i = 0; i < count; i++) {
        select->targets[i] = (target) { .rank = ranks[i] };
    }
}

/* The node of `level` that holds the key, or NONE. */
static inline unsigned walk(const ql_select *select, uint64_t key, int level)
{
    unsigned node = level > 0 ? select->top_child[key >> 48] : 0;
    for (int l = 1; l < level && node != NONE; l++) {
        node = select->low_child[l][node][key >> shift_of[l] & (LOW_DIGITS - 1)];
    }
    return node;
}

static void collect(ql_select *select, const double *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t key = key_of(values[i]);
        if (walk(select, key, select->level) != NONE) {
            uint64_t at = atomic_fetch_add_explicit(&select->collected_count, 1, memory_order_relaxed);
            if (at < select->collected_size) { /* more only if the stream changed between scans */
                select->collected[at] = key;
            }
        }
    }
}

void ql_select_feed(ql_select *select, unsigned worker, const double *values, size_t n)
{
    if (select->collecting) {
        collect(select, values, n);
        return;
    }
    uint64_t *counts = select->counts[worker];
    const int level = select->level;
    if (level == 0) {
        for (size_t i = 0; i < n; i++) {
            counts[key_of(values[i]) >> 48]++;
        }
        return;
    }
    for (size_t i = 0; i < n; i++) {
        uint64_t key = key_of(values[i]);
        unsigned node = walk(select, key, level);
        if (node != NONE) {
            counts[(size_t)node * LOW_DIGITS + (key >> shift_of[level] & (LOW_DIGITS - 1))]++;
        }
    }
}

static int compare_keys(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The sorted keys hold whole prefixes: a target's keys begin at the first one with its prefix. */
static bool finish_collected(ql_select *select)
{
    qsort(select->collected, select->collected_size, sizeof *select->collected, compare_keys);
    for (unsigned t = 0; t < select->target_count; t++) {
        target *want = &select->targets[t];
        uint64_t low = 0, high = select->collected_size;
        while (low < high) {
            uint64_t middle = low + (high - low) / 2;
            if (select->collected[middle] < want->prefix) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        if (want->rank >= select->collected_size - low) {
            return false;
        }
        want->value = value_of(select->collected[low + want->rank]);
    }
    return true;
}

/* Adds the counts of all threads into those of the first and clears the others. */
static void merge_counts(ql_select *select, size_t size)
{
    for (unsigned thread = 1; thread < select->threads; thread++) {
        for (size_t i = 0; i < size; i++) {
            select->counts[0][i] += select->counts[thread][i];
        }
        memset(select->counts[thread], 0, size * sizeof **select->counts);
    }
}

/* Moves every target to its digit of the counted level, makes the nodes of the next one; returns how many keys they hold. */
static uint64_t descend(ql_select *select)
{
    const int level = select->level;
    const size_t digits = level == 0 ? TOP_DIGITS : LOW_DIGITS;
    unsigned nodes = 0;
    uint64_t held = 0;
    if (level == 0) {
        memset(select->top_child, NONE, sizeof select->top_child);
    } else {
        memset(select->low_child[level], NONE, sizeof select->low_child[level]);
    }
    for (unsigned t = 0; t < select->target_count; t++) {
        target *want = &select->targets[t];
        const uint64_t *counts = select->counts[0] + want->node * digits;
        size_t digit = 0;
        while (digit + 1 < digits && want->rank >= counts[digit]) {
            want->rank -= counts[digit++];
        }
        uint8_t *child = level == 0 ? &select->top_child[digit] : &select->low_child[level][want->node][digit];
        if (*child == NONE) {
            *child = (uint8_t)nodes++;
            held += counts[digit];
        }
        want->node = *child;
        want->prefix |= (uint64_t)digit << shift_of[level];
        want->value = value_of(want->prefix);
    }
    return held;
}

ql_status ql_select_advance(ql_select *select, bool *done, ql_error *error)
{
    *done = true;
    if (select->collecting) {
        if (select->few && atomic_load(&select->collected_count) < select->collected_size) {
            select->collected_size = atomic_load(&select->collected_count);
        }
        if (atomic_load(&select->collected_count) != select->collected_size || !finish_collected(select)) {
            return ql_fail(error, QL_BAD_FILE, "the values changed while they were read; open the file again");
        }
        return QL_OK;
    }
    /* The top level has one node of 65,536 digits; the others up to QL_SELECT_MAX of 4,096. */
    const size_t size = select->level == 0 ? TOP_DIGITS : (size_t)QL_SELECT_MAX * LOW_DIGITS;
    merge_counts(select, size);
    uint64_t held = descend(select);
    memset(select->counts[0], 0, size * sizeof **select->counts);
    if (select->level == LEVELS - 1) {
        return QL_OK; /* every bit is known */
    }
    select->level++;
    *done = false;
    return held <= COLLECT_LIMIT ? reserve_collected(select, held, error) : QL_OK;
}

double ql_select_value(const ql_select *select, unsigned index)
{
    return select->targets[index].value;
}

ql_percentile ql_percentile_at(double percent, uint64_t count)
{
    double h = percent / 100.0 * (double)(count - 1);
    uint64_t k = (uint64_t)h;
    k = k < count - 1 ? k : count - 1;
    return (ql_percentile) { { k, k + 1 < count ? k + 1 : k }, h - (double)k };
}

double ql_percentile_value(const ql_percentile *percentile, double at_rank0, double at_rank1)
{
    /* The difference of two float64 may be infinite. */
    return percentile->fraction > 0 ? at_rank0 + percentile->fraction * (at_rank1 - at_rank0) : at_rank0;
}
