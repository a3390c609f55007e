/*
 * How the vectorized encoders walk over blocks. An encoder says in two functions how it finds what it needs of 16 groups, up
 * to MOST numbers of each, and how it codes 16 elements with them. Elements that have a group of their own use these lanes
 * as they are; a block takes one lane for all of its elements.
 */
#ifndef QL_KERNELS_VECTOR_LANES_H
#define QL_KERNELS_VECTOR_LANES_H

#include "kernels/encode_body.h"
#include "kernels/simd.h"

enum { LANES = 16, MOST = 6 };

/* The numbers of the groups [first, first + count), count <= 16. */
typedef void find_lanes(const void *context, size_t first, size_t count, vf numbers[MOST]);

/* Codes and values of x; returns which lanes lie outside. */
typedef vm code_lanes(const void *context, const vf *numbers, vf x, vi *code, vf *y);

QL_SIMD vf load_lanes(const float *p, size_t count)
{
    return count < LANES ? vf_load_head(p, count) : vf_load(p);
}

/* Fewer than 16 elements. */
QL_SIMD uint64_t code_head(code_lanes encode, const void *context, const vf *numbers, const float *x, size_t n, int16_t *q,
                           float *y)
{
    int16_t codes[LANES];
    vi code;
    vf value;
    const vm outside = encode(context, numbers, vf_load_head(x, n), &code, &value);
    vi_store_i16(codes, code);
    memcpy(q, codes, n * sizeof *codes);
    vf_store_head(y, value, n);
    return (uint64_t)__builtin_popcount(vm_bits(vm_and(outside, vm_head(n))));
}

/* 32 elements, the second half with other numbers. */
QL_SIMD uint64_t code_two(code_lanes encode, const void *context, const vf *first, const vf *second, const float *x,
                          int16_t *q, float *y)
{
    vi code[2];
    vf value[2];
    uint64_t outside = (uint64_t)__builtin_popcount(vm_bits(encode(context, first, vf_load(x), &code[0], &value[0])));
    outside += (uint64_t)__builtin_popcount(vm_bits(encode(context, second, vf_load(x + LANES), &code[1], &value[1])));
    vf_store(y, value[0]);
    vf_store(y + LANES, value[1]);
    vi_store_i16_two(q, code[0], code[1]);
    return outside;
}

/* Elements with the same numbers. */
QL_SIMD uint64_t code_run(code_lanes encode, const void *context, const vf *numbers, const float *x, size_t n, int16_t *q,
                          float *y)
{
    uint64_t outside = 0;
    size_t i = 0;
    for (; i + 2 * LANES <= n; i += 2 * LANES) {
        outside += code_two(encode, context, numbers, numbers, x + i, q + i, y + i);
    }
    if (i + LANES <= n) {
        vi code;
        vf value;
        outside += (uint64_t)__builtin_popcount(vm_bits(encode(context, numbers, vf_load(x + i), &code, &value)));
        vf_store(y + i, value);
        vi_store_i16(q + i, code);
        i += LANES;
    }
    return i < n ? outside + code_head(encode, context, numbers, x + i, n - i, q + i, y + i) : outside;
}

/* Every element its own numbers. */
QL_SIMD uint64_t code_each(find_lanes find, code_lanes encode, const void *context, const float *x, size_t n, int16_t *q,
                           float *y)
{
    uint64_t outside = 0;
    vf numbers[MOST];
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        find(context, i, LANES, numbers);
        outside += code_run(encode, context, numbers, x + i, LANES, q + i, y + i);
    }
    if (i < n) {
        find(context, i, n - i, numbers);
        outside += code_head(encode, context, numbers, x + i, n - i, q + i, y + i);
    }
    return outside;
}

/* `count` numbers are in use. */
QL_SIMD uint64_t code_blocks(find_lanes find, code_lanes encode, int count, const void *context, ql_blocks blocks,
                             const float *x, size_t n, int16_t *q, float *y)
{
    if (blocks.size == 1) {
        return code_each(find, encode, context, x, n, q, y);
    }
    uint64_t outside = 0;
    size_t done = 0, first_run = blocks.size - blocks.offset;
    for (size_t group = 0; done < n; group += LANES) {
        const size_t left = 1 + (n - done > first_run ? (n - done - first_run + blocks.size - 1) / blocks.size : 0);
        const size_t groups = left < LANES ? left : LANES;
        float table[MOST][LANES];
        vf numbers[2][MOST];
        find(context, group, groups, numbers[0]);
        for (int k = 0; k < count; k++) {
            vf_store(table[k], numbers[0][k]);
        }
        for (size_t g = 0; g < groups;) {
            const size_t run = first_run < n - done ? first_run : n - done;
            const size_t together = run == LANES && blocks.size == LANES && g + 1 < groups && n - done >= 2 * LANES ? 2 : 1;
            for (size_t b = 0; b < together; b++) {
                for (int k = 0; k < count; k++) {
                    numbers[b][k] = vf_set(table[k][g + b]);
                }
            }
            outside += together == 2 ? code_two(encode, context, numbers[0], numbers[1], x + done, q + done, y + done)
                                     : code_run(encode, context, numbers[0], x + done, run, q + done, y + done);
            done += together * run;
            g += together;
            first_run = blocks.size;
        }
    }
    return outside;
}

#endif
