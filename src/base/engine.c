/*
 * The engine: see engine.h.
 *
 * The caller is worker 0; the pool's threads are workers 1 .. threads - 1 and sleep between passes. A worker takes the next
 * chunk number, works, waits until it is its turn to merge, merges, and passes the turn on. The worker that holds the lowest
 * unmerged chunk never waits, so a pass always ends. After a failure or a cancel every worker leaves at its next step.
 */
#include "base/engine.h"

#include "base/error.h"
#include "base/pages.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_THREADS = 256 };

typedef struct scratch {
    void *memory;
    size_t size;
} scratch;

struct ql_engine {
    unsigned threads, started; /* started: pool threads that exist, threads - 1 at most */
    pthread_t pool[MAX_THREADS];
    scratch scratch[MAX_THREADS];

    pthread_mutex_t lock;
    pthread_cond_t wake; /* a pass began, or quit */
    pthread_cond_t idle; /* a worker left the pass */
    pthread_cond_t turn; /* the turn to merge moved on, or the pass stopped */
    bool quit;
    uint64_t pass_number; /* grows by one per pass */
    unsigned busy;        /* pool workers still in the pass */

    const ql_pass *pass;
    uint64_t next_chunk; /* to hand out */
    uint64_t next_merge; /* whose turn it is */
    atomic_bool stopped;
    uint64_t failed_chunk;
    ql_status status;
    ql_error error;
};

/* Under the lock: remember the failure of the lowest chunk and end the pass. */
static void stop(ql_engine *engine, uint64_t chunk, ql_status status, const ql_error *error)
{
    if (engine->status == QL_OK || chunk < engine->failed_chunk) {
        engine->status = status;
        engine->error = *error;
        engine->failed_chunk = chunk;
    }
    atomic_store(&engine->stopped, true);
    pthread_cond_broadcast(&engine->turn);
}

/* Under the lock: progress after chunk number `chunk` was merged, and the monitor's answer. */
static void report_progress(ql_engine *engine, const ql_pass *pass, uint64_t chunk)
{
    if (pass->monitor && pass->monitor->tick) {
        uint64_t done = pass->elements;
        if (chunk + 1 < pass->chunk_count) {
            done = (uint64_t)((double)pass->elements * ((double)(chunk + 1) / (double)pass->chunk_count));
        }
        if (!pass->monitor->tick(pass->monitor->context, pass->done_before + done, pass->total)) {
            ql_error error;
            ql_fail(&error, QL_CANCELLED, "cancelled");
            stop(engine, chunk, QL_CANCELLED, &error);
        }
    }
}

static void run_chunks(ql_engine *engine, unsigned worker)
{
    const ql_pass *pass = engine->pass;
    for (;;) {
        pthread_mutex_lock(&engine->lock);
        uint64_t chunk = engine->next_chunk;
        bool over = atomic_load(&engine->stopped) || chunk >= pass->chunk_count;
        engine->next_chunk += !over;
        pthread_mutex_unlock(&engine->lock);
        if (over) {
            return;
        }

        ql_error error = { 0 };
        ql_status status = pass->work(pass->context, worker, chunk, &error);

        pthread_mutex_lock(&engine->lock);
        if (status != QL_OK) {
            stop(engine, chunk, status, &error);
        }
        while (engine->next_merge != chunk && !atomic_load(&engine->stopped)) {
            pthread_cond_wait(&engine->turn, &engine->lock);
        }
        if (!atomic_load(&engine->stopped)) {
            /* It is this worker's turn and nobody else's, so merging needs no lock. */
            pthread_mutex_unlock(&engine->lock);
            if (pass->merge) {
                pass->merge(pass->context, worker, chunk);
            }
            pthread_mutex_lock(&engine->lock);
            engine->next_merge++;
            report_progress(engine, pass, chunk);
            pthread_cond_broadcast(&engine->turn);
        }
        pthread_mutex_unlock(&engine->lock);
    }
}

typedef struct start {
    ql_engine *engine;
    unsigned worker;
} start;

static void *pool_thread(void *argument)
{
    start begin = *(start *)argument;
    free(argument);
    ql_engine *engine = begin.engine;
    uint64_t seen = 0;
    pthread_mutex_lock(&engine->lock);
    for (;;) {
        while (engine->pass_number == seen && !engine->quit) {
            pthread_cond_wait(&engine->wake, &engine->lock);
        }
        if (engine->quit) {
            break;
        }
        seen = engine->pass_number;
        pthread_mutex_unlock(&engine->lock);
        run_chunks(engine, begin.worker);
        pthread_mutex_lock(&engine->lock);
        engine->busy--;
        pthread_cond_signal(&engine->idle);
    }
    pthread_mutex_unlock(&engine->lock);
    return NULL;
}

ql_status ql_parallel(ql_engine *engine, const ql_pass *pass, ql_error *error)
{
    const bool alone = pass->chunk_count < 2; /* waking the others would take longer than the work */
    pthread_mutex_lock(&engine->lock);
    engine->pass = pass;
    engine->next_chunk = engine->next_merge = 0;
    engine->status = QL_OK;
    atomic_store(&engine->stopped, false);
    engine->busy = alone ? 0 : engine->started;
    engine->pass_number += !alone;
    if (!alone) {
        pthread_cond_broadcast(&engine->wake);
    }
    pthread_mutex_unlock(&engine->lock);

    run_chunks(engine, 0);

    pthread_mutex_lock(&engine->lock);
    while (engine->busy) {
        pthread_cond_wait(&engine->idle, &engine->lock);
    }
    ql_status status = engine->status;
    if (status != QL_OK && error) {
        *error = engine->error;
    }
    pthread_mutex_unlock(&engine->lock);
    return status;
}

ql_status ql_engine_new(unsigned threads, ql_engine **out, ql_error *error)
{
    if (threads == 0) {
        long online = sysconf(_SC_NPROCESSORS_ONLN);
        threads = online > 0 ? (unsigned)online : 1;
    }
    ql_engine *engine = calloc(1, sizeof *engine);
    if (!engine) {
        return ql_fail_memory(error, sizeof *engine);
    }
    engine->threads = threads < MAX_THREADS ? threads : MAX_THREADS;
    pthread_mutex_init(&engine->lock, NULL);
    pthread_cond_init(&engine->wake, NULL);
    pthread_cond_init(&engine->idle, NULL);
    pthread_cond_init(&engine->turn, NULL);
    for (unsigned worker = 1; worker < engine->threads; worker++) {
        start *begin = malloc(sizeof *begin);
        if (begin) {
            *begin = (start) { engine, worker };
        }
        if (!begin || pthread_create(&engine->pool[engine->started], NULL, pool_thread, begin) != 0) {
            free(begin);
            ql_engine_free(&engine);
            return ql_fail(error, QL_NO_MEMORY, "cannot start %u threads; use fewer (--threads 1)", threads);
        }
        engine->started++;
    }
    *out = engine;
    return QL_OK;
}

void ql_engine_free(ql_engine **engine)
{
    ql_engine *e = *engine;
    if (!e) {
        return;
    }
    pthread_mutex_lock(&e->lock);
    e->quit = true;
    pthread_cond_broadcast(&e->wake);
    pthread_mutex_unlock(&e->lock);
    for (unsigned i = 0; i < e->started; i++) {
        pthread_join(e->pool[i], NULL);
    }
    for (unsigned i = 0; i < e->threads; i++) {
        ql_pages_free(e->scratch[i].memory, e->scratch[i].size);
    }
    pthread_cond_destroy(&e->turn);
    pthread_cond_destroy(&e->idle);
    pthread_cond_destroy(&e->wake);
    pthread_mutex_destroy(&e->lock);
    free(e);
    *engine = NULL;
}

unsigned ql_engine_threads(const ql_engine *engine)
{
    return engine->threads;
}

void *ql_engine_scratch(ql_engine *engine, unsigned worker, size_t byte_count)
{
    scratch *s = &engine->scratch[worker];
    if (byte_count > s->size) {
        ql_pages_free(s->memory, s->size);
        s->memory = ql_pages_new(byte_count);
        s->size = s->memory ? byte_count : 0;
    }
    return s->memory;
}
