/*
 * Products of packed operands beside those of OpenBLAS and oneDNN (Debian's libopenblas-dev and libdnnl-dev), which nothing
 * else links.
 *
 *   bench_products [--threads N] [--quick] [--cpu-time]
 *
 * All see the same operands and take turns, so that what else the machine does meets all of them; best of the turns. oneDNN
 * chooses its own layout of W, which is made before, as ours is. Results are compared: sums of codes are equal, those of
 * floats close; exit 1 where they are not. OpenBLAS is as Debian ships it and chooses its kernels by itself. Goals are
 * printed as met or not and decide nothing. --cpu-time measures the time of the process instead of the clock's, for one
 * thread on a machine that has other work.
 */
#include "matmul/gemm.h"

#include <cblas.h>
#include <dnnl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void openblas_set_num_threads(int count);
void omp_set_num_threads(int count); /* oneDNN's; OMP_NUM_THREADS is read before main begins */

static clockid_t measured_clock = CLOCK_MONOTONIC;
static unsigned threads = 1;
static int turns = 11;
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

static void must_dnnl(dnnl_status_t status, const char *what)
{
    if (status != dnnl_success) {
        fprintf(stderr, "bench_products: oneDNN: %s: status %d\n", what, (int)status);
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

/* ---- oneDNN */

typedef struct peer {
    dnnl_primitive_t product, packing;
    dnnl_memory_t x, w, plain, y;
} peer;

static dnnl_engine_t dnnl;
static dnnl_stream_t stream;

static dnnl_memory_desc_t describe(size_t rows, size_t cols, dnnl_data_type_t type, dnnl_format_tag_t tag)
{
    dnnl_memory_desc_t d;
    const dnnl_dims_t dims = { (dnnl_dim_t)rows, (dnnl_dim_t)cols };
    must_dnnl(dnnl_memory_desc_init_by_tag(&d, 2, dims, type, tag), "a description");
    return d;
}

static void execute(dnnl_primitive_t primitive, int from, dnnl_memory_t a, int second, dnnl_memory_t b, int to,
                    dnnl_memory_t y)
{
    const dnnl_exec_arg_t arguments[] = { { from, a }, { to, y }, { second, b } };
    must_dnnl(dnnl_primitive_execute(primitive, stream, b ? 3 : 2, arguments), "a run");
    must_dnnl(dnnl_stream_wait(stream), "a run");
}

static void pack_peer(const peer *p)
{
    execute(p->packing, DNNL_ARG_FROM, p->plain, 0, NULL, DNNL_ARG_TO, p->w);
}

static void run_peer(const peer *p)
{
    execute(p->product, DNNL_ARG_SRC, p->x, DNNL_ARG_WEIGHTS, p->w, DNNL_ARG_DST, p->y);
}

static peer make_peer(const operands *o, dnnl_data_type_t in, dnnl_data_type_t out, void *x, void *w, void *y)
{
    peer p;
    dnnl_matmul_desc_t d;
    dnnl_primitive_desc_t chosen, packing;
    const dnnl_memory_desc_t dx = describe(o->m, o->k, in, dnnl_ab), dy = describe(o->m, o->n, out, dnnl_ab),
                             any = describe(o->k, o->n, in, dnnl_format_tag_any), plain = describe(o->k, o->n, in, dnnl_ba);
    must_dnnl(dnnl_matmul_desc_init(&d, &dx, &any, NULL, &dy), "a product");
    must_dnnl(dnnl_primitive_desc_create(&chosen, &d, NULL, dnnl, NULL), "a product");
    must_dnnl(dnnl_primitive_create(&p.product, chosen), "a product");
    const dnnl_memory_desc_t *packed = dnnl_primitive_desc_query_md(chosen, dnnl_query_weights_md, 0);
    must_dnnl(dnnl_memory_create(&p.x, &dx, dnnl, x), "memory");
    must_dnnl(dnnl_memory_create(&p.y, &dy, dnnl, y), "memory");
    must_dnnl(dnnl_memory_create(&p.plain, &plain, dnnl, w), "memory");
    must_dnnl(dnnl_memory_create(&p.w, packed, dnnl, DNNL_MEMORY_ALLOCATE), "memory");
    must_dnnl(dnnl_reorder_primitive_desc_create(&packing, &plain, dnnl, packed, dnnl, NULL), "packing");
    must_dnnl(dnnl_primitive_create(&p.packing, packing), "packing");
    dnnl_primitive_desc_destroy(chosen);
    dnnl_primitive_desc_destroy(packing);
    pack_peer(&p);
    return p;
}

static void free_peer(peer *p)
{
    dnnl_primitive_destroy(p->product);
    dnnl_primitive_destroy(p->packing);
    dnnl_memory_destroy(p->x);
    dnnl_memory_destroy(p->w);
    dnnl_memory_destroy(p->plain);
    dnnl_memory_destroy(p->y);
}

/* ---- Turns */

static double least(double a, double b)
{
    return a < b ? a : b;
}

/* Once before, so that the operands are as near as they can be: others had their turn meanwhile. */
#define TIME(best, statement)                                                                                               \
    do {                                                                                                                    \
        statement;                                                                                                          \
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

static void begin_row(const char *kind, const operands *o)
{
    char shape[64];
    snprintf(shape, sizeof shape, "%s %zux%zux%zu", kind, o->m, o->k, o->n);
    printf("%-22s", shape);
}

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

static void bench_floats(ql_engine *engine, const operands *o, double peak)
{
    ql_error error;
    ql_packed w = { .w = NULL };
    ql_gemm_x x = { 0 };
    double ours = 1e9, dnn = 1e9, blas = 1e9;
    peer p = make_peer(o, dnnl_f32, dnnl_f32, o->x, o->w, o->y[1]);
    must(ql_pack_floats(engine, o->w, o->n, o->k, &w, &error), &error);
    for (int turn = 0; turn < turns; turn++) {
        TIME(ours, must(ql_gemm_take_floats(engine, &w, o->x, o->m, &x, &error), &error);
             must(ql_gemm_floats(engine, &w, &x, o->y[0], NULL, &error), &error));
        TIME(dnn, run_peer(&p));
        TIME(blas, cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)o->m, (int)o->n, (int)o->k, 1, o->x, (int)o->k,
                               o->w, (int)o->k, 0, o->y[2], (int)o->n));
    }
    begin_row("f32", o);
    printf("%9.0f%9.0f%9.0f%7.0f %%", rate(o, ours), rate(o, dnn), rate(o, blas), 100 * rate(o, ours) / peak);
    if (o->m >= 512) {
        print_goal("x oneDNN", dnn / ours, 0.97);
        print_goal("x OpenBLAS", blas / ours, 1.9);
    }
    compare_floats(o, 1, "oneDNN");
    compare_floats(o, 2, "OpenBLAS");
    printf("\n");
    ql_packed_free(&w);
    ql_gemm_x_free(&x);
    free_peer(&p);
}

static void bench_codes(ql_engine *engine, const operands *o, double peak)
{
    ql_error error;
    ql_packed w = { .w = NULL }, again = { .w = NULL };
    ql_gemm_x x = { 0 };
    double ours = 1e9, dnn = 1e9, pack = 1e9, dnn_pack = 1e9;
    peer p = make_peer(o, dnnl_s8, dnnl_s32, o->x_codes, o->w_codes, o->sums[1]);
    must(ql_pack_codes(engine, o->w_codes, o->n, o->k, &w, &error), &error);
    for (int turn = 0; turn < turns && o->m == 1; turn++) {
        TIME(pack, must(ql_pack_codes(engine, o->w_codes, o->n, o->k, &again, &error), &error));
        TIME(dnn_pack, pack_peer(&p));
    }
    for (int turn = 0; turn < turns; turn++) {
        TIME(ours, must(ql_gemm_take_codes(engine, &w, o->x_codes, o->m, &x, &error), &error);
             must(ql_gemm_codes(engine, &w, &x, o->sums[0], NULL, &error), &error));
        TIME(dnn, run_peer(&p));
    }
    begin_row("s8", o);
    printf("%9.0f%9.0f%9s%7.0f %%", rate(o, ours), rate(o, dnn), "", 100 * rate(o, ours) / peak);
    print_goal("x oneDNN", dnn / ours, o->m == 1 ? 1 : 0.97);
    if (memcmp(o->sums[0], o->sums[1], o->m * o->n * sizeof *o->sums[0]) != 0) {
        printf("  differs from oneDNN");
        answers_differ = true;
    }
    printf("\n");
    if (o->m == 1) {
        printf("%-22s%6.2f ms%6.1f ms%18s", "  packing W", 1e3 * pack, 1e3 * dnn_pack, "");
        print_goal("x oneDNN", dnn_pack / pack, 25);
        printf("\n");
    }
    ql_packed_free(&w);
    ql_packed_free(&again);
    ql_gemm_x_free(&x);
    free_peer(&p);
}

/* Nobody in Debian to compare with: beside the peak. */
static void bench_nibbles(ql_engine *engine, const operands *o, double peak)
{
    static const int8_t levels[16] = { -127, -88, -67, -50, -36, -23, -12, 0, 10, 20, 31, 43, 56, 71, 92, 127 };
    ql_error error;
    ql_packed w = { .w = NULL };
    ql_gemm_x x = { 0 };
    double ours = 1e9;
    const size_t groups = (o->k + 63) / 64;
    float *scales = room(o->n * groups, sizeof *scales);
    for (size_t i = 0; i < o->n * groups; i++) {
        scales[i] = 1;
    }
    must(ql_pack_grouped(engine, o->w_codes, o->n, o->k, 64, scales, levels, &w, &error), &error);
    for (int turn = 0; turn < turns; turn++) {
        TIME(ours, must(ql_gemm_take_codes(engine, &w, o->x_codes, o->m, &x, &error), &error);
             must(ql_gemm_grouped(engine, &w, &x, o->y[0], NULL, &error), &error));
    }
    begin_row("4 bits/64", o);
    printf("%9.0f%18s%7.0f %%", rate(o, ours), "", 100 * rate(o, ours) / peak);
    if (o->m == 1) {
        print_goal("GOP/s", rate(o, ours), 134.0 * threads);
    } else {
        print_goal("of peak", rate(o, ours) / peak, 0.55);
    }
    printf("\n");
    free(scales);
    ql_packed_free(&w);
    ql_gemm_x_free(&x);
}

/* What the kernels reach on operands in the first cache, in GOP/s, of all threads if each had a core. */
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
    return (of_floats ? 2 : 8) * 1e-9 * CELLS * k->rows * k->outputs * CALLS / best * threads;
}

int main(int argc, char **argv)
{
    static const size_t shapes[][3] = {
        { 1, 4096, 4096 }, { 16, 4096, 4096 }, { 512, 4096, 4096 }, { 512, 768, 3072 }, { 4096, 1280, 3840 },
    };
    ql_engine *engine;
    ql_error error;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--quick") == 0) {
            turns = 3;
        } else if (strcmp(argv[i], "--cpu-time") == 0) {
            measured_clock = CLOCK_PROCESS_CPUTIME_ID;
        } else if (strcmp(argv[i], "--threads") == 0 && i + 1 < argc) {
            threads = (unsigned)strtoul(argv[++i], NULL, 10);
        }
    }
    omp_set_num_threads((int)threads);
    openblas_set_num_threads((int)threads);
    must(ql_engine_new(threads, &engine, &error), &error);
    must_dnnl(dnnl_engine_create(&dnnl, dnnl_cpu, 0), "an engine");
    must_dnnl(dnnl_stream_create(&stream, dnnl, dnnl_stream_default_flags), "a stream");
    const double peaks[2] = { peak_of(false), peak_of(true) };
    printf("\nProducts, %u thread%s, GOP/s, best of %d; peak %.0f (codes), %.0f (floats)\n\n", threads,
           threads == 1 ? "" : "s", turns, peaks[0], peaks[1]);
    printf("%-22s%9s%9s%9s%9s  goals\n", "", "qloupe", "oneDNN", "OpenBLAS", "of peak");
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        operands o = make_operands(shapes[s][0], shapes[s][1], shapes[s][2]);
        bench_codes(engine, &o, peaks[0]);
        bench_nibbles(engine, &o, peaks[0]);
        bench_floats(engine, &o, peaks[1]);
        fflush(stdout);
        free_operands(&o);
    }
    dnnl_stream_destroy(stream);
    dnnl_engine_destroy(dnnl);
    ql_engine_free(&engine);
    return answers_differ;
}
