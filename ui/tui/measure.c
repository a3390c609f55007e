/* Counted reports and the cache of those used last. */
#include "tui/measure.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { CACHE_BYTES = 64 << 20 };

typedef struct counted {
    tui_measure measure; /* first: a tui_measure is always the start of one of these */
    atomic_uint references;
    ql_report *report;
} counted;

tui_measure *tui_measure_new(size_t tensor, ql_report **report)
{
    counted *made = calloc(1, sizeof *made);
    if (!made) {
        ql_report_free(report);
        return NULL;
    }
    made->measure.tensor = tensor;
    made->measure.report = made->report = *report;
    made->measure.is_sampled = made->report->sampled > 0;
    tui_spread_make(&made->measure.rows, made->report->row_mse, made->report->row_count);
    atomic_init(&made->references, 1);
    *report = NULL;
    return &made->measure;
}

tui_measure *tui_measure_retain(tui_measure *measure)
{
    if (measure)
        atomic_fetch_add(&((counted *)measure)->references, 1);
    return measure;
}

void tui_measure_release(tui_measure **measure)
{
    counted *held = (counted *)*measure;
    *measure = NULL;
    if (held && atomic_fetch_sub(&held->references, 1) == 1) {
        ql_report_free(&held->report);
        tui_inputs_release(&held->measure.inputs);
        free(held);
    }
}

bool tui_measure_is_about(const tui_measure *measure, size_t tensor, const char *spec_text)
{
    return measure && measure->tensor == tensor && strcmp(measure->report->spec_text, spec_text) == 0;
}

bool tui_measure_is(const tui_measure *measure, size_t tensor, const char *spec_text)
{
    return tui_measure_is_about(measure, tensor, spec_text) && !measure->is_sampled;
}

static uint64_t byte_count(const tui_measure *measure)
{
    const ql_report *r = measure->report;
    const uint64_t group = sizeof(float) + (r->zeros ? sizeof(int32_t) : 0) + (r->scale_codes ? 1 : 0) +
                           (r->block_maxima ? sizeof(float) : 0) + (r->codebook ? r->levels * sizeof(float) : 0) +
                           (r->edges ? (r->levels + 1) * sizeof(double) : 0);
    const uint64_t codes = (uint64_t)(r->code_hi - r->code_lo) + 1, outlier = sizeof(uint64_t) + sizeof(uint16_t);
    return sizeof(counted) + sizeof *r + r->group_count * group + (codes + r->row_count) * sizeof(uint64_t) +
           r->outlier_count * outlier;
}

void tui_cache_add(tui_cache *cache, tui_measure *measure)
{
    if (cache->count == TUI_CACHE_SIZE)
        tui_measure_release(&cache->entries[--cache->count]);
    memmove(cache->entries + 1, cache->entries, cache->count * sizeof cache->entries[0]);
    cache->entries[0] = tui_measure_retain(measure);
    cache->count++;

    uint64_t bytes = 0;
    size_t kept = 0;
    while (kept < cache->count && (kept == 0 || bytes + byte_count(cache->entries[kept]) <= CACHE_BYTES))
        bytes += byte_count(cache->entries[kept++]);
    while (cache->count > kept)
        tui_measure_release(&cache->entries[--cache->count]);
}

void tui_cache_offer(tui_cache *cache, tui_measure *measure)
{
    uint64_t bytes = byte_count(measure);
    for (size_t i = 0; i < cache->count; i++)
        bytes += byte_count(cache->entries[i]);
    if (cache->count < TUI_CACHE_SIZE && bytes <= CACHE_BYTES)
        cache->entries[cache->count++] = tui_measure_retain(measure);
}

tui_measure *tui_cache_find(tui_cache *cache, size_t tensor, const char *spec_text)
{
    for (size_t i = 0; i < cache->count; i++)
        if (tui_measure_is(cache->entries[i], tensor, spec_text))
            return cache->entries[i];
    return NULL;
}

void tui_cache_free(tui_cache *cache)
{
    while (cache->count > 0)
        tui_measure_release(&cache->entries[--cache->count]);
}
