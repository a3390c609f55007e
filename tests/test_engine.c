/* The engine: every chunk once, merges in order, failures and cancels that always come back. */
#include "testing.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/engine.h"
#include "base/error.h"

enum { MOST_CHUNKS = 2000, NEVER = -1 };

static const unsigned thread_counts[] = { 1, 2, 3, 8 };
#define EACH_THREAD_COUNT(t) for (const unsigned *t = thread_counts; t < thread_counts + sizeof thread_counts / sizeof *thread_counts; t++)

/* What a pass did. */
typedef struct record {
    uint64_t chunk_count;
    unsigned threads;
    int64_t fail_from;       /* chunks from here on fail */
    atomic_uint worked[MOST_CHUNKS];
    unsigned worker_of[MOST_CHUNKS];
    uint64_t merged;         /* how many; they come in order */
    atomic_bool merging;

    int64_t cancel_at;       /* the tick that says stop, counted from 0 */
    atomic_bool cancelled;
    atomic_uint late;        /* chunks begun after that */
    int64_t ticks;
    uint64_t last_done, total;
    atomic_bool ticking;
    bool fell;
} record;

static record *new_record(unsigned threads, uint64_t chunk_count)
{
    record *r = calloc(1, sizeof *r);
    assert_non_null(r);
    assert_in_range(chunk_count, 0, MOST_CHUNKS);
    r->threads = threads;
    r->chunk_count = chunk_count;
    r->fail_from = r->cancel_at = NEVER;
    return r;
}

static ql_status work(void *context, unsigned worker, uint64_t chunk, ql_error *error)
{
    record *r = context;
    if (worker >= r->threads || chunk >= r->chunk_count)
        return ql_fail(error, QL_BAD_USAGE, "worker %u or chunk %u is out of range", worker, (unsigned)chunk);
    if (atomic_load(&r->cancelled))
        atomic_fetch_add(&r->late, 1);
    atomic_fetch_add(&r->worked[chunk], 1);
    r->worker_of[chunk] = worker;
    if (chunk % 3 == 0)
        sched_yield(); /* so that chunks end out of order */
    if (r->fail_from >= 0 && chunk >= (uint64_t)r->fail_from)
        return ql_fail(error, QL_BAD_FILE, "chunk %u", (unsigned)chunk);
    return QL_OK;
}

/* Failures of the rules are seen by the test because the count of merges stops. */
static void merge(void *context, unsigned worker, uint64_t chunk)
{
    record *r = context;
    bool alone = !atomic_exchange(&r->merging, true);
    if (alone && chunk == r->merged && r->worker_of[chunk] == worker && atomic_load(&r->worked[chunk]) == 1)
        r->merged++;
    atomic_store(&r->merging, false);
}

static bool tick(void *context, uint64_t done, uint64_t total)
{
    record *r = context;
    r->fell |= atomic_exchange(&r->ticking, true) || done < r->last_done || done > total;
    r->last_done = done;
    r->total = total;
    bool go_on = r->cancel_at == NEVER || r->ticks < r->cancel_at;
    r->ticks++;
    if (!go_on)
        atomic_store(&r->cancelled, true);
    atomic_store(&r->ticking, false);
    return go_on;
}

static ql_status run(ql_engine *engine, record *r, ql_error *error)
{
    ql_monitor monitor = { tick, r };
    ql_pass pass = {
        .chunk_count = r->chunk_count,
        .work = work,
        .merge = merge,
        .context = r,
        .monitor = &monitor,
        .done_before = 1000,
        .elements = r->chunk_count * QL_CHUNK,
        .total = 1000 + r->chunk_count * QL_CHUNK,
    };
    return ql_parallel(engine, &pass, error);
}

static ql_engine *new_engine(unsigned threads)
{
    ql_engine *engine;
    ql_error error;
    if (ql_engine_new(threads, &engine, &error) != QL_OK)
        fail_msg("%s", error.message);
    return engine;
}

static void every_chunk_is_worked_and_merged_once_and_in_order(void **state)
{
    (void)state;
    EACH_THREAD_COUNT(threads) {
        ql_engine *engine = new_engine(*threads);
        assert_int_equal(ql_engine_threads(engine), *threads);
        for (uint64_t count = 0; count < 40; count += 1 + count / 8) {
            record *r = new_record(*threads, count);
            assert_int_equal(run(engine, r, NULL), QL_OK);
            for (uint64_t i = 0; i < count; i++)
                assert_int_equal(r->worked[i], 1);
            assert_int_equal(r->merged, count);
            free(r);
        }
        ql_engine_free(&engine);
        assert_null(engine);
    }
}

static void a_pass_without_chunks_is_over_at_once(void **state)
{
    (void)state;
    EACH_THREAD_COUNT(threads) {
        ql_engine *engine = new_engine(*threads);
        record *r = new_record(*threads, 0);
        for (int i = 0; i < 100; i++)
            assert_int_equal(run(engine, r, NULL), QL_OK);
        assert_int_equal(r->ticks, 0);
        free(r);
        ql_engine_free(&engine);
    }
}

static void progress_never_falls_and_ends_at_the_end_of_the_pass(void **state)
{
    (void)state;
    EACH_THREAD_COUNT(threads) {
        ql_engine *engine = new_engine(*threads);
        record *r = new_record(*threads, 777);
        assert_int_equal(run(engine, r, NULL), QL_OK);
        assert_false(r->fell);
        assert_int_equal(r->ticks, 777);
        assert_int_equal(r->last_done, 1000 + 777 * QL_CHUNK);
        assert_int_equal(r->total, 1000 + 777 * QL_CHUNK);
        free(r);
        ql_engine_free(&engine);
    }
}

/* Chunks are handed out in order, so the first of the failing ones always runs. */
static void the_first_failing_chunk_gives_status_and_message(void **state)
{
    (void)state;
    EACH_THREAD_COUNT(threads) {
        ql_engine *engine = new_engine(*threads);
        for (unsigned repetition = 0; repetition < 600; repetition++) {
            record *r = new_record(*threads, 50);
            r->fail_from = repetition % 50;
            ql_error error = { 0 };
            char want[32];
            snprintf(want, sizeof want, "chunk %u", repetition % 50);
            assert_int_equal(run(engine, r, &error), QL_BAD_FILE);
            assert_int_equal(error.status, QL_BAD_FILE);
            assert_string_equal(error.message, want);
            assert_true(r->merged <= repetition % 50);
            free(r);
        }
        ql_engine_free(&engine);
    }
}

static void a_failure_needs_no_place_for_its_message(void **state)
{
    (void)state;
    ql_engine *engine = new_engine(2);
    record *r = new_record(2, 5);
    r->fail_from = 2;
    assert_int_equal(run(engine, r, NULL), QL_BAD_FILE);
    free(r);
    ql_engine_free(&engine);
}

static void an_engine_works_again_after_a_failure(void **state)
{
    (void)state;
    EACH_THREAD_COUNT(threads) {
        ql_engine *engine = new_engine(*threads);
        for (int i = 0; i < 100; i++) {
            record *bad = new_record(*threads, 20), *good = new_record(*threads, 20);
            bad->fail_from = i % 20;
            assert_int_equal(run(engine, bad, NULL), QL_BAD_FILE);
            assert_int_equal(run(engine, good, NULL), QL_OK);
            assert_int_equal(good->merged, 20);
            free(bad);
            free(good);
        }
        ql_engine_free(&engine);
    }
}

/* At most the chunks that were already handed out are begun after the monitor said stop. */
static void a_cancel_ends_the_pass_and_begins_nothing_more(void **state)
{
    (void)state;
    EACH_THREAD_COUNT(threads) {
        ql_engine *engine = new_engine(*threads);
        for (int repetition = 0; repetition < 1000; repetition++) {
            record *r = new_record(*threads, MOST_CHUNKS);
            r->cancel_at = repetition % 37;
            ql_error error = { 0 };
            assert_int_equal(run(engine, r, &error), QL_CANCELLED);
            assert_int_equal(error.status, QL_CANCELLED);
            assert_int_equal(r->ticks, r->cancel_at + 1); /* nobody asks a monitor twice */
            assert_true(r->late < *threads);
            assert_int_equal(r->merged, r->cancel_at + 1);
            free(r);
        }
        ql_engine_free(&engine);
    }
}

static void a_cancel_at_the_last_chunk_still_counts(void **state)
{
    (void)state;
    ql_engine *engine = new_engine(3);
    record *r = new_record(3, 9);
    r->cancel_at = 8;
    assert_int_equal(run(engine, r, NULL), QL_CANCELLED);
    free(r);
    ql_engine_free(&engine);
}

static void a_pass_needs_neither_merge_nor_monitor(void **state)
{
    (void)state;
    ql_engine *engine = new_engine(3);
    record *r = new_record(3, 100);
    ql_pass pass = { .chunk_count = 100, .work = work, .context = r };
    assert_int_equal(ql_parallel(engine, &pass, NULL), QL_OK);
    for (int i = 0; i < 100; i++)
        assert_int_equal(r->worked[i], 1);
    free(r);
    ql_engine_free(&engine);
}

static void scratch_is_aligned_kept_and_each_workers_own(void **state)
{
    (void)state;
    ql_engine *engine = new_engine(3);
    unsigned char *memory[3];
    for (unsigned worker = 0; worker < 3; worker++) {
        memory[worker] = ql_engine_scratch(engine, worker, 1000);
        assert_non_null(memory[worker]);
        assert_int_equal((uintptr_t)memory[worker] % 64, 0);
        memset(memory[worker], (int)worker + 1, 1000);
    }
    for (unsigned worker = 0; worker < 3; worker++) {
        assert_ptr_equal(ql_engine_scratch(engine, worker, 0), memory[worker]);
        assert_ptr_equal(ql_engine_scratch(engine, worker, 500), memory[worker]);
        for (int i = 0; i < 1000; i++)
            assert_int_equal(memory[worker][i], worker + 1);
    }
    unsigned char *larger = ql_engine_scratch(engine, 1, 5 << 20);
    assert_non_null(larger);
    memset(larger, 9, 5 << 20);
    assert_int_equal(memory[0][999] + memory[2][999], 4);
    ql_engine_free(&engine);
}

static void scratch_that_no_machine_has_is_null_and_no_harm(void **state)
{
    (void)state;
    ql_engine *engine = new_engine(1);
    assert_null(ql_engine_scratch(engine, 0, SIZE_MAX));
    assert_non_null(ql_engine_scratch(engine, 0, 10));
    ql_engine_free(&engine);
}

static void zero_threads_means_as_many_as_there_are_cores(void **state)
{
    (void)state;
    ql_engine *engine = new_engine(0);
    assert_true(ql_engine_threads(engine) >= 1);
    ql_engine_free(&engine);
    ql_engine_free(&engine); /* NULL is fine */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_chunk_is_worked_and_merged_once_and_in_order),
        cmocka_unit_test(a_pass_without_chunks_is_over_at_once),
        cmocka_unit_test(progress_never_falls_and_ends_at_the_end_of_the_pass),
        cmocka_unit_test(the_first_failing_chunk_gives_status_and_message),
        cmocka_unit_test(a_failure_needs_no_place_for_its_message),
        cmocka_unit_test(an_engine_works_again_after_a_failure),
        cmocka_unit_test(a_cancel_ends_the_pass_and_begins_nothing_more),
        cmocka_unit_test(a_cancel_at_the_last_chunk_still_counts),
        cmocka_unit_test(a_pass_needs_neither_merge_nor_monitor),
        cmocka_unit_test(scratch_is_aligned_kept_and_each_workers_own),
        cmocka_unit_test(scratch_that_no_machine_has_is_null_and_no_harm),
        cmocka_unit_test(zero_threads_means_as_many_as_there_are_cores),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
