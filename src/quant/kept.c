/* What is kept of a tensor: see kept.h. */
#include "quant/kept.h"

#include "quant/fine.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct ql_kept {
    pthread_mutex_t lock;
    ql_groups groups; /* of the ranges */
    double *ranges;   /* [2][groups.count] least, greatest; NULL: none */
    ql_fine *fine;
    uint64_t *magnitudes;
};

ql_kept *ql_kept_new(void)
{
    ql_kept *kept = calloc(1, sizeof *kept);
    if (kept) {
        pthread_mutex_init(&kept->lock, NULL);
    }
    return kept;
}

void ql_kept_free(ql_kept **kept)
{
    ql_kept *k = *kept;
    if (k) {
        pthread_mutex_destroy(&k->lock);
        free(k->ranges);
        ql_fine_free(&k->fine);
        free(k->magnitudes);
        free(k);
        *kept = NULL;
    }
}

static bool are_same(const ql_groups *a, const ql_groups *b)
{
    return a->per == b->per && a->block == b->block && a->tile_cols == b->tile_cols && a->count == b->count;
}

bool ql_kept_ranges(ql_kept *kept, const ql_groups *groups, double *lo, double *hi)
{
    pthread_mutex_lock(&kept->lock);
    const bool known = kept->ranges && are_same(&kept->groups, groups);
    if (known) {
        memcpy(lo, kept->ranges, groups->count * sizeof *lo);
        memcpy(hi, kept->ranges + groups->count, groups->count * sizeof *hi);
    }
    pthread_mutex_unlock(&kept->lock);
    return known;
}

void ql_kept_give_ranges(ql_kept *kept, const ql_groups *groups, const double *lo, const double *hi)
{
    double *ranges = malloc(2 * groups->count * sizeof *ranges);
    if (!ranges) {
        return;
    }
    memcpy(ranges, lo, groups->count * sizeof *lo);
    memcpy(ranges + groups->count, hi, groups->count * sizeof *hi);
    pthread_mutex_lock(&kept->lock);
    free(kept->ranges);
    kept->ranges = ranges;
    kept->groups = *groups;
    pthread_mutex_unlock(&kept->lock);
}

const ql_fine *ql_kept_fine(ql_kept *kept)
{
    pthread_mutex_lock(&kept->lock);
    const ql_fine *fine = kept->fine;
    pthread_mutex_unlock(&kept->lock);
    return fine;
}

void ql_kept_give_fine(ql_kept *kept, ql_fine *fine)
{
    pthread_mutex_lock(&kept->lock);
    if (kept->fine) {
        ql_fine_free(&fine);
    } else {
        kept->fine = fine;
    }
    pthread_mutex_unlock(&kept->lock);
}

const uint64_t *ql_kept_magnitudes(ql_kept *kept)
{
    pthread_mutex_lock(&kept->lock);
    const uint64_t *magnitudes = kept->magnitudes;
    pthread_mutex_unlock(&kept->lock);
    return magnitudes;
}

void ql_kept_give_magnitudes(ql_kept *kept, const uint64_t *counts, size_t bins)
{
    uint64_t *copy = malloc(bins * sizeof *copy);
    if (!copy) {
        return;
    }
    memcpy(copy, counts, bins * sizeof *copy);
    pthread_mutex_lock(&kept->lock);
    if (kept->magnitudes) {
        free(copy);
    } else {
        kept->magnitudes = copy;
    }
    pthread_mutex_unlock(&kept->lock);
}
