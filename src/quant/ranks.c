/* Order statistics of float32: see ranks.h. */
#include "quant/ranks.h"

#include "base/error.h"
#include "base/pages.h"
#include "quant/select.h"
#include "quant/sorted.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    HALF = 65536,              /* values of 16 bits */
    FEW = 65536,               /* so few values are kept in the first scan */
    SLOTS = 2 * QL_RANKS_MOST, /* upper halves of wanted and watched keys */
    NO_SLOT = 255,
};

typedef enum stage { KEEPING, UPPER, LOWER } stage;

/* What a worker has counted and what it works with. */
typedef struct worker {
    uint32_t *upper;       /* [HALF] */
    uint32_t *lower;       /* [slots][HALF], or NULL */
    uint64_t counted;      /* values since its counters were last emptied */
    uint64_t above[SLOTS]; /* keeping: values above each range */
    uint32_t found[QL_RANKS_FEED + QL_LANES];
    float same[QL_RANKS_FEED]; /* of a sample */
    double least, most;        /* keeping one key: of the values */
    bool fed_errors;           /* the kept values need not be float32 */
} worker;

struct ql_ranks {
    ql_order order;
    unsigned threads;
    uint64_t total;
    uint64_t wanted[QL_RANKS_MOST];
    double value[QL_RANKS_MOST];
    float watched[QL_RANKS_MOST];
    unsigned wanted_count, watched_count;
    stage stage;
    worker *workers; /* [threads] */

    uint32_t ranges[SLOTS][2]; /* keys to look for, ascending and disjoint */
    unsigned range_count;

    double *kept; /* [kept_size] keeping */
    size_t kept_size;
    atomic_size_t kept_count; /* more than kept_size: some were lost */

    uint8_t slot_of[HALF]; /* by upper half: its slot, or NO_SLOT */
    uint64_t *upper;       /* [HALF] counts of all workers */
    size_t lower_size;     /* bytes of a worker's lower counts */
    uint64_t *spilled;     /* [slots][HALF] lower counts that no longer fit the workers' counters; NULL: all fit */
};

/* Room to keep `size` values of the given ranges in the next scan. */
static ql_status begin_keeping(ql_ranks *r, size_t size, ql_error *error)
{
    r->stage = KEEPING;
    r->kept_size = size;
    r->kept = malloc((size + 1) * sizeof *r->kept);
    return r->kept ? QL_OK : ql_fail_memory(error, (size + 1) * sizeof *r->kept);
}

static ql_status begin_upper(ql_ranks *r, ql_error *error)
{
    r->stage = UPPER;
    r->upper = calloc(HALF, sizeof *r->upper);
    bool done = r->upper != NULL;
    for (unsigned i = 0; i < r->threads; i++) {
        r->workers[i].upper = calloc(HALF, sizeof *r->workers[i].upper);
        done = done && r->workers[i].upper;
    }
    return done ? QL_OK : ql_fail_memory(error, HALF * (sizeof *r->upper + r->threads * sizeof(uint32_t)));
}

ql_status ql_ranks_new(unsigned threads, ql_order order, uint64_t most, ql_ranks **out, ql_error *error)
{
    ql_ranks *r = calloc(1, sizeof *r);
    worker *workers = calloc(threads, sizeof *workers);
    if (!r || !workers) {
        free(r);
        free(workers);
        return ql_fail_memory(error, sizeof *r + threads * sizeof *workers);
    }
    r->order = order;
    r->threads = threads;
    r->total = most;
    r->workers = workers;
    ql_status status;
    if (most <= FEW) {
        r->range_count = 1;
        r->ranges[0][1] = UINT32_MAX;
        status = begin_keeping(r, (size_t)most, error);
    } else {
        status = begin_upper(r, error);
    }
    if (status != QL_OK) {
        ql_ranks_free(&r);
        return status;
    }
    *out = r;
    return QL_OK;
}

void ql_ranks_free(ql_ranks **ranks)
{
    ql_ranks *r = *ranks;
    if (r) {
        for (unsigned i = 0; i < r->threads; i++) {
            free(r->workers[i].upper);
            ql_pages_free(r->workers[i].lower, r->lower_size);
        }
        free(r->workers);
        free(r->kept);
        free(r->upper);
        ql_pages_free(r->spilled, 2 * r->lower_size);
        free(r);
        *ranks = NULL;
    }
}

void ql_ranks_want(ql_ranks *r, uint64_t total, const uint64_t *wanted, unsigned count)
{
    r->total = total;
    r->wanted_count = count;
    memcpy(r->wanted, wanted, count * sizeof *wanted);
}

void ql_ranks_watch(ql_ranks *r, float v)
{
    if (r->watched_count < QL_RANKS_MOST) {
        r->watched[r->watched_count++] = v;
    }
}

/* ---- A guess */

/* The upper half of the key at a rank; *rank becomes the rank among those that share it. */
static uint32_t upper_at(const uint32_t *counts, uint64_t *rank)
{
    uint32_t upper = 0;
    while (upper + 1 < HALF && *rank >= counts[upper]) {
        *rank -= counts[upper++];
    }
    return upper;
}

/* The key of the sample's value at `place`, 0 or the largest beyond its ends; zeros of both signs are one. counts: of the
   upper halves. */
static uint32_t sample_key(const ql_ranks *r, const ql_kernels *kernels, const uint32_t *counts, const float *sample,
                           size_t n, double place, bool upwards)
{
    if (place < 0 || place >= (double)n) {
        return place < 0 ? 0 : UINT32_MAX;
    }
    uint64_t rank = (uint64_t)place;
    const uint32_t upper = upper_at(counts, &rank), range[1][2] = { { upper << 16, upper << 16 | 0xFFFF } };
    uint32_t *found = r->workers[0].found;
    float *same = r->workers[0].same;
    size_t count = 0;
    for (size_t done = 0; done < n && count < QL_RANKS_FEED; done += QL_RANKS_FEED) {
        const size_t feed = n - done < QL_RANKS_FEED ? n - done : QL_RANKS_FEED;
        const size_t more = kernels->collect(r->order, range, 1, sample + done, feed, found, NULL);
        for (size_t i = 0; i < more && count < QL_RANKS_FEED; i++) {
            const float v = sample[done + found[i]];
            same[count++] = r->order == QL_BY_MAGNITUDE ? fabsf(v) : v;
        }
    }
    /* Of a great many that are alike, some will do. */
    const uint64_t at = rank * count / (counts[upper] ? counts[upper] : 1);
    const float v = ql_nth(same, count, at < count ? (size_t)at : count - 1);
    return ql_key_of(r->order, v != 0 ? v : upwards ? 0.0f : -0.0f);
}

static int compare_ranges(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* How many of the sample lie in the ranges. */
static size_t count_in_ranges(const ql_ranks *r, const ql_kernels *kernels, const float *sample, size_t n)
{
    size_t count = 0;
    for (size_t done = 0; done < n; done += QL_RANKS_FEED) {
        const size_t feed = n - done < QL_RANKS_FEED ? n - done : QL_RANKS_FEED;
        count += kernels->collect(r->order, r->ranges, r->range_count, sample + done, feed, r->workers[0].found, NULL);
    }
    return count;
}

ql_status ql_ranks_guess(ql_ranks *r, const ql_kernels *kernels, const float *sample, size_t n, ql_error *error)
{
    if (r->stage != UPPER || n == 0) {
        return QL_OK;
    }
    uint32_t *counts = r->workers[0].upper;
    kernels->count_upper(r->order, sample, n, counts);
    for (unsigned i = 0; i < r->wanted_count; i++) {
        /* A sample's rank is hardly ever off by more than six standard deviations, and twice as much where the neighbours in
           it are alike. */
        const double p = ((double)r->wanted[i] + 0.5) / (double)r->total, place = p * (double)n;
        const double margin = 2 * 6 * sqrt(p * (1 - p) * (double)n) + 6;
        r->ranges[i][0] = sample_key(r, kernels, counts, sample, n, place - margin, false);
        r->ranges[i][1] = sample_key(r, kernels, counts, sample, n, place + margin, true);
    }
    memset(counts, 0, HALF * sizeof *counts);
    qsort(r->ranges, r->wanted_count, sizeof *r->ranges, compare_ranges);
    r->range_count = 0;
    for (unsigned i = 0; i < r->wanted_count; i++) { /* those that overlap become one */
        uint32_t *last = r->range_count ? r->ranges[r->range_count - 1] : NULL;
        if (last && r->ranges[i][0] <= last[1]) {
            last[1] = r->ranges[i][1] > last[1] ? r->ranges[i][1] : last[1];
        } else {
            memmove(r->ranges[r->range_count++], r->ranges[i], sizeof *r->ranges);
        }
    }
    for (unsigned i = 0; i < r->threads; i++) {
        r->workers[i].least = INFINITY;
        r->workers[i].most = -INFINITY;
    }
    /* Many may be alike at the ends of a range: room is made for what the sample has there. */
    const double share = 2 * (double)count_in_ranges(r, kernels, sample, n) / (double)n;
    return begin_keeping(r, (size_t)(fmin(share, 1) * (double)r->total) + FEW, error);
}

/* ---- Scans */

/* All that is looked for is one key: how often it comes is enough, if the values with it are all the same. */
static bool is_one_key(const ql_ranks *r)
{
    return r->range_count == 1 && r->ranges[0][0] == r->ranges[0][1];
}

/* Keeps the values at some places: x[i], or x[i] - y[i]. */
static void keep_found(ql_ranks *r, worker *w, const uint32_t *found, size_t count, const float *x, const float *y)
{
    if (count == 0) {
        return;
    }
    const size_t at = atomic_fetch_add_explicit(&r->kept_count, count, memory_order_relaxed);
    const bool one_key = is_one_key(r);
    for (size_t i = 0; i < count; i++) {
        const uint32_t place = found[i];
        const double difference = y ? (double)x[place] - (double)y[place] : (double)x[place];
        const double v = r->order == QL_BY_MAGNITUDE ? fabs(difference) : difference;
        if (one_key) {
            w->least = v < w->least ? v : w->least;
            w->most = v > w->most ? v : w->most;
        } else if (at + i < r->kept_size) { /* the others are missed after the scan */
            r->kept[at + i] = v;
        }
    }
}

/* Keeps the values whose keys are wanted: x[i], or x[i] - y[i] where the key is that of e[i]. */
static void keep(ql_ranks *r, const ql_kernels *kernels, worker *w, const float *e, const float *x, const float *y, size_t n)
{
    const size_t count = kernels->collect(r->order, r->ranges, r->range_count, e, n, w->found, w->above);
    keep_found(r, w, w->found, count, x, y);
}

enum { FULL = UINT32_MAX / 2 }; /* so many values fill a worker's counters */

/* Empties a worker's counters into those of all, before one of them may overflow; other workers may be doing the same. */
static void spill(worker *w, uint32_t *counters, size_t count, uint64_t *all, size_t n)
{
    if (w->counted + n > FULL) {
        for (size_t i = 0; i < count; i++) {
            if (counters[i]) {
                __atomic_fetch_add(&all[i], counters[i], __ATOMIC_RELAXED);
                counters[i] = 0;
            }
        }
        w->counted = 0;
    }
    w->counted += n;
}

static void count_lower(ql_ranks *r, const ql_kernels *kernels, worker *w, const float *x, size_t n)
{
    const size_t count = kernels->collect(r->order, r->ranges, r->range_count, x, n, w->found, NULL);
    if (r->spilled) {
        spill(w, w->lower, r->lower_size / sizeof *w->lower, r->spilled, count);
    }
    for (size_t i = 0; i < count; i++) {
        const uint32_t key = ql_key_of(r->order, x[w->found[i]]), slot = r->slot_of[key >> 16];
        if (slot != NO_SLOT) { /* a mapped file may change at any moment; that is noticed later */
            w->lower[(size_t)slot * HALF + key % HALF]++;
        }
    }
}

void ql_ranks_feed(ql_ranks *r, const ql_kernels *kernels, unsigned index, const float *x, size_t n)
{
    worker *w = &r->workers[index];
    switch (r->stage) {
    case KEEPING:
        keep(r, kernels, w, x, x, NULL, n);
        break;
    case UPPER:
        spill(w, w->upper, HALF, r->upper, n);
        kernels->count_upper(r->order, x, n, w->upper);
        break;
    case LOWER:
        count_lower(r, kernels, w, x, n);
        break;
    }
}

void ql_ranks_feed_errors(ql_ranks *r, const ql_kernels *kernels, unsigned index, const float *e, const float *x,
                          const float *y, size_t n)
{
    worker *w = &r->workers[index];
    w->fed_errors = true;
    if (r->stage != KEEPING) {
        ql_ranks_feed(r, kernels, index, e, n);
        return;
    }
    keep(r, kernels, w, e, x, y, n);
}

bool ql_ranks_keeps_one(const ql_ranks *r, uint32_t wanted[2])
{
    const bool keeps = r->stage == KEEPING && r->range_count == 1;
    wanted[0] = r->ranges[0][0];
    wanted[1] = r->ranges[0][1];
    return keeps;
}

void ql_ranks_keep_errors(ql_ranks *r, unsigned index, const uint32_t *at, size_t count, uint64_t above, const float *x,
                          const float *y)
{
    worker *w = &r->workers[index];
    w->fed_errors = true;
    w->above[0] += above;
    keep_found(r, w, at, count, x, y);
}

/* ---- After a scan */

/* Which of the kept values lie in a range, moved to the front of kept[n]; returns how many. */
static size_t gather_range(const ql_ranks *r, const uint32_t range[2], double *kept, size_t n)
{
    size_t count = 0;
    if (r->range_count == 1) {
        return n;
    }
    for (size_t i = 0; i < n; i++) {
        const uint32_t key = ql_key_of(r->order, (float)kept[i]);
        if (key >= range[0] && key <= range[1]) {
            const double v = kept[i];
            kept[i] = kept[count];
            kept[count++] = v;
        }
    }
    return count;
}

/* -0 comes before 0, but those who compare do not tell them apart. */
static double zero_at(const double *kept, size_t n, size_t k)
{
    size_t count = 0; /* up to -0 */
    for (size_t i = 0; i < n; i++) {
        count += kept[i] < 0 || (kept[i] == 0 && signbit(kept[i]));
    }
    return k < count ? -0.0 : 0.0;
}

/* All kept values have one key. */
static bool find_one_key(ql_ranks *r, size_t n)
{
    double least = INFINITY, most = -INFINITY;
    uint64_t below = r->total - n;
    for (unsigned i = 0; i < r->threads; i++) {
        least = fmin(least, r->workers[i].least);
        most = fmax(most, r->workers[i].most);
        below -= r->workers[i].above[0];
    }
    bool found = true;
    for (unsigned i = 0; i < r->wanted_count; i++) {
        found = found && r->wanted[i] >= below && r->wanted[i] - below < n;
        r->value[i] = least;
    }
    return found && least == most;
}

static bool are_float32(const ql_ranks *r)
{
    bool are = true;
    for (unsigned i = 0; i < r->threads; i++) {
        are = are && !r->workers[i].fed_errors;
    }
    return are;
}

/* Many ranks among all values, which are float32: sorting costs less than selecting one after the other. False when memory
   is short. */
static bool find_sorted(ql_ranks *r, size_t n)
{
    float *values = malloc((n + 1) * sizeof *values);
    for (size_t i = 0; values && i < n; i++) {
        values[i] = (float)r->kept[i];
    }
    const bool sorted = values && ql_sort_floats(values, n);
    for (unsigned i = 0; sorted && i < r->wanted_count; i++) {
        r->value[i] = values[r->wanted[i]];
    }
    free(values);
    return sorted;
}

/* Finds what is wanted among the kept values; false when the guess was wrong. */
static bool find_kept(ql_ranks *r)
{
    const size_t n = atomic_load(&r->kept_count);
    if (is_one_key(r)) {
        return find_one_key(r, n);
    }
    if (n > r->kept_size) {
        return false;
    }
    if (r->upper == NULL && r->wanted_count > 2 && are_float32(r) && find_sorted(r, n)) {
        return true;
    }
    unsigned found = 0;
    double *rest = r->kept;
    for (unsigned k = 0; k < r->range_count; k++) {
        uint64_t above = 0;
        for (unsigned i = 0; i < r->threads; i++) {
            above += r->workers[i].above[k];
        }
        const size_t count = gather_range(r, r->ranges[k], rest, n - (size_t)(rest - r->kept));
        const uint64_t below = r->total - above - count;
        for (unsigned i = 0; i < r->wanted_count; i++) {
            if (r->wanted[i] >= below && r->wanted[i] - below < count) {
                const size_t at = (size_t)(r->wanted[i] - below);
                double v[2]; /* neighbours are asked for together, as a rule */
                ql_nth_two(rest, count, at, v);
                const bool has_next = i + 1 < r->wanted_count && r->wanted[i + 1] == r->wanted[i] + 1 && at + 1 < count;
                for (size_t next = 0; next <= has_next; next++) {
                    r->value[i + next] = v[next] == 0 ? zero_at(rest, count, at + next) : v[next];
                }
                found += 1 + has_next;
                i += has_next;
            }
        }
        rest += count;
    }
    return found == r->wanted_count;
}

static void add_slot(ql_ranks *r, uint32_t upper)
{
    if (r->slot_of[upper] == NO_SLOT && r->range_count < SLOTS) {
        r->slot_of[upper] = 0; /* numbered below */
        r->range_count++;
    }
}

/* The same of all values. */
static uint32_t upper_of_all(const ql_ranks *r, uint64_t *rank)
{
    uint32_t upper = 0;
    while (upper + 1 < HALF && *rank >= r->upper[upper]) {
        *rank -= r->upper[upper++];
    }
    return upper;
}

static ql_status fail_changed(ql_error *error)
{
    return ql_fail(error, QL_BAD_FILE, "the values changed while they were read; open the file again");
}

static ql_status begin_lower(ql_ranks *r, ql_error *error)
{
    memset(r->slot_of, NO_SLOT, sizeof r->slot_of);
    r->range_count = 0;
    uint64_t total = 0;
    for (unsigned i = 0; i < r->threads; i++) {
        for (uint32_t k = 0; k < HALF; k++) {
            r->upper[k] += r->workers[i].upper[k];
        }
    }
    for (uint32_t k = 0; k < HALF; k++) {
        total += r->upper[k];
    }
    if (total != r->total) {
        return fail_changed(error);
    }
    for (unsigned i = 0; i < r->wanted_count; i++) {
        uint64_t rank = r->wanted[i];
        add_slot(r, upper_of_all(r, &rank));
    }
    for (unsigned i = 0; i < r->watched_count; i++) {
        add_slot(r, ql_key_of(r->order, r->watched[i]) >> 16);
    }
    unsigned slots = 0;
    for (uint32_t upper = 0; upper < HALF; upper++) {
        if (r->slot_of[upper] != NO_SLOT) {
            r->slot_of[upper] = (uint8_t)slots;
            r->ranges[slots][0] = upper << 16;
            r->ranges[slots++][1] = upper << 16 | 0xFFFF;
        }
    }
    r->stage = LOWER;
    r->lower_size = (size_t)slots * HALF * sizeof(uint32_t);
    bool done = true;
    for (unsigned i = 0; i < r->threads; i++) {
        r->workers[i].counted = 0;
        r->workers[i].lower = ql_pages_new(r->lower_size);
        done = done && r->workers[i].lower;
    }
    if (r->total > FULL) {
        r->spilled = ql_pages_new(2 * r->lower_size);
        done = done && r->spilled;
    }
    return done ? QL_OK : ql_fail_memory(error, (r->threads + 2) * r->lower_size);
}

/* How many values have this key, whose upper half has a slot. */
static uint64_t count_of(const ql_ranks *r, unsigned slot, uint32_t low)
{
    uint64_t count = r->spilled ? r->spilled[(size_t)slot * HALF + low] : 0;
    for (unsigned i = 0; i < r->threads; i++) {
        count += r->workers[i].lower[(size_t)slot * HALF + low];
    }
    return count;
}

/* How many have the lower halves [begin, end). */
static uint64_t count_range(const ql_ranks *r, unsigned slot, uint32_t begin, uint32_t end)
{
    uint64_t count = 0;
    for (unsigned i = 0; i < r->threads; i++) {
        const uint32_t *lower = r->workers[i].lower + (size_t)slot * HALF;
        for (uint32_t low = begin; low < end; low++) {
            count += lower[low];
        }
    }
    for (uint32_t low = begin; r->spilled && low < end; low++) {
        count += r->spilled[(size_t)slot * HALF + low];
    }
    return count;
}

/* False when the lower halves are not as many as the upper ones promised: the values changed. */
static bool find_lower(ql_ranks *r)
{
    for (unsigned slot = 0; slot < r->range_count; slot++) {
        if (count_range(r, slot, 0, HALF) != r->upper[r->ranges[slot][0] >> 16]) {
            return false;
        }
    }
    for (unsigned i = 0; i < r->wanted_count; i++) {
        uint64_t rank = r->wanted[i], count;
        const uint32_t upper = upper_of_all(r, &rank);
        uint32_t low = 0;
        while (low + 1 < HALF && rank >= (count = count_of(r, r->slot_of[upper], low))) {
            rank -= count;
            low++;
        }
        r->value[i] = ql_value_of_key(r->order, upper << 16 | low);
    }
    return true;
}

ql_status ql_ranks_advance(ql_ranks *r, bool *done, ql_error *error)
{
    *done = true;
    if (r->stage == LOWER) {
        return find_lower(r) ? QL_OK : fail_changed(error);
    }
    if (r->stage == KEEPING) {
        if (r->upper == NULL) { /* all values are kept */
            return atomic_load(&r->kept_count) == r->total && find_kept(r) ? QL_OK : fail_changed(error);
        }
        if (find_kept(r)) {
            return QL_OK;
        }
        r->stage = UPPER;
        *done = false;
        return QL_OK;
    }
    *done = false;
    return begin_lower(r, error);
}

double ql_ranks_value(const ql_ranks *r, unsigned index)
{
    return r->value[index];
}

bool ql_ranks_above(const ql_ranks *r, float v, uint64_t *above)
{
    const uint32_t key = ql_key_of(r->order, v), upper = key >> 16;
    *above = 0;
    if (r->stage == KEEPING) {
        const bool has_all = r->upper == NULL;
        for (size_t i = 0; i < r->total && has_all; i++) {
            *above += ql_key_of(r->order, (float)r->kept[i]) > key;
        }
        return has_all;
    }
    if (r->slot_of[upper] == NO_SLOT) {
        return false;
    }
    for (uint32_t k = upper + 1; k < HALF; k++) {
        *above += r->upper[k];
    }
    *above += count_range(r, r->slot_of[upper], key % HALF + 1, HALF);
    return true;
}
