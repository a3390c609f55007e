"""ggml's types: sizes, and the value of every weight of a block, in float32 arithmetic as ggml's reference does it.

https://github.com/ggml-org/ggml: src/ggml-common.h (layouts), src/ggml-quants.c (dequantize_row_*).
"""
import struct

from .values import decode, f32, half, random_raw, small_float

# name: id, weights of a block, bytes of a block
TYPES = {"F32": (0, 1, 4), "F16": (1, 1, 2), "Q4_0": (2, 32, 18), "Q4_1": (3, 32, 20), "Q5_0": (6, 32, 22),
         "Q5_1": (7, 32, 24),
         "Q8_0": (8, 32, 34), "Q8_1": (9, 32, 36), "Q2_K": (10, 256, 84), "Q3_K": (11, 256, 110), "Q4_K": (12, 256, 144),
         "Q5_K": (13, 256, 176), "Q6_K": (14, 256, 210), "Q8_K": (15, 256, 292), "IQ2_XXS": (16, 256, 66),
         "IQ2_XS": (17, 256, 74), "IQ3_XXS": (18, 256, 98), "IQ1_S": (19, 256, 50), "IQ4_NL": (20, 32, 18),
         "IQ3_S": (21, 256, 110), "IQ2_S": (22, 256, 82), "IQ4_XS": (23, 256, 136), "I8": (24, 1, 1), "I16": (25, 1, 2),
         "I32": (26, 1, 4), "I64": (27, 1, 8), "F64": (28, 1, 8), "IQ1_M": (29, 256, 56), "BF16": (30, 1, 2),
         "TQ1_0": (34, 256, 54), "TQ2_0": (35, 256, 66), "MXFP4": (39, 32, 17), "NVFP4": (40, 64, 36), "Q1_0": (41, 128, 18),
         "Q2_0": (42, 64, 18)}
IQ4 = (-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113)


def lo_then_hi(codes):
    return [b & 15 for b in codes] + [b >> 4 for b in codes]


def h(block, at):
    return half(struct.unpack_from("<H", block, at)[0])


def scaled(d, codes):
    return [f32(d * q) for q in codes]


def shifted(d, codes, m):
    return [f32(f32(d * q) + m) for q in codes]


def q4_0(b):
    return scaled(h(b, 0), [q - 8 for q in lo_then_hi(b[2:])])


def q4_1(b):
    return shifted(h(b, 0), lo_then_hi(b[4:]), h(b, 2))


def fifth_bit(codes, word):
    return [q | (word >> j & 1) << 4 for j, q in enumerate(codes)]


def q5_0(b):
    return scaled(h(b, 0), [q - 16 for q in fifth_bit(lo_then_hi(b[6:]), struct.unpack_from("<I", b, 2)[0])])


def q5_1(b):
    return shifted(h(b, 0), fifth_bit(lo_then_hi(b[8:]), struct.unpack_from("<I", b, 4)[0]), h(b, 2))


def q8_0(b):
    return scaled(h(b, 0), struct.unpack("<32b", b[2:]))


def q8_1(b):
    return scaled(h(b, 0), struct.unpack("<32b", b[4:]))


def q8_k(b):
    return scaled(struct.unpack_from("<f", b)[0], struct.unpack_from("<256b", b, 4))


def two_bits(codes):
    """Groups of 16 in the order of Q2_K and Q3_K: half, shift, lane."""
    for half_ in range(2):
        for shift in range(0, 8, 2):
            for lane in range(2):
                start = 32 * half_ + 16 * lane
                yield half_, shift, lane, [c >> shift & 3 for c in codes[start:start + 16]]


def q2_k(b):
    d, minimum, out = h(b, 80), h(b, 82), []
    for j, (_, _, _, codes) in enumerate(two_bits(b[16:80])):
        dl, ml = f32(d * (b[j] & 15)), f32(minimum * (b[j] >> 4))
        out += [f32(f32(dl * q) - ml) for q in codes]
    return out


def q3_k(b):
    d, s, out = h(b, 108), b[96:108], []
    for j, (half_, shift, lane, codes) in enumerate(two_bits(b[32:96])):
        scale = (s[j] & 15 if j < 8 else s[j - 8] >> 4) | (s[8 + j % 4] >> 2 * (j // 4) & 3) << 4
        dl, bit = f32(d * (scale - 32)), 4 * half_ + shift // 2
        out += [f32(dl * (q - (0 if b[16 * lane + l] >> bit & 1 else 4))) for l, q in enumerate(codes)]
    return out


def scale_and_minimum(s, j):
    if j < 4:
        return s[j] & 63, s[j + 4] & 63
    return s[j + 4] & 15 | s[j - 4] >> 6 << 4, s[j + 4] >> 4 | s[j] >> 6 << 4


def q45_k(b, codes_at, high):
    d, minimum, out = h(b, 0), h(b, 2), []
    for j in range(8):
        scale, m = scale_and_minimum(b[4:16], j)
        codes = b[codes_at + 32 * (j // 2):][:32]
        codes = [c >> 4 if j % 2 else c & 15 for c in codes]
        if high:
            codes = [c | (b[16 + l] >> j & 1) << 4 for l, c in enumerate(codes)]
        dl, ml = f32(d * scale), f32(minimum * m)
        out += [f32(f32(dl * q) - ml) for q in codes]
    return out


def q4_k(b):
    return q45_k(b, 16, False)


def q5_k(b):
    return q45_k(b, 48, True)


def q6_k(b):
    d, scales, out = h(b, 208), struct.unpack_from("<16b", b, 192), []
    for n in range(2):
        for k in range(4):
            for l in range(32):
                low = b[64 * n + 32 * (k % 2) + l]
                q = (low & 15 if k < 2 else low >> 4) | (b[128 + 32 * n + l] >> 2 * k & 3) << 4
                out.append(f32(f32(d * scales[8 * n + 2 * k + l // 16]) * (q - 32)))
    return out


def iq4_nl(b):
    return scaled(h(b, 0), [IQ4[q] for q in lo_then_hi(b[2:])])


def iq4_xs(b):
    d, high, out = h(b, 0), struct.unpack_from("<H", b, 2)[0], []
    for j in range(8):
        scale = (b[4 + j // 2] >> 4 * (j % 2) & 15) | (high >> 2 * j & 3) << 4
        out += scaled(f32(d * (scale - 32)), [IQ4[q] for q in lo_then_hi(b[8 + 16 * j:24 + 16 * j])])
    return out


def tq1_0(b):
    d, out = h(b, 52), []
    for begin, end, digits in ((0, 32, 5), (32, 48, 5), (48, 52, 4)):
        for k in range(digits):
            out += scaled(d, [((c * 3 ** k & 255) * 3 >> 8) - 1 for c in b[begin:end]])
    return out


def tq2_0(b):
    return [f32(h(b, 64) * ((b[32 * n + l] >> 2 * k & 3) - 1)) for n in range(2) for k in range(4) for l in range(32)]


def e2m1(q):
    """From a table of integers in the reference, so that there is no negative zero."""
    return small_float(q, "F4") + 0.0


def mxfp4(b):
    return [f32(e2m1(q) * 2.0 ** (b[0] - 127)) for q in lo_then_hi(b[1:])]


def nvfp4(b):
    out = []
    for group in range(4):
        code = b[group] & 127
        scale = 0.0 if code == 127 else small_float(code, "F8_E4M3")
        out += [f32(scale * e2m1(q)) for q in lo_then_hi(b[4 + 8 * group:12 + 8 * group])]
    return out


def q1_0(b):
    return [h(b, 0) if b[2 + j // 8] >> j % 8 & 1 else -h(b, 0) for j in range(128)]


def q2_0(b):
    return scaled(h(b, 0), [(b[2 + j // 4] >> 2 * (j % 4) & 3) - 1 for j in range(64)])


BLOCKS = {f.__name__.upper(): f for f in (q4_0, q4_1, q5_0, q5_1, q8_0, q8_1, q8_k, q2_k, q3_k, q4_k, q5_k, q6_k, iq4_nl,
                                          iq4_xs,
                                          tq1_0, tq2_0, mxfp4, nvfp4, q1_0, q2_0)}
HALVES = {"Q4_0": (0,), "Q4_1": (0, 2), "Q5_0": (0,), "Q5_1": (0, 2), "Q8_0": (0,), "Q8_1": (0, 2), "Q2_K": (80, 82),
          "Q3_K": (108,), "Q4_K": (0, 2), "Q5_K": (0, 2), "Q6_K": (208,), "IQ4_NL": (0,), "IQ4_XS": (0,), "TQ1_0": (52,),
          "TQ2_0": (64,), "Q1_0": (0,), "Q2_0": (0,)}


def values(kind, raw):
    _, weights, size = TYPES[kind]
    if weights == 1:
        return decode(kind, raw)
    if kind not in BLOCKS:
        return None
    return [v for at in range(0, len(raw), size) for v in BLOCKS[kind](raw[at:at + size])]


def random_blocks(kind, count, rng):
    """Any codes, scales of usual size (any half where kind says so would be infinite now and then)."""
    _, weights, size = TYPES[kind]
    if weights == 1:
        return random_raw(kind, count, rng)
    out = bytearray()
    for _ in range(count // weights):
        block = bytearray(rng.getrandbits(8) for _ in range(size))
        for at in HALVES.get(kind, ()):
            struct.pack_into("<e", block, at, rng.random() / 8 - 1 / 32)
        if kind == "Q8_K":
            struct.pack_into("<f", block, 0, rng.random() / 8)
        if kind == "MXFP4":
            block[0] = 118 + rng.getrandbits(4)
        out += block
    return bytes(out)
