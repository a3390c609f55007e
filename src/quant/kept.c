/* What is kept of a tensor: see kept.h. */
#include "quant/kept.h"

#include "quant/calibrate.h"
#include "quant/fine.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 8 };

/* Ranges in a list, the last used first. */
typedef struct entry {
    ql_ranges ranges; /* the first member: what is handed out */
    struct entry *next;
    unsigned users;
    bool is_old; /* no longer in the list: goes with its last user */
} entry;

struct ql_kept {
    pthread_mutex_t lock;
    entry *newest;
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

static void free_entry(entry *e)
{
    free(e->ranges.lo);
    free(e);
}

void ql_kept_free(ql_kept **kept)
{
    ql_kept *k = *kept;
    if (k) {
        pthread_mutex_destroy(&k->lock);
        for (entry *e = k->newest, *next; e; e = next) {
            next = e->next;
            free_entry(e);
        }
        ql_fine_free(&k->fine);
        free(k->magnitudes);
        free(k);
        *kept = NULL;
    }
}

static bool are_alike(const ql_ranges *a, const ql_ranges *b)
{
    return a->groups.per == b->groups.per && a->groups.block == b->groups.block &&
           a->groups.tile_cols == b->groups.tile_cols && a->groups.count == b->groups.count &&
           a->calibrator == b->calibrator && a->magnitudes == b->magnitudes && a->p_lo == b->p_lo && a->p_hi == b->p_hi;
}

/* Lets go of what is too much behind the newest one. */
static void forget_old(ql_kept *kept)
{
    const uint64_t room = kept->newest->ranges.groups.elements / 8; /* groups, of 16 bytes each */
    uint64_t groups = kept->newest->ranges.groups.count;
    unsigned count = 1;
    for (entry **at = &kept->newest->next; *at;) {
        entry *e = *at;
        groups += e->ranges.groups.count;
        if (++count <= MOST && groups <= room) {
            at = &e->next;
            continue;
        }
        *at = e->next;
        e->is_old = true;
        if (e->users == 0) {
            free_entry(e);
        }
    }
}

const ql_ranges *ql_kept_ranges(ql_kept *kept, const ql_ranges *wanted)
{
    pthread_mutex_lock(&kept->lock);
    entry **at = &kept->newest;
    while (*at && !are_alike(&(*at)->ranges, wanted)) {
        at = &(*at)->next;
    }
    entry *found = *at;
    if (found) {
        *at = found->next;
        found->next = kept->newest;
        kept->newest = found;
        found->users++;
    }
    pthread_mutex_unlock(&kept->lock);
    return found ? &found->ranges : NULL;
}

/* Of groups that follow each other in rows of W: how many elements each has; 0: they are none, or not all alike. */
static uint64_t run_of(const ql_groups *g)
{
    return g->per == QL_PER_ROW ? g->cols : g->per == QL_PER_BLOCK && g->cols % g->block == 0 ? g->block : 0;
}

static bool are_parts(const ql_ranges *small, const ql_ranges *large)
{
    const uint64_t part = run_of(&small->groups), whole = run_of(&large->groups);
    return small->calibrator == large->calibrator && part && whole > part && whole % part == 0;
}

bool ql_kept_join_ranges(ql_kept *kept, const ql_ranges *wanted)
{
    if (!wanted->calibrator->joins) {
        return false;
    }
    pthread_mutex_lock(&kept->lock);
    const entry *e = kept->newest;
    while (e && !are_parts(&e->ranges, wanted)) {
        e = e->next;
    }
    const uint64_t parts = e ? e->ranges.groups.count / wanted->groups.count : 0;
    for (uint64_t group = 0; e && group < wanted->groups.count; group++) {
        const double *lo = e->ranges.lo + group * parts, *hi = e->ranges.hi + group * parts;
        double least = lo[0], greatest = hi[0];
        for (uint64_t i = 1; i < parts; i++) {
            least = lo[i] < least ? lo[i] : least;
            greatest = hi[i] > greatest ? hi[i] : greatest;
        }
        wanted->lo[group] = least;
        wanted->hi[group] = greatest;
    }
    pthread_mutex_unlock(&kept->lock);
    return e != NULL;
}

const ql_ranges *ql_kept_give_ranges(ql_kept *kept, const ql_ranges *found)
{
    entry *e = malloc(sizeof *e);
    if (!e) {
        return NULL;
    }
    pthread_mutex_lock(&kept->lock);
    *e = (entry) { .ranges = *found, .next = kept->newest, .users = 1 };
    kept->newest = e;
    forget_old(kept);
    pthread_mutex_unlock(&kept->lock);
    return &e->ranges;
}

void ql_kept_return_ranges(ql_kept *kept, const ql_ranges *ranges)
{
    pthread_mutex_lock(&kept->lock);
    entry *e = (entry *)ranges; /* its first member */
    if (--e->users == 0 && e->is_old) {
        free_entry(e);
    }
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
