/*
 * Vectors of 16 lanes, the same on every instruction set: what the vectorized kernels are written in (vector.h and its
 * neighbours), once for all. simd_avx512.h, simd_avx2.h and simd_neon.h implement them; a file that is compiled for an
 * instruction set includes its own one.
 *
 *   vf   16 float32        vd   16 float64        vi   16 int32        vm   16 conditions        vb   64 bytes
 *
 * All of them follow IEEE 754 lane by lane, nearest even, so that a kernel gives the bits of its scalar definition:
 *
 *   vf_load store set add sub mul div    plain; _load and _store at any alignment
 *   vf_load_head(p, n), vf_store_head    the first n < 16 lanes, nothing else is touched; the other lanes are 0
 *   vf_fma(a, b, c)                      a b + c, rounded once
 *   vf_set_half(p)                       the half-precision number at p in all lanes; NaN becomes quiet
 *   vf_stream(p, v)                      vf_store of a whole line, p aligned to 64, around the cache where the machine can
 *   vf_stream_end()                      after the last one of them, before others may read
 *   vf_min(a, b), vf_max(a, b)           b where the two are equal or one is NaN
 *   vf_max_abs(a, b)                     the larger magnitude; that of a where b is a quiet NaN
 *   vf_min_abs(a, b)                     the smaller magnitude; no NaN
 *   vf_round                             to an integer, ties to even
 *   vf_reciprocal(a)                     about 1 / a, relative error below 2^-11, each instruction set another: for what is
 *                                        verified only; a and 1 / a are normal
 *   vf_copysign(magnitude, sign)         magnitude >= 0 with the sign of the other
 *   vf_limit(a, most)                    a clamped to -most..most, most > 0; no NaN
 *   vf_trunc                             towards zero
 *   vf_select(m, yes, no)
 *   vf_gt ge eq ne                       ordered: false with NaN; ne: true with NaN
 *   vf_least, vf_greatest, vd_greatest   of the lanes; no NaN, the sign of a zero is any
 *   vf_least_of_each(v), vf_greatest_of_each(v)     of the lanes of v[i] in lane i, v[16]; the same
 *   vf_lookup16(table, index), vf_lookup32   table[index mod 16], [index mod 32]
 *   vf_pick16(table, index), vf_pick32(low, high, index)     the same from tables in vectors; QL_QUICK_PICK32: the second
 *                                        takes no longer than the first
 *   vf_pick8(table, index)               table[index], 0 <= index < 8
 *   vf_gather(p, index)                  p[index] of any table
 *   vf_compress, vi_compress(p, m, v)    the lanes of m to p, in order; returns how many. May write 16 lanes
 *   QL_QUICK_COMPRESS                    so quickly that one does it without a look whether there are any
 *   vi_...                               the same of integers; wrapping; _u: unsigned
 *   vi_shl, vi_shr, vi_sar               by a constant; shr fills with zeros, sar with the sign
 *   vi_add_where(m, a, b)                a + b where m, else a
 *   vi_load_u8 i8 u16, vi_store_i16 u16  16 narrow integers; storing keeps the low bits
 *   vi_store_i16_two(p, a, b)            32 codes, which fit int16
 *   vi_from_bytes(first, second)         the bytes of two words, each from its low end
 *   vi_load_nibbles(p)                   the nibbles of 8 bytes, of a byte the high one first, in the low 4 bits; above is
 *                                        anything
 *   vi_set_cell(p)                       the 4 bytes at p in all lanes
 *   vi_load_levels(p, levels, out)       QL_LEVEL_VECTORS vectors of bytes levels[nibble]: those of the first half are the
 *                                        low nibbles at p in order, those of the second half the high ones of the same bytes
 *   vi_add_cell_products(sum, u, s)      sum + the products of the 4 unsigned bytes of u and the 4 signed ones of s; wrapping
 *   vf_bits, vf_from_bits                the same bits as the other type
 *   vf_to_int, vd_to_int                 towards zero; a value beyond int32 becomes any integer
 *   vi_to_float, vd_from_int             nearest even
 *   vi_has_bit(bits, index)              bit number (index mod 1024) of a set, bits[32]
 *   vf_load_half(p)                      16 half-precision numbers; NaN becomes quiet
 *   vm_bits, vm_from_bits                lane i is bit i; of more than 16 bits the low ones
 *   vb_load_low(p)                       the low bytes of 64 codes
 *   vb_equal(v, byte)                    bit i: byte i equals it
 *   vd_load_f(p), vf_to_double           float32 as float64
 *   vd_to_float                          nearest even
 *   vd_add_exact_product(sum, x, y)      sum + x y where the product of the two is exact in float64 (both are float32):
 *                                        fused or not, the same bits
 *   vd_max_abs(x, y)                     the larger magnitude; no NaN
 */
#ifndef QL_KERNELS_SIMD_H
#define QL_KERNELS_SIMD_H

#if defined(__AVX512F__)
#include "kernels/simd_avx512.h"
#elif defined(__AVX2__)
#include "kernels/simd_avx2.h"
#elif defined(__aarch64__)
#include "kernels/simd_neon.h"
#endif

#endif
