/*
 * How fast the kernels are: over one tile of 4096 elements that stays in the first level of cache, and over 64 MiB of input
 * that comes from memory, tile by tile, the other arrays staying where they are. Gigabytes are of the first input; the share
 * is that of reading it and adding it up.
 */
#include "checks.h"
#include "primitives.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { STREAM = 64 << 20, REPEAT = 5, TILE_RUNS = 9 };

static unsigned char *stream; /* also room for the blocks at its end that are cut off */
static double read_bandwidth; /* bytes a nanosecond */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Nothing shorter than this is timed. */
static const double shortest = 2e5;

static int32_t sum_plain(const int32_t *v, size_t n)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += (uint32_t)v[i];
    }
    return (int32_t)sum;
}

static double time_sum(int32_t (*sum)(const int32_t *v, size_t n))
{
    static volatile int32_t sink;
    double best = 1e30;
    for (int repeat = 0; repeat < 2 * REPEAT; repeat++) {
        const double start = now();
        sink = sum((const int32_t *)(const void *)stream, STREAM / sizeof(int32_t));
        const double took = now() - start;
        best = took < best ? took : best;
    }
    (void)sink;
    return best;
}

/* With the instruction set that reads the fastest. */
static double time_reading(void)
{
    double best = time_sum(sum_plain);
    ql_isa_info info;
    for (size_t i = 0; ql_isa_at(i, &info); i++) {
        const primitive_set *set = info.runs_here ? primitives_of(info.name) : NULL;
        const double took = set ? time_sum(set->sum) : best;
        best = took < best ? took : best;
    }
    return best;
}

void bench_header(void)
{
    stream = aligned_alloc(2 << 20, STREAM);
    if (!stream) {
        perror("check_kernels");
        exit(1);
    }
    madvise(stream, STREAM, MADV_HUGEPAGE);
    memset(stream, 1, STREAM);
    read_bandwidth = STREAM / time_reading();
    printf("reading 64 MiB: %.1f GB/s\n\n%-32s %-7s %9s %9s   %9s %9s %8s\n%-32s %-7s %9s %9s   %9s %9s %8s\n",
           read_bandwidth, "", "", "tile", "", "64 MiB", "", "of", "kernel", "isa", "ns/elem", "GB/s", "ns/elem", "GB/s",
           "reading");
}

static double time_tile(const kernel_check *check, const ql_kernels *k, const job *j, outputs *o)
{
    double best = 1e30;
    for (int run = 0; run < TILE_RUNS; run++) {
        double took = 0;
        size_t times = 0;
        const double start = now();
        for (; took < shortest; times++) {
            outputs_begin(o, 0);
            check->run(k, j, o);
            took = now() - start;
        }
        best = took / (double)times < best ? took / (double)times : best;
    }
    return best;
}

static double time_stream(const kernel_check *check, const ql_kernels *k, job *j, outputs *o, size_t tiles)
{
    double best = 1e30;
    for (int repeat = 0; repeat < REPEAT; repeat++) {
        const double start = now();
        for (size_t t = 0; t < tiles; t++) {
            j->in = stream + t * j->n * check->unit_bytes;
            outputs_begin(o, 0);
            check->run(k, j, o);
        }
        const double took = now() - start;
        best = took < best ? took : best;
    }
    return best;
}

void bench(const kernel_check *check, const char *isa)
{
    static float y[TILE], steps[TILE];
    static int32_t zeros[TILE];
    static outputs o;
    if (!o.timing) {
        o = outputs_new();
        o.timing = true;
    }
    const size_t elements = check->elements ? check->elements : 1, tile_bytes = TILE / elements * check->unit_bytes,
                 tiles = STREAM / tile_bytes;
    job j = { .draws = 1,
              .ordinary = true,
              .n = TILE / elements,
              .more = TILE,
              .in = stream,
              .y = y,
              .steps = steps,
              .zeros = zeros };
    check->prepare(&j);
    for (size_t t = 1; t < tiles; t++) {
        memcpy(stream + t * tile_bytes, stream, tile_bytes);
    }
    ql_isa_info info;
    for (size_t i = 0; ql_isa_at(i, &info); i++) {
        if (!info.runs_here || (isa && strcmp(isa, info.name) != 0)) {
            continue;
        }
        j.in = stream;
        const double tile = time_tile(check, ql_kernels_at(i), &j, &o) / TILE;
        const double all = time_stream(check, ql_kernels_at(i), &j, &o, tiles) / (double)(tiles * TILE);
        const double bytes = (double)check->unit_bytes / (double)elements;
        printf("%-32s %-7s %9.3f %9.1f   %9.3f %9.1f %7.0f%%\n", check->name, info.name, tile, bytes / tile, all,
               bytes / all, 100 * bytes / all / read_bandwidth);
    }
}
