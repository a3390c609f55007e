/*
 * Decoders of the K-quants, little endian, offsets in bytes. nib: a nibble; crumb s: bits 2s and 2s + 1 of a byte.
 *
 *   q2_K  0         16                  80     82        84
 *         | 16 x u8 | 64 x u8 crumbs    | f16 d | f16 m |   scale i: low nibble scales q, high nibble scales the minimum
 *   q3_K  0            32               96           108   110
 *         | 32 x u8 hm | 64 x u8 crumbs | 12 bytes s | f16 d |  hm: bit 2 of q, inverted; s: 16 scales of 6 bits
 *   q4_K  0       2       4            16                        144
 *         | f16 d | f16 m | 12 bytes s | 128 x u8 nibs           |  s: 8 scales and 8 minima of 6 bits
 *   q5_K  0       2       4            16           48           176
 *         | f16 d | f16 m | 12 bytes s | 32 x u8 qh | 128 x nibs |  qh: bit 4 of q
 *   q6_K  0               128           192         208     210
 *         | 128 x u8 nibs | 64 x crumbs | 16 x i8 s | f16 d |   crumbs: bits 4 and 5 of q
 */
#include "tensor/kquants.h"

#include "tensor/convert.h"

static float half_at(const uint8_t *bytes)
{
    return ql_half_to_float((uint16_t)(bytes[0] | bytes[1] << 8));
}

/*
 * q2_K and q3_K go through the crumbs alike: half h of the block (128 elements) has its own 32 bytes; crumb s of them are
 * 32 elements in a row, in two sub-blocks of 16.
 *
 *   element 128 h + 32 s + l = crumb s of byte 32 h + l      sub-block i = 8 h + 2 s + l / 16
 */
void ql_q2_k_decode(const uint8_t block[84], float out[QL_KQUANT_ELEMENTS])
{
    const uint8_t *scales = block, *crumbs = block + 16;
    const float d = half_at(block + 80), m = half_at(block + 82);
    for (int i = 0; i < 16; i++) {
        const int h = i / 8, s = i / 2 % 4, u = i % 2;
        const float step = d * (float)(scales[i] & 15), minimum = m * (float)(scales[i] >> 4);
        for (int l = 0; l < 16; l++) {
            const int q = crumbs[32 * h + 16 * u + l] >> 2 * s & 3;
            *out++ = (float)q * step - minimum;
        }
    }
}

/* Scale i of q3_K: the low 4 bits are the nibbles of bytes 0..7, low ones first; the high 2 are crumb i / 4 of byte
   8 + i % 4. */
static int q3_scale(const uint8_t s[12], int i)
{
    const int low = i < 8 ? s[i] & 15 : s[i - 8] >> 4, high = s[8 + i % 4] >> 2 * (i / 4) & 3;
    return (low | high << 4) - 32;
}

void ql_q3_k_decode(const uint8_t block[110], float out[QL_KQUANT_ELEMENTS])
{
    const uint8_t *mask = block, *crumbs = block + 32, *scales = block + 96;
    const float d = half_at(block + 108);
    for (int i = 0; i < 16; i++) {
        const int h = i / 8, s = i / 2 % 4, u = i % 2;
        const float step = d * (float)q3_scale(scales, i);
        for (int l = 0; l < 16; l++) {
            const int q = crumbs[32 * h + 16 * u + l] >> 2 * s & 3, high = mask[16 * u + l] >> (4 * h + s) & 1;
            *out++ = (float)(q - (high ? 0 : 4)) * step;
        }
    }
}

/*
 * Sub-block j = 0..7 of q4_K and q5_K: 6 bits of scale, 6 of minimum, in 12 bytes:
 *   byte j      | scale j + 4: bits 4, 5   | scale j: bits 0..5       |
 *   byte j + 4  | minimum j + 4: bits 4, 5 | minimum j: bits 0..5     |      high bits on the left, j = 0..3
 *   byte j + 8  | minimum j + 4: bits 0..3 | scale j + 4: bits 0..3   |
 */
static void scale_and_minimum(const uint8_t s[12], int j, int *scale, int *minimum)
{
    if (j < 4) {
        *scale = s[j] & 63;
        *minimum = s[j + 4] & 63;
    } else {
        *scale = (s[j + 4] & 15) | (s[j - 4] >> 6) << 4;
        *minimum = (s[j + 4] >> 4) | (s[j] >> 6) << 4;
    }
}

/* Sub-blocks 2k and 2k + 1 are the low and high nibbles of nibs[32 k .. 32 k + 31]; bit j of high[l], when there are any,
   is bit 4 of element l of sub-block j. */
static void decode_nibbles(const uint8_t *block, const uint8_t *high, const uint8_t *nibs, float *out)
{
    const float d = half_at(block), m = half_at(block + 2);
    for (int j = 0; j < 8; j++) {
        int scale, minimum;
        scale_and_minimum(block + 4, j, &scale, &minimum);
        const float step = d * (float)scale, least = m * (float)minimum;
        for (int l = 0; l < 32; l++) {
            const int nib = nibs[32 * (j / 2) + l] >> 4 * (j % 2) & 15, bit = high ? high[l] >> j & 1 : 0;
            *out++ = (float)(nib | bit << 4) * step - least;
        }
    }
}

void ql_q4_k_decode(const uint8_t block[144], float out[QL_KQUANT_ELEMENTS])
{
    decode_nibbles(block, NULL, block + 16, out);
}

void ql_q5_k_decode(const uint8_t block[176], float out[QL_KQUANT_ELEMENTS])
{
    decode_nibbles(block, block + 16, block + 48, out);
}

/*
 * Half h of the block has 64 bytes of nibbles and 32 of crumbs; 32 elements in a row, t = 0..3 of them, are the low (t < 2)
 * or high nibbles of 32 bytes, in two sub-blocks of 16.
 *
 *   element 128 h + 32 t + l = nibble of byte 64 h + 32 (t % 2) + l, crumb t of byte 32 h + l
 */
void ql_q6_k_decode(const uint8_t block[210], float out[QL_KQUANT_ELEMENTS])
{
    const uint8_t *nibs = block, *crumbs = block + 128, *scales = block + 192;
    const float d = half_at(block + 208);
    for (int i = 0; i < 16; i++) {
        const int h = i / 8, t = i / 2 % 4, u = i % 2;
        const float step = d * (float)(int8_t)scales[i];
        for (int l = 16 * u; l < 16 * u + 16; l++) {
            const int low = nibs[64 * h + 32 * (t % 2) + l] >> 4 * (t / 2) & 15, high = crumbs[32 * h + l] >> 2 * t & 3;
            *out++ = (float)((low | high << 4) - 32) * step;
        }
    }
}
