/*
 * A measure: one report, shared by the worker that made it and the screen that shows it, and a cache of them, so that going
 * back to a spec or tensor needs no work.
 */
#ifndef TUI_MEASURE_H
#define TUI_MEASURE_H

#include "tui/inputs.h"
#include "tui/spread.h"

typedef struct tui_measure tui_measure;
struct tui_measure {
    size_t tensor;           /* index in the model */
    const ql_report *report; /* immutable */
    bool is_sampled;         /* it is an estimate from some of the weights, until the exact one is there; immutable */
    tui_spread rows;         /* of its row_mse; immutable */
    bool has_why;            /* this and what follows belong to the thread of the screen */
    ql_why why;
    tui_inputs *inputs; /* one reference: those of `product`; NULL: it was not found yet */
    double product;     /* error of the product; NAN: there is none */
};

/* Takes over *report (also on failure, NULL) with one reference. */
tui_measure *tui_measure_new(size_t tensor, ql_report **report);
tui_measure *tui_measure_retain(tui_measure *measure);
void tui_measure_release(tui_measure **measure); /* accepts NULL, leaves NULL; the last one frees */

/* True when the measure is of this tensor and spec (in canonical form), exact or not. NULL is of none. */
bool tui_measure_is_about(const tui_measure *measure, size_t tensor, const char *spec_text);

/* The same, and it is exact. */
bool tui_measure_is(const tui_measure *measure, size_t tensor, const char *spec_text);

/* The measures used last, newest first. One thread. */
enum { TUI_CACHE_SIZE = 128 };
typedef struct tui_cache {
    tui_measure *entries[TUI_CACHE_SIZE]; /* one reference each */
    size_t count;
} tui_cache;

void tui_cache_add(tui_cache *cache, tui_measure *measure);   /* retains; the oldest go when they are too many or too big */
void tui_cache_offer(tui_cache *cache, tui_measure *measure); /* the same, as the oldest, if there is room */
tui_measure *tui_cache_find(tui_cache *cache, size_t tensor, const char *spec_text); /* borrowed; NULL */
void tui_cache_free(tui_cache *cache);

#endif
