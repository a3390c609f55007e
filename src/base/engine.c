/*
 * The engine: see engine.h.
 *
 * The caller is worker 0; the pool's threads are workers 1 .. threads - 1. A worker takes the next chunk number and works; when
 * there is something to merge it waits until it is its turn, merges, and passes the turn on. The worker that holds the lowest
 * unmerged chunk never waits, so a pass always ends. After a failure or a cancel every worker leaves at its next step.
 *
 * A pass may last less than it takes to wake a thread. So whoever waits looks for a while before it sleeps, where every worker
 * has a processor; and a thread that comes when all chunks are taken is not waited for.
 */
#include "base/engine.h"

#include "base/error.h"
#include "base/pages.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_THREADS = 256, LOOKS = 2000 /* some 50 to 100 us */ };

typedef struct scratch {
    void *memory;
    size_t size;
} scratch;

struct ql_engine {
    unsigned threads, started; /* started: pool threads that exist, threads - 1 at most */
    unsigned looks;            /* at what is waited for, before a worker sleeps */
    pthread_t pool[MAX_THREADS];
    scratch scratch[MAX_THREADS];

    pthread_mutex_t lock;
    pthread_cond_t wake; /* a pass began, or quit */
    pthread_cond_t left; /* a worker left the pass */
    pthread_cond_t turn; /* the turn to merge moved on, or the pass stopped */
    atomic_bool quit;
    atomic_ullong pass_number; /* grows by one per pass that is for all */

    const ql_pass *pass;      /* under the lock: NULL when nobody may enter any more */
    atomic_uint inside;       /* pool workers in the pass */
    atomic_uint sleepers;     /* that wait for their turn */
    atomic_ullong next_chunk; /* to hand out */
    atomic_ullong next_merge; /* whose turn it is */
    uint64_t done;            /* under the lock: chunks, where nothing is merged */
    atomic_bool stopped;
    uint64_t failed_chunk;
    ql_status status;
    ql_error error;
};

static void look_again(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

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

/* Progress after `done` chunks, by one worker at a time; false when the monitor says stop. */
static bool go_on(const ql_pass *pass, uint64_t done)
{
    if (!pass->monitor || !pass->monitor->tick) {
        return true;
    }
    uint64_t elements = pass->elements;
    if (done < pass->chunk_count) {
        elements = (uint64_t)((double)pass->elements * ((double)done / (double)pass->chunk_count));
    }
    return pass->monitor->tick(pass->monitor->context, pass->done_before + elements, pass->total);
}

static void cancel(ql_engine *engine, uint64_t chunk)
{
    ql_error error;
    ql_fail(&error, QL_CANCELLED, "cancelled");
    stop(engine, chunk, QL_CANCELLED, &error);
}

/* False when the pass has stopped. */
static bool wait_for_turn(ql_engine *engine, uint64_t chunk)
{
    for (unsigned i = 0; i < engine->looks; i++) {
        if (atomic_load(&engine->next_merge) == chunk || atomic_load(&engine->stopped)) {
            return !atomic_load(&engine->stopped);
        }
        look_again();
    }
    pthread_mutex_lock(&engine->lock);
    atomic_fetch_add(&engine->sleepers, 1);
    while (atomic_load(&engine->next_merge) != chunk && !atomic_load(&engine->stopped)) {
        pthread_cond_wait(&engine->turn, &engine->lock);
    }
    atomic_fetch_sub(&engine->sleepers, 1);
    pthread_mutex_unlock(&engine->lock);
    return !atomic_load(&engine->stopped);
}

static void pass_turn_on(ql_engine *engine, uint64_t chunk)
{
    atomic_store(&engine->next_merge, chunk + 1);
    if (atomic_load(&engine->sleepers)) {
        pthread_mutex_lock(&engine->lock);
        pthread_cond_broadcast(&engine->turn);
        pthread_mutex_unlock(&engine->lock);
    }
}

static void end_in_turn(ql_engine *engine, const ql_pass *pass, unsigned worker, uint64_t chunk)
{
    if (!wait_for_turn(engine, chunk)) {
        return;
    }
    pass->merge(pass->context, worker, chunk); /* nobody else merges now, so no lock is needed */
    if (go_on(pass, chunk + 1)) {
        pass_turn_on(engine, chunk);
    } else {
        pthread_mutex_lock(&engine->lock);
        cancel(engine, chunk);
        pthread_mutex_unlock(&engine->lock);
    }
}

static void end_at_once(ql_engine *engine, const ql_pass *pass, uint64_t chunk)
{
    if (!pass->monitor) {
        return;
    }
    pthread_mutex_lock(&engine->lock);
    if (!atomic_load(&engine->stopped) && !go_on(pass, ++engine->done)) {
        cancel(engine, chunk);
    }
    pthread_mutex_unlock(&engine->lock);
}

static void run_chunks(ql_engine *engine, const ql_pass *pass, unsigned worker)
{
    while (!atomic_load(&engine->stopped)) {
        const uint64_t chunk = atomic_fetch_add(&engine->next_chunk, 1);
        if (chunk >= pass->chunk_count) {
            return;
        }
        ql_error error = { 0 };
        const ql_status status = pass->work(pass->context, worker, chunk, &error);
        if (status != QL_OK) {
            pthread_mutex_lock(&engine->lock);
            stop(engine, chunk, status, &error);
            pthread_mutex_unlock(&engine->lock);
        } else if (pass->merge) {
            end_in_turn(engine, pass, worker, chunk);
        } else {
            end_at_once(engine, pass, chunk);
        }
    }
}

typedef struct start {
    ql_engine *engine;
    unsigned worker;
} start;

/* Until there is another pass than number `seen`; under the lock when it returns. */
static void wait_for_pass(ql_engine *engine, uint64_t seen)
{
    for (unsigned i = 0; i < engine->looks && atomic_load(&engine->pass_number) == seen && !atomic_load(&engine->quit);
         i++) {
        look_again();
    }
    pthread_mutex_lock(&engine->lock);
    while (atomic_load(&engine->pass_number) == seen && !atomic_load(&engine->quit)) {
        pthread_cond_wait(&engine->wake, &engine->lock);
    }
}

static void *pool_thread(void *argument)
{
    const start begin = *(start *)argument;
    free(argument);
    ql_engine *engine = begin.engine;
    uint64_t seen = 0;
    for (;;) {
        wait_for_pass(engine, seen);
        seen = atomic_load(&engine->pass_number);
        const ql_pass *pass = engine->pass;
        const bool quit = atomic_load(&engine->quit);
        atomic_fetch_add(&engine->inside, pass && !quit);
        pthread_mutex_unlock(&engine->lock);
        if (quit) {
            return NULL;
        }
        if (pass) {
            run_chunks(engine, pass, begin.worker);
            pthread_mutex_lock(&engine->lock);
            atomic_fetch_sub(&engine->inside, 1);
            pthread_cond_signal(&engine->left);
            pthread_mutex_unlock(&engine->lock);
        }
    }
}

ql_status ql_parallel(ql_engine *engine, const ql_pass *pass, ql_error *error)
{
    const bool alone = pass->chunk_count < 2; /* waking the others would take longer than the work */
    pthread_mutex_lock(&engine->lock);
    atomic_store(&engine->next_chunk, 0);
    atomic_store(&engine->next_merge, 0);
    engine->done = 0;
    engine->status = QL_OK;
    atomic_store(&engine->stopped, false);
    if (!alone) {
        engine->pass = pass;
        atomic_fetch_add(&engine->pass_number, 1);
        pthread_cond_broadcast(&engine->wake);
    }
    pthread_mutex_unlock(&engine->lock);

    run_chunks(engine, pass, 0);

    pthread_mutex_lock(&engine->lock);
    engine->pass = NULL;
    pthread_mutex_unlock(&engine->lock);
    for (unsigned i = 0; i < engine->looks && atomic_load(&engine->inside); i++) {
        look_again();
    }
    pthread_mutex_lock(&engine->lock);
    while (atomic_load(&engine->inside)) {
        pthread_cond_wait(&engine->left, &engine->lock);
    }
    const ql_status status = engine->status;
    if (status != QL_OK && error) {
        *error = engine->error;
    }
    pthread_mutex_unlock(&engine->lock);
    return status;
}

/* Processors that this process may use. */
static unsigned processors(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) {
        return (unsigned)CPU_COUNT(&set);
    }
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (unsigned)online : 1;
}

ql_status ql_engine_new(unsigned threads, ql_engine **out, ql_error *error)
{
    const unsigned here = processors();
    threads = threads > 0 ? threads : here;
    ql_engine *engine = calloc(1, sizeof *engine);
    if (!engine) {
        return ql_fail_memory(error, sizeof *engine);
    }
    engine->threads = threads < MAX_THREADS ? threads : MAX_THREADS;
    engine->looks = engine->threads <= here ? LOOKS : 0;
    pthread_mutex_init(&engine->lock, NULL);
    pthread_cond_init(&engine->wake, NULL);
    pthread_cond_init(&engine->left, NULL);
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
    atomic_store(&e->quit, true);
    pthread_cond_broadcast(&e->wake);
    pthread_mutex_unlock(&e->lock);
    for (unsigned i = 0; i < e->started; i++) {
        pthread_join(e->pool[i], NULL);
    }
    for (unsigned i = 0; i < e->threads; i++) {
        ql_pages_free(e->scratch[i].memory, e->scratch[i].size);
    }
    pthread_cond_destroy(&e->turn);
    pthread_cond_destroy(&e->left);
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
    ql_pages_need(&s->memory, &s->size, byte_count);
    return s->memory;
}
