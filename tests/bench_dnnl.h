/*
 * Products by oneDNN (Debian's libdnnl-dev), for bench_products.c: operands as they lie there, W in the layout that oneDNN
 * chooses. Every failure ends the program with a message.
 */
#ifndef TESTS_BENCH_DNNL_H
#define TESTS_BENCH_DNNL_H

#include <dnnl.h>
#include <stddef.h>

typedef struct peer {
    dnnl_primitive_t product, packing;
    dnnl_memory_t x, w, plain, y;
} peer;

void peer_start(void);
void peer_stop(void);

/* Y[m][n] = X[m][k] W[n][k]^T; x, w and y are borrowed. W is packed. */
peer peer_new(size_t m, size_t k, size_t n, dnnl_data_type_t in, dnnl_data_type_t out, void *x, void *w, void *y);
void peer_free(peer *p);

void peer_pack(const peer *p);
void peer_run(const peer *p);

#endif
