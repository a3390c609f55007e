/*
 * The engine: a pool of threads with scratch memory that is allocated once and reused by every pass.
 *
 * ql_parallel splits a pass into chunks. Chunks are handed out in order; `work` runs on any thread; `merge`, when given, is
 * called in the order of the chunks, by one thread at a time, right after work(chunk) on the same worker. So floating-point
 * sums that are added in `merge` are the same for every number of threads.
 */
#ifndef QL_BASE_ENGINE_H
#define QL_BASE_ENGINE_H

#include "qloupe.h"

enum { QL_CHUNK = 65536 }; /* elements; a multiple of the 16 lanes of a sum */

typedef struct ql_pass {
    uint64_t chunk_count;
    ql_status (*work)(void *context, unsigned worker, uint64_t chunk, ql_error *error);
    void (*merge)(void *context, unsigned worker, uint64_t chunk); /* NULL: nothing to merge in order */
    void *context;
    const ql_monitor *monitor; /* NULL: no progress and no cancel */
    uint64_t done_before;      /* elements of earlier passes, for the monitor */
    uint64_t elements, total;  /* elements of this pass and of all passes */
} ql_pass;

/* Runs the pass. The first failing chunk (lowest number among those that ran) gives the status and message. */
ql_status ql_parallel(ql_engine *engine, const ql_pass *pass, ql_error *error);

/* Scratch memory of one worker, at least byte_count, aligned to 64, contents undefined; valid until the next larger call for
   the same worker. NULL when memory is short. Set up before a pass with the size; in the pass a worker asks with size 0 for
   what it has. */
void *ql_engine_scratch(ql_engine *engine, unsigned worker, size_t byte_count);

#endif
