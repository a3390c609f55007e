/* Uniform codes and the errors of candidates, in vectors of 16 lanes: see vector.h. */
#ifndef QL_KERNELS_VECTOR_UNIFORM_H
#define QL_KERNELS_VECTOR_UNIFORM_H

#include "kernels/vector_fetch.h"

#include <math.h>

/* 1.5 2^23: adding it to |v| < 2^22 rounds v to an integer, ties to even, which its lowest bits then hold. */
#define MAGIC 0x1.8p23f
enum { MAGIC_BITS = 0x4B400000 };

/*
 * v = x (1 / step) in float32 is the quotient up to a relative error below 2^-22; it is rounded by adding MAGIC, and clamped
 * as a float, which keeps every bit. f = v - rne(v) within `near` of 0.5 means that the exact quotient might round
 * otherwise.
 */
enum {
    FAR = 1 << 21,
    NEAR_ZERO = 1024
}; /* codes beyond it are done exactly; with a zero for each element, zeros beyond the other */

static inline float near_tie(double least, double most)
{
    const double low = fabs(least), high = fabs(most);
    return (float)(0.5 - ((low > high ? low : high) + 2) * 0x1p-21);
}

static inline bool is_quick_step(float step)
{
    return step > 0x1p-100f && step < 0x1p100f;
}

/* 16 elements by the definition; returns which codes had to be clamped. */
QL_SIMD vm exact_codes(vd d, vd z, vd lo, vd hi, const float *x, int16_t *q, float *y)
{
    const vd limit = vd_set(0x1p33), magic = vd_set(0x1.8p52);
    vd quotient = vd_div(vd_load_f(x), d);
    quotient = vd_min(vd_max(quotient, vd_sub(vd_zero(), limit)), limit);
    const vd code = vd_add(vd_sub(vd_add(quotient, magic), magic), z);
    const vd clamped = vd_min(vd_max(code, lo), hi);
    vi_store_i16(q, vd_to_int(clamped));
    vf_store(y, vd_to_float(vd_mul(vd_sub(clamped, z), d)));
    return vm_or(vd_gt(lo, code), vd_gt(code, hi));
}

/* Before they are clamped, 16 codes as MAGIC + code - zero. */
QL_SIMD vf quick_places(vf inverse, const float *x)
{
    return vf_fma(vf_load(x), inverse, vf_set(MAGIC));
}

/* What 64 elements have shown: the largest distance from an integer, and bits that clamping has changed. */
typedef struct block_check {
    vf worst;
    vi changed;
} block_check;

/* 16 elements quickly. */
QL_SIMD void quick_codes(vf inverse, vf step, vi bias, vf lo, vf hi, const float *x, int16_t *q, float *y,
                         block_check *check)
{
    fetch_next(x);
    const vf v = vf_load(x), magic = vf_set(MAGIC), at = quick_places(inverse, x), clamped = vf_min(vf_max(at, lo), hi);
    check->worst = vf_max_abs(check->worst, vf_sub(vf_mul(v, inverse), vf_sub(at, magic)));
    check->changed = vi_or(check->changed, vi_xor(vf_bits(at), vf_bits(clamped)));
    vi_store_i16(q, vi_sub(vf_bits(clamped), bias));
    vf_store(y, vf_mul(vf_sub(clamped, magic), step));
}

/* How many of 16 codes have to be clamped. */
QL_SIMD uint64_t count_outside(vf inverse, vf lo, vf hi, const float *x)
{
    const vf at = quick_places(inverse, x);
    return (uint64_t)__builtin_popcount(vm_bits(vm_or(vf_gt(lo, at), vf_gt(at, hi))));
}

/* False when a quotient is too near to a tie. */
QL_SIMD bool is_sure(const block_check *check, float near)
{
    return !vm_bits(vf_ge(check->worst, vf_set(near)));
}

QL_SIMD bool is_any_clamped(const block_check *check)
{
    return vm_bits(vi_eq(check->changed, vi_set(0))) != 0xFFFF;
}

/* A block of 64 elements of a run. */
QL_SIMD uint64_t run_block(ql_uniform codes, float step, int32_t zero, bool quick, float near, const float *x, int16_t *q,
                           float *y)
{
    uint64_t outside = 0;
    if (quick) {
        block_check check = { vf_set(0), vi_set(0) };
        const vi bias = vi_set(MAGIC_BITS - zero);
        const vf inverse = vf_set(1 / step);
        const vf lo = vf_set(MAGIC + (float)(codes.code_lo - zero)), hi = vf_set(MAGIC + (float)(codes.code_hi - zero));
        for (int k = 0; k < BLOCK; k += WIDTH) {
            quick_codes(inverse, vf_set(step), bias, lo, hi, x + k, q + k, y + k, &check);
        }
        if (is_sure(&check, near)) {
            for (int k = 0; k < BLOCK && is_any_clamped(&check); k += WIDTH) {
                outside += count_outside(inverse, lo, hi, x + k);
            }
            return outside;
        }
    }
    for (int k = 0; k < BLOCK; k += WIDTH) {
        outside += (uint64_t)__builtin_popcount(vm_bits(
            exact_codes(vd_set(step), vd_set(zero), vd_set(codes.code_lo), vd_set(codes.code_hi), x + k, q + k, y + k)));
    }
    return outside;
}

static uint64_t uniform_run(ql_uniform codes, float step, int32_t zero, const float *x, size_t n, int16_t *q, float *y)
{
    const double least = (double)codes.code_lo - zero, most = (double)codes.code_hi - zero;
    const bool quick = is_quick_step(step) && fabs(least) < FAR && fabs(most) < FAR;
    const float near = near_tie(least, most);
    uint64_t outside = 0;
    size_t i = 0;
    for (; i + BLOCK <= n; i += BLOCK) {
        outside += run_block(codes, step, zero, quick, near, x + i, q + i, y + i);
    }
    return outside + plain_uniform_run(codes, step, zero, x + i, n - i, q + i, y + i);
}

/* The parameters of 16 elements that each have their own. */
typedef struct own_steps {
    vf step, inverse, lo, hi;
    vi bias;
    vm far; /* too large or small to be quick */
} own_steps;

QL_SIMD own_steps steps_of(ql_uniform codes, const float *step, const int32_t *zero)
{
    const vi none = vi_set(0), z = zero ? vi_load(zero) : none;
    const vf d = vf_load(step), guess = vf_reciprocal(d), two = vf_set(2);
    const vf better = vf_mul(guess, vf_sub(two, vf_mul(d, guess)));
    return (own_steps) {
        .step = d,
        .inverse = vf_mul(better, vf_sub(two, vf_mul(d, better))),
        .lo = vf_from_bits(vi_sub(vi_set(MAGIC_BITS + codes.code_lo), z)),
        .hi = vf_from_bits(vi_sub(vi_set(MAGIC_BITS + codes.code_hi), z)),
        .bias = vi_sub(vi_set(MAGIC_BITS), z),
        .far = vm_or(vm_or(vf_gt(vf_set(0x1p-100f), d), vf_gt(d, vf_set(0x1p100f))),
                     vi_gt(vi_max(z, vi_sub(none, z)), vi_set(NEAR_ZERO))),
    };
}

/* A block of 64 elements. */
QL_SIMD uint64_t each_block(ql_uniform codes, const float *step, const int32_t *zero, float near, const float *x, int16_t *q,
                            float *y)
{
    block_check check = { vf_set(0), vi_set(0) };
    vm far = vm_none();
    uint64_t outside = 0;
    for (int k = 0; k < BLOCK; k += WIDTH) {
        const own_steps own = steps_of(codes, step + k, zero ? zero + k : NULL);
        far = vm_or(far, own.far);
        quick_codes(own.inverse, own.step, own.bias, own.lo, own.hi, x + k, q + k, y + k, &check);
    }
    if (!vm_bits(far) && is_sure(&check, near)) {
        for (int k = 0; k < BLOCK && is_any_clamped(&check); k += WIDTH) {
            const own_steps own = steps_of(codes, step + k, zero ? zero + k : NULL);
            outside += count_outside(own.inverse, own.lo, own.hi, x + k);
        }
        return outside;
    }
    for (int k = 0; k < BLOCK; k += WIDTH) {
        const vd z = zero ? vd_from_int(vi_load(zero + k)) : vd_zero();
        outside += (uint64_t)__builtin_popcount(
            vm_bits(exact_codes(vd_load_f(step + k), z, vd_set(codes.code_lo), vd_set(codes.code_hi), x + k, q + k, y + k)));
    }
    return outside;
}

static uint64_t uniform_each(ql_uniform codes, const float *step, const int32_t *zero, const float *x, size_t n, int16_t *q,
                             float *y)
{
    const float near = near_tie(codes.code_lo - NEAR_ZERO, codes.code_hi + NEAR_ZERO);
    uint64_t outside = 0;
    size_t i = 0;
    for (; i + BLOCK <= n; i += BLOCK) {
        outside += each_block(codes, step + i, zero ? zero + i : NULL, near, x + i, q + i, y + i);
    }
    return outside + plain_uniform_each(codes, step + i, zero ? zero + i : NULL, x + i, n - i, q + i, y + i);
}

/* What quick codes need of each block. */
enum { BLOCKS_AT_ONCE = 256 };
typedef struct block_steps {
    float step[BLOCKS_AT_ONCE], inverse[BLOCKS_AT_ONCE], lo[BLOCKS_AT_ONCE], hi[BLOCKS_AT_ONCE];
    int32_t bias[BLOCKS_AT_ONCE];
    bool is_any_far;
} block_steps;

/* Of `count` blocks, at most BLOCKS_AT_ONCE. */
QL_SIMD void find_block_steps(ql_uniform codes, const float *step, const int32_t *zero, size_t count, block_steps *out)
{
    vm far = vm_none();
    for (size_t i = 0; i < count; i += WIDTH) {
        const size_t left = count - i < WIDTH ? count - i : WIDTH;
        float steps[WIDTH];
        int32_t zeros[WIDTH] = { 0 };
        for (size_t k = 0; k < WIDTH; k++) {
            steps[k] = k < left ? step[i + k] : 1;
            zeros[k] = k < left && zero ? zero[i + k] : 0;
        }
        const own_steps own = steps_of(codes, steps, zeros);
        far = vm_or(far, own.far);
        vf_store(out->step + i, own.step);
        vf_store(out->inverse + i, own.inverse);
        vf_store(out->lo + i, own.lo);
        vf_store(out->hi + i, own.hi);
        vi_store(out->bias + i, own.bias);
    }
    out->is_any_far = vm_bits(far) != 0;
}

/* 64 elements, of which each 16 lie in block[k]. */
QL_SIMD uint64_t blocks_block(const block_steps *own, ql_uniform codes, const int32_t *zero, float near,
                              const size_t block[4], const float *x, int16_t *q, float *y)
{
    block_check check = { vf_set(0), vi_set(0) };
    uint64_t outside = 0;
    for (int k = 0; k < 4; k++) {
        const size_t b = block[k];
        quick_codes(vf_set(own->inverse[b]), vf_set(own->step[b]), vi_set(own->bias[b]), vf_set(own->lo[b]),
                    vf_set(own->hi[b]), x + k * WIDTH, q + k * WIDTH, y + k * WIDTH, &check);
    }
    if (is_sure(&check, near)) {
        for (int k = 0; k < 4 && is_any_clamped(&check); k++) {
            const size_t b = block[k];
            outside += count_outside(vf_set(own->inverse[b]), vf_set(own->lo[b]), vf_set(own->hi[b]), x + k * WIDTH);
        }
        return outside;
    }
    for (int k = 0; k < 4; k++) {
        const size_t b = block[k];
        outside += (uint64_t)__builtin_popcount(
            vm_bits(exact_codes(vd_set(own->step[b]), vd_set(zero ? zero[b] : 0), vd_set(codes.code_lo),
                                vd_set(codes.code_hi), x + k * WIDTH, q + k * WIDTH, y + k * WIDTH)));
    }
    return outside;
}

/* Blocks one after the other. */
static uint64_t blocks_apart(ql_uniform codes, const float *step, const int32_t *zero, ql_blocks blocks, const float *x,
                             size_t n, int16_t *q, float *y)
{
    uint64_t outside = 0;
    size_t left = blocks.size - blocks.offset;
    for (size_t i = 0, run, block = 0; i < n; i += run, block++, left = blocks.size) {
        run = left < n - i ? left : n - i;
        outside += uniform_run(codes, step[block], zero ? zero[block] : 0, x + i, run, q + i, y + i);
    }
    return outside;
}

/* Blocks of multiples of 16 elements go 64 elements at a time, whatever their size. */
static uint64_t uniform_blocks(ql_uniform codes, const float *step, const int32_t *zero, ql_blocks blocks, const float *x,
                               size_t n, int16_t *q, float *y)
{
    if (blocks.size == 1) {
        return uniform_each(codes, step, zero, x, n, q, y);
    }
    if (blocks.size % WIDTH || blocks.offset % WIDTH || blocks.size > 16 * BLOCK) {
        return blocks_apart(codes, step, zero, blocks, x, n, q, y);
    }
    const float near = near_tie(codes.code_lo - NEAR_ZERO, codes.code_hi + NEAR_ZERO);
    uint64_t outside = 0;
    size_t i = 0, first = 0; /* block of x[i] */
    block_steps own;
    while (i + BLOCK <= n) {
        const size_t here = BLOCKS_AT_ONCE * blocks.size - blocks.offset, most = n - i < here ? n - i : here;
        const size_t end = i + most / BLOCK * BLOCK, count = (blocks.offset + most + blocks.size - 1) / blocks.size;
        find_block_steps(codes, step + first, zero ? zero + first : NULL, count, &own);
        if (own.is_any_far || end == i) {
            break;
        }
        size_t block = 0, left = blocks.size - blocks.offset;
        for (; i < end; i += BLOCK) {
            size_t of[4];
            for (int k = 0; k < 4; k++) {
                of[k] = block;
                left -= WIDTH;
                block += left == 0;
                left = left ? left : blocks.size;
            }
            outside += blocks_block(&own, codes, zero ? zero + first : NULL, near, of, x + i, q + i, y + i);
        }
        first += block;
        blocks.offset = blocks.size - left;
    }
    return outside + blocks_apart(codes, step + first, zero ? zero + first : NULL, blocks, x + i, n - i, q + i, y + i);
}

/* (x - y)^2 of 16 values of a candidate; quick as uniform codes are. */
static void candidate_errors(const ql_candidate *c, const float *x, size_t n, double lanes[QL_LANES])
{
    const double least = (double)c->codes.code_lo - c->zero, most = (double)c->codes.code_hi - c->zero;
    const bool quick = is_quick_step(c->step) && fabs(least) < FAR && fabs(most) < FAR;
    const float near = near_tie(least, most);
    size_t i = 0;
    if (quick) {
        const vf inverse = vf_set(1 / c->step), magic = vf_set(MAGIC), lo = vf_set((float)least), hi = vf_set((float)most);
        const vd step = vd_set(c->step);
        vd sum = vd_load(lanes);
        for (; i + WIDTH <= n; i += WIDTH) {
            const vf v = vf_load(x + i), at = vf_sub(vf_fma(v, inverse, magic), magic);
            fetch_next(x + i);
            const vm sure =
                vf_gt(vf_set(near), vf_abs(vf_sub(vf_mul(v, inverse), at))); /* not where the quotient is infinite */
            if (vm_bits(sure) != 0xFFFF) {
                vd_store(lanes, sum);
                plain_candidate_errors(c, x + i, WIDTH, lanes);
                sum = vd_load(lanes);
                continue;
            }
            const vd y = vd_mul(vf_to_double(vf_min(vf_max(at, lo), hi)), step), error = vd_sub(vd_load_f(x + i), y);
            sum = vd_add(sum, vd_mul(error, error));
        }
        vd_store(lanes, sum);
    }
    plain_candidate_errors(c, x + i, n - i, lanes);
}

#endif
