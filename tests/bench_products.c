/*
 * Products of packed operands beside those of OpenBLAS and oneDNN (Debian's libopenblas-dev and libdnnl-dev), which nothing
 * else links.
 *
 *   bench_products [--quick] [--cpu-time]
 *
 * On one thread, then on two. All see the same operands and take turns, so that what else the machine does meets all of them;
 * best of the turns. oneDNN chooses its own layout of W, which is made before, as ours is. Results are compared: sums of codes
 * are equal, those of floats close; exit 1 where they are not. OpenBLAS is as Debian ships it and chooses its kernels by
 * itself. With one row of X, W is read once for each product: beside it stands what a plain read of the same bytes takes; cold
 * weights are more than the last cache holds. Goals are printed as met or not and decide nothing. --cpu-time measures the time
 * of the process instead of the clock's, for one thread on a machine that has other work.
 */
#include "base/engine.h"
#include "bench_dnnl.h"
#include "matmul/gemm.h"

#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void openblas_set_num_threads(int count);
void omp_set_num_threads(int count); /* oneDNN's; OMP_NUM_THREADS is read before main begins */

enum { SHAPES = 5, MOST_THREADS = 2 };
typedef enum kind { CODES, NIBBLES, FLOATS, KINDS } kind;
static const char *const kind_names[KINDS] = { "s8", "4 bits/64", "f32" };
static const size_t shapes[SHAPES][3] = {
    { 1, 4096, 4096 }, { 16, 4096, 4096 }, { 512, 4096, 4096 }, { 512, 768, 3072 }, { 4096, 1280, 3840 },
};

static clockid_t measured_clock = CLOCK_MONOTONIC;
static ql_engine *engine; /* of as many threads as are measured now */
static unsigned threads;
static int turns = 11;
static double peaks[KINDS];          /* of one thread */
static double of_one[SHAPES][KINDS]; /* GOP/s of one thread */
static bool answers_differ;

static double now(void)
{
    struct timespec t;
    clock_gettime(measured_clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *room(size_t count, size_t size)
{
    void *p = aligned_alloc(64, (count * size + 63) / 64 * 64);
    if (!p) {
        perror("bench_products");
        exit(1);
    }
    return memset(p, 0, count * size);
}

static void must(ql_status status, const ql_error *error)
{
    if (status != QL_OK) {
        fprintf(stderr, "bench_products: %s\n", error->message);
        exit(1);
    }
}

/* ---- Operands */

typedef struct operands {
    size_t m, k, n;
    float *x, *w, *y[3]; /* of ours, oneDNN, OpenBLAS */
    int8_t *x_codes, *w_codes;
    int32_t *sums[2];
} operands;

static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static operands make_operands(size_t m, size_t k, size_t n)
{
    operands o = { .m = m, .k = k, .n = n };
    uint64_t state = m + k + n;
    o.x = room(m * k, sizeof *o.x);
    o.w = room(n * k, sizeof *o.w);
    o.x_codes = room(m * k, 1);
    o.w_codes = room(n * k, 1);
    for (size_t i = 0; i < m * k; i++) {
        const uint64_t bits = draw(&state);
        o.x_codes[i] = (int8_t)(bits % 255 - 127);
        o.x[i] = (float)o.x_codes[i] / 64;
    }
    for (size_t i = 0; i < n * k; i++) {
        const uint64_t bits = draw(&state);
        o.w_codes[i] = (int8_t)(bits % 255 - 127);
        o.w[i] = (float)o.w_codes[i] / 4096;
    }
    for (int i = 0; i < 3; i++) {
        o.y[i] = room(m * n, sizeof *o.y[i]);
    }
    for (int i = 0; i < 2; i++) {
        o.sums[i] = room(m * n, sizeof *o.sums[i]);
    }
    return o;
}

static void free_operands(operands *o)
{
    free(o->x);
    free(o->w);
    free(o->x_codes);
    free(o->w_codes);
    for (int i = 0; i < 3; i++) {
        free(o->y[i]);
    }
    for (int i = 0; i < 2; i++) {
        free(o->sums[i]);
    }
}

/* ---- Turns */

static double least(double a, double b)
{
    return a < b ? a : b;
}

/* Threads of OpenMP and of OpenBLAS go on looking for work for 15 to 30 ms, on the processor that another's threads need. */
static void rest(void)
{
    nanosleep(&(struct timespec) { .tv_nsec = 50 * 1000 * 1000 }, NULL);
}

static const double WARM = 0.01; /* seconds of work before the clock counts: the processor wakes, the threads too */

/* What was done just before leaves the operands as near as they can be: others had their turn meanwhile. */
#define TIME(best, statement)                                                                                               \
    do {                                                                                                                    \
        rest();                                                                                                             \
        const double warm_ = now() + WARM;                                                                                  \
        do {                                                                                                                \
            statement;                                                                                                      \
        } while (now() < warm_);                                                                                            \
        const double start_ = now();                                                                                        \
        statement;                                                                                                          \
        best = least(best, now() - start_);                                                                                 \
    } while (0)

static void print_goal(const char *what, double value, double bound)
{
    printf("  %s %.2f, goal %.2f: %s", what, value, bound, value >= bound ? "met" : "MISSED");
}

static double rate(const operands *o, double seconds)
{
    return 2.0 * (double)o->m * (double)o->k * (double)o->n / seconds * 1e-9;
}

/* Ours and, where there are some, those of others: seconds, 0 for none. */
static void begin_row(size_t shape, kind what, const operands *o, double ours, double dnn, double blas)
{
    char name[64];
    const double rates[] = { rate(o, ours), dnn > 0 ? rate(o, dnn) : 0, blas > 0 ? rate(o, blas) : 0 };
    snprintf(name, sizeof name, "%s %zux%zux%zu", kind_names[what], o->m, o->k, o->n);
    printf("%-22s", name);
    for (size_t i = 0; i < 3; i++) {
        if (rates[i] > 0) {
            printf("%9.0f", rates[i]);
        } else {
            printf("%9s", "");
        }
    }
    printf("%7.0f %%", 100 * rates[0] / (peaks[what] * threads));
    if (threads == 1) {
        of_one[shape][what] = rates[0];
    } else {
        print_goal("x one thread", rates[0] / of_one[shape][what], 1.9);
    }
}

/* ---- Reading */

enum { READ_CHUNK = 512 << 10, STREAMS = 4, LINE = 64, AHEAD = 2048 };

typedef struct reading {
    const uint8_t *from;
    size_t size; /* whole lines in every stream */
    uint64_t sum[MOST_THREADS];
} reading;

/* In streams side by side, as products read panels: one alone waits for the memory. */
static ql_status read_chunk(void *context, unsigned worker, uint64_t chunk, ql_error *error)
{
    reading *r = context;
    const size_t begin = (size_t)chunk * READ_CHUNK, left = r->size - begin, size = left < READ_CHUNK ? left : READ_CHUNK,
                 stream = size / STREAMS;
    uint64_t sum = 0;
    (void)error;
    for (size_t i = 0; i < stream; i += LINE) {
        for (size_t s = 0; s < STREAMS; s++) {
            const uint8_t *from = r->from + begin + s * stream + i;
            uint64_t line[LINE / sizeof(uint64_t)];
            __builtin_prefetch(from + AHEAD);
            memcpy(line, from, sizeof line);
            sum += line[0] + line[1] + line[2] + line[3] + line[4] + line[5] + line[6] + line[7];
        }
    }
    r->sum[worker] += sum; /* so that it is read */
    return QL_OK;
}

static void read_all(const uint8_t *from, size_t size)
{
    ql_error error;
    reading r = { .from = from, .size = size };
    const ql_pass pass = { .chunk_count = (size + READ_CHUNK - 1) / READ_CHUNK, .work = read_chunk, .context = &r };
    must(ql_parallel(engine, &pass, &error), &error);
}

static size_t size_of(const ql_packed *w)
{
    return w->panels * (w->panel + w->groups * w->kernels->outputs * sizeof *w->scales);
}

/* ---- Rows of the table */

static void compare_floats(const operands *o, int other, const char *name)
{
    double whole = 0, lost = 0;
    for (size_t i = 0; i < o->m * o->n; i++) {
        const double e = (double)o->y[0][i] - (double)o->y[other][i];
        whole += (double)o->y[other][i] * (double)o->y[other][i];
        lost += e * e;
    }
    if (!(sqrt(lost) <= 1e-5 * sqrt(whole))) {
        printf("  differs from %s by %g", name, sqrt(lost / whole));
        answers_differ = true;
    }
}

static void bench_floats(size_t shape, const operands *o)
{
    ql_error error;
    ql_packed w = { .w = NULL };
    ql_gemm_x x = { 0 };
    double ours = 1e9, dnn = 1e9, blas = 1e9;
    peer p = peer_new(o->m, o->k, o->n, dnnl_f32, dnnl_f32, o->x, o->w, o->y[1]);
    must(ql_pack_floats(engine, o->w, o->n, o->k, &w, &error), &error);
    for (int turn = 0; turn < turns; turn++) {
        TIME(ours, must(ql_gemm_take_floats(engine, &w, o->x, o->m, &x, &error), &error);
             must(ql_gemm_floats(engine, &w, &x, o->y[0], NULL, &error), &error));
        TIME(dnn, peer_run(&p));
        TIME(blas, cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)o->m, (int)o->n, (int)o->k, 1, o->x, (int)o->k,
                               o->w, (int)o->k, 0, o->y[2], (int)o->n));
    }
    begin_row(shape, FLOATS, o, ours, dnn, blas);
    if (o->m >= 512) {
        print_goal("x oneDNN", dnn / ours, 0.97);
        print_goal("x OpenBLAS", blas / ours, 1.9);
    }
    compare_floats(o, 1, "oneDNN");
    compare_floats(o, 2, "OpenBLAS");
    printf("\n");
    ql_packed_free(&w);
    ql_gemm_x_free(&x);
    peer_free(&p);
}

/* X is there as codes: what quantizing it would take is not counted. */
static void copy_row(void *context, unsigned worker, size_t row, int8_t *codes)
{
    const operands *o = context;
    (void)worker;
    memcpy(codes, o->x_codes + row * o->k, o->k);
}

static void bench_codes(size_t shape, const operands *o)
{
    ql_error error;
    ql_packed w = { .w = NULL };
    ql_gemm_x x = { 0 };
    double ours = 1e9, dnn = 1e9, read = 1e9;
    peer p = peer_new(o->m, o->k, o->n, dnnl_s8, dnnl_s32, o->x_codes, o->w_codes, o->sums[1]);
    must(ql_pack_codes(engine, o->w_codes, o->n, o->k, &w, &error), &error);
    for (int turn = 0; turn < turns; turn++) {
        TIME(ours, must(ql_gemm_make_codes(engine, &w, copy_row, (void *)(uintptr_t)o, o->m, &x, &error), &error);
             must(ql_gemm_codes(engine, &w, &x, o->sums[0], NULL, &error), &error));
        TIME(dnn, peer_run(&p));
        TIME(read, read_all(w.w, size_of(&w)));
    }
    begin_row(shape, CODES, o, ours, dnn, 0);
    print_goal("x oneDNN", dnn / ours, o->m == 1 ? 1 : 0.97);
    if (o->m == 1) {
        printf("  %.2f x a plain read", read / ours);
    }
    if (memcmp(o->sums[0], o->sums[1], o->m * o->n * sizeof *o->sums[0]) != 0) {
        printf("  differs from oneDNN");
        answers_differ = true;
    }
    printf("\n");
    ql_packed_free(&w);
    ql_gemm_x_free(&x);
    peer_free(&p);
}

/* W to what products read, into memory that is there, as oneDNN does it. */
static void bench_packing(const operands *o)
{
    ql_error error;
    ql_packed w = { .w = NULL };
    double ours = 1e9, dnn = 1e9;
    peer p = peer_new(o->m, o->k, o->n, dnnl_s8, dnnl_s32, o->x_codes, o->w_codes, o->sums[1]);
    for (int turn = 0; turn < turns; turn++) {
        TIME(ours, must(ql_pack_codes(engine, o->w_codes, o->n, o->k, &w, &error), &error));
        TIME(dnn, peer_pack(&p));
    }
    printf("%-22s%6.2f ms%6.1f ms%18s", "  packing W", 1e3 * ours, 1e3 * dnn, "");
    print_goal("x oneDNN", dnn / ours, 25);
    printf("\n");
    ql_packed_free(&w);
    peer_free(&p);
}

/* As many weights as the last cache does not hold, each once: a step of a decoder. */
static void bench_cold(const operands *o)
{
    enum { MOST = 64 };
    const long cache = sysconf(_SC_LEVEL3_CACHE_SIZE);
    const size_t size = o->n * o->k, wanted = (size_t)(cache > 0 ? cache : 32 << 20) * 3 / 2 / size + 2,
                 count = wanted < MOST ? wanted : MOST;
    ql_error error;
    ql_packed w[MOST] = { { .w = NULL } };
    ql_gemm_x x = { 0 };
    double ours = 1e9, read = 1e9;
    for (size_t i = 0; i < count; i++) {
        must(ql_pack_codes(engine, o->w_codes, o->n, o->k, &w[i], &error), &error);
    }
    for (int turn = 0; turn < turns; turn++) {
        TIME(
            ours, for (size_t i = 0; i < count; i++) {
                must(ql_gemm_make_codes(engine, &w[i], copy_row, (void *)(uintptr_t)o, o->m, &x, &error), &error);
                must(ql_gemm_codes(engine, &w[i], &x, o->sums[0], NULL, &error), &error);
            });
        TIME(
            read, for (size_t i = 0; i < count; i++) { read_all(w[i].w, size_of(&w[i])); });
    }
    const double bytes = (double)count * (double)size_of(w) * 1e-9;
    char name[32];
    snprintf(name, sizeof name, "  cold: %zu of W", count);
    printf("%-22s%9.0f%27s", name, 2 * bytes / ours, "");
    print_goal("x a plain read", read / ours, 0.85);
    printf(", %.0f of %.0f GB/s\n", bytes / ours, bytes / read);
    for (size_t i = 0; i < count; i++) {
        ql_packed_free(&w[i]);
    }
    ql_gemm_x_free(&x);
}

/* Nobody in Debian to compare with: beside the peak and the memory. */
static void bench_nibbles(size_t shape, const operands *o)
{
    static const int8_t levels[16] = { -127, -88, -67, -50, -36, -23, -12, 0, 10, 20, 31, 43, 56, 71, 92, 127 };
    ql_error error;
    ql_packed w = { .w = NULL };
    ql_gemm_x x = { 0 };
    double ours = 1e9, read = 1e9;
    const size_t groups = (o->k + 63) / 64;
    float *scales = room(o->n * groups, sizeof *scales);
    for (size_t i = 0; i < o->n * groups; i++) {
        scales[i] = 1;
    }
    must(ql_pack_grouped(engine, o->w_codes, o->n, o->k, 64, scales, levels, &w, &error), &error);
    for (int turn = 0; turn < turns; turn++) {
        TIME(ours, must(ql_gemm_make_codes(engine, &w, copy_row, (void *)(uintptr_t)o, o->m, &x, &error), &error);
             must(ql_gemm_grouped(engine, &w, &x, o->y[0], NULL, &error), &error));
        TIME(read, read_all(w.w, size_of(&w)));
    }
    begin_row(shape, NIBBLES, o, ours, 0, 0);
    if (o->m == 1) {
        print_goal("GOP/s", rate(o, ours), 134.0 * threads);
        printf("  %.2f x a plain read", read / ours);
    } else {
        print_goal("of peak", rate(o, ours) / (peaks[NIBBLES] * threads), 0.55);
    }
    printf("\n");
    free(scales);
    ql_packed_free(&w);
    ql_gemm_x_free(&x);
}

/* What the kernels of one thread reach on operands in the first cache, in GOP/s. */
static double peak_of(bool of_floats)
{
    const ql_product_kernels *k = ql_products_active();
    enum { CELLS = 128, CALLS = 400 };
    uint8_t *memory = room(CELLS * (k->rows + k->outputs) * QL_CELL + k->rows * k->outputs * QL_CELL, 1);
    const int32_t sums[QL_PRODUCT_ROWS] = { 0 };
    const ql_band band = { CELLS, k->rows, 1, memory, memory + CELLS * k->rows * QL_CELL, 0, k->outputs };
    void *y = memory + CELLS * (k->rows + k->outputs) * QL_CELL;
    double best = 1e9;
    for (int attempt = 0; attempt < 40; attempt++) {
        TIME(
            best, for (int call = 0; call < CALLS; call++) {
                if (of_floats) {
                    k->floats(&band, false, y);
                } else {
                    k->codes(&band, sums, y);
                }
            });
    }
    free(memory);
    return (of_floats ? 2 : 8) * 1e-9 * CELLS * k->rows * k->outputs * CALLS / best;
}

static void bench_all(void)
{
    printf("\nProducts, %u thread%s, GOP/s, best of %d; peak %.0f (codes), %.0f (floats)\n\n", threads,
           threads == 1 ? "" : "s", turns, peaks[CODES] * threads, peaks[FLOATS] * threads);
    printf("%-22s%9s%9s%9s%9s  goals\n", "", "qloupe", "oneDNN", "OpenBLAS", "of peak");
    for (size_t s = 0; s < SHAPES; s++) {
        operands o = make_operands(shapes[s][0], shapes[s][1], shapes[s][2]);
        bench_codes(s, &o);
        if (o.m == 1) {
            bench_cold(&o);
            bench_packing(&o);
        }
        bench_nibbles(s, &o);
        bench_floats(s, &o);
        fflush(stdout);
        free_operands(&o);
    }
}

int main(int argc, char **argv)
{
    ql_error error;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--quick") == 0) {
            turns = 3;
        } else if (strcmp(argv[i], "--cpu-time") == 0) {
            measured_clock = CLOCK_PROCESS_CPUTIME_ID;
        }
    }
    peaks[CODES] = peaks[NIBBLES] = peak_of(false);
    peaks[FLOATS] = peak_of(true);
    for (threads = 1; threads <= MOST_THREADS; threads++) {
        omp_set_num_threads((int)threads);
        openblas_set_num_threads((int)threads);
        must(ql_engine_new(threads, &engine, &error), &error);
        peer_start();
        bench_all();
        peer_stop();
        ql_engine_free(&engine);
    }
    return answers_differ;
}
