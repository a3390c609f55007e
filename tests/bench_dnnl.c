/* oneDNN beside us: see bench_dnnl.h. */
#include "bench_dnnl.h"

#include <stdio.h>
#include <stdlib.h>

static void must_dnnl(dnnl_status_t status, const char *what)
{
    if (status != dnnl_success) {
        fprintf(stderr, "bench_products: oneDNN: %s: status %d\n", what, (int)status);
        exit(1);
    }
}

static dnnl_engine_t dnnl;
static dnnl_stream_t stream;

void peer_start(void)
{
    must_dnnl(dnnl_engine_create(&dnnl, dnnl_cpu, 0), "an engine");
    must_dnnl(dnnl_stream_create(&stream, dnnl, dnnl_stream_default_flags), "a stream");
}

void peer_stop(void)
{
    dnnl_stream_destroy(stream);
    dnnl_engine_destroy(dnnl);
}

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

void peer_pack(const peer *p)
{
    execute(p->packing, DNNL_ARG_FROM, p->plain, 0, NULL, DNNL_ARG_TO, p->w);
}

void peer_run(const peer *p)
{
    execute(p->product, DNNL_ARG_SRC, p->x, DNNL_ARG_WEIGHTS, p->w, DNNL_ARG_DST, p->y);
}

peer peer_new(size_t m, size_t k, size_t n, dnnl_data_type_t in, dnnl_data_type_t out, void *x, void *w, void *y)
{
    peer p;
    dnnl_matmul_desc_t d;
    dnnl_primitive_desc_t chosen, packing;
    const dnnl_memory_desc_t dx = describe(m, k, in, dnnl_ab), dy = describe(m, n, out, dnnl_ab),
                             any = describe(k, n, in, dnnl_format_tag_any), plain = describe(k, n, in, dnnl_ba);
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
    peer_pack(&p);
    return p;
}

void peer_free(peer *p)
{
    dnnl_primitive_destroy(p->product);
    dnnl_primitive_destroy(p->packing);
    dnnl_memory_destroy(p->x);
    dnnl_memory_destroy(p->w);
    dnnl_memory_destroy(p->plain);
    dnnl_memory_destroy(p->y);
}
