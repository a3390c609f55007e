#!/usr/bin/env python3
"""Blocks of ggml's quantized types and their values.   Run:  python3 make_blocks.py [OUTDIR]     (default ./blocks)

The same layout; a case is of scheme ggmldec. Every type of a GGUF file whose values follow from its bytes alone, that is all
but the IQ types with a codebook. Element by element as https://github.com/ggml-org/ggml defines it (dequantize_row_* of
ggml-quants.c), every product and sum rounded to float32. Needs nothing but Python.
"""
import json
import math
import os
import random
import struct
import sys

BLOCKS = 5


def f32(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


def half(b, at):
    return struct.unpack_from("<e", b, at)[0]


def i8(byte):
    return byte - 256 if byte > 127 else byte


def nibble(byte, high):
    return byte >> 4 if high else byte & 15


def crumb(byte, n):
    return byte >> 2 * n & 3


def affine(d, q, m=None):
    """d q + m in float32; d (-0) where there is no m stays -0"""
    return f32(d * q) if m is None else f32(f32(d * q) + m)


# ---------------------------------------------------------------- blocks of 32: element j is nibble j / 16 of byte j % 16
def q4_0(b):
    return [affine(half(b, 0), nibble(b[2 + j % 16], j > 15) - 8) for j in range(32)]


def q4_1(b):
    return [affine(half(b, 0), nibble(b[4 + j % 16], j > 15), half(b, 2)) for j in range(32)]


def fifth(b, at, j):
    return (struct.unpack_from("<I", b, at)[0] >> j & 1) << 4


def q5_0(b):
    return [affine(half(b, 0), (nibble(b[6 + j % 16], j > 15) | fifth(b, 2, j)) - 16) for j in range(32)]


def q5_1(b):
    return [affine(half(b, 0), nibble(b[8 + j % 16], j > 15) | fifth(b, 4, j), half(b, 2)) for j in range(32)]


def q8_0(b):
    return [affine(half(b, 0), i8(q)) for q in b[2:]]


def q8_1(b):
    return [affine(half(b, 0), i8(q)) for q in b[4:]]


def q8_k(b):
    return [affine(struct.unpack_from("<f", b)[0], i8(q)) for q in b[4:260]]


IQ4 = (-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113)
E2M1 = (0, .5, 1, 1.5, 2, 3, 4, 6, 0, -.5, -1, -1.5, -2, -3, -4, -6)


def iq4_nl(b):
    return [affine(half(b, 0), IQ4[nibble(b[2 + j % 16], j > 15)]) for j in range(32)]


def mxfp4(b):
    return [f32(E2M1[nibble(b[1 + j % 16], j > 15)] * 2.0 ** (b[0] - 127)) for j in range(32)]


# ---------------------------------------------------------------- other lengths
def e4m3(byte):
    s = byte & 127
    return 0.0 if s in (0, 127) else math.ldexp(s & 7 | (8 if s >> 3 else 0), max(s >> 3, 1) - 10)


def nvfp4(b):
    """four groups of 16: eight bytes, their low nibbles first"""
    return [affine(e4m3(b[g]), E2M1[nibble(b[4 + 8 * g + j % 8], j > 7)]) for g in range(4) for j in range(16)]


def q1_0(b):
    return [half(b, 0) if b[2 + j // 8] >> j % 8 & 1 else -half(b, 0) for j in range(128)]


def q2_0(b):
    return [affine(half(b, 0), crumb(b[2 + j // 4], j % 4) - 1) for j in range(64)]


# ---------------------------------------------------------------- blocks of 256
def k_crumbs(b, at):
    """(group of 16, place in the 32 bytes of a half, place in the half's crumbs, value)"""
    for j in range(16):
        for l in range(16):
            byte, n = 16 * (j % 2) + l, j % 8 // 2
            yield j, byte, n, crumb(b[at + 32 * (j // 8) + byte], n)


def q2_k(b):
    d, m = half(b, 80), half(b, 82)
    return [f32(f32(f32(d * (b[j] & 15)) * q) - f32(m * (b[j] >> 4))) for j, _, _, q in k_crumbs(b, 16)]


def q3_k(b):
    s = b[96:108]
    scale = [(nibble(s[j % 8], j > 7) | crumb(s[8 + j % 4], j // 4) << 4) - 32 for j in range(16)]
    return [f32(f32(half(b, 108) * scale[j]) * (q - (0 if b[byte] >> 4 * (j // 8) + n & 1 else 4)))
            for j, byte, n, q in k_crumbs(b, 32)]


def six_bits(s):
    """eight scales, eight minima"""
    low = [x & 63 for x in s[:8]]
    scales = low[:4] + [s[8 + j] & 15 | s[j] >> 6 << 4 for j in range(4)]
    return scales, low[4:] + [s[8 + j] >> 4 | s[4 + j] >> 6 << 4 for j in range(4)]


def k_nibbles(b, at, high):
    d, m = half(b, 0), half(b, 2)
    scales, minima = six_bits(b[4:16])
    return [f32(f32(f32(d * scales[j]) * (nibble(b[at + 32 * (j // 2) + l], j % 2) | high(j, l) << 4)) - f32(m * minima[j]))
            for j in range(8) for l in range(32)]


def q4_k(b):
    return k_nibbles(b, 16, lambda j, l: 0)


def q5_k(b):
    return k_nibbles(b, 48, lambda j, l: b[16 + l] >> j & 1)


def q6_k(b):
    q = lambda n, k, l: nibble(b[64 * n + 32 * (k % 2) + l], k > 1) | crumb(b[128 + 32 * n + l], k) << 4
    return [f32(f32(half(b, 208) * i8(b[192 + 8 * n + 2 * k + l // 16])) * (q(n, k, l) - 32))
            for n in range(2) for k in range(4) for l in range(32)]


def iq4_xs(b):
    high = struct.unpack_from("<H", b, 2)[0]
    scale = [(nibble(b[4 + j // 2], j % 2) | (high >> 2 * j & 3) << 4) - 32 for j in range(8)]
    q = lambda j, l: nibble(b[8 + 16 * j + l % 16], l > 15)
    return [f32(f32(half(b, 0) * scale[j]) * IQ4[q(j, l)]) for j in range(8) for l in range(32)]


def tq1_0(b):
    """base 3: digit k of a byte is the integer part of 3 (byte 3^k mod 256) / 256"""
    digit = lambda byte, k: (byte * 3 ** k % 256) * 3 >> 8
    parts = ((0, 32, 5), (32, 16, 5), (48, 4, 4))
    return [affine(half(b, 52), digit(b[at + l], k) - 1) for at, n, digits in parts for k in range(digits) for l in range(n)]


def tq2_0(b):
    return [affine(half(b, 64), crumb(b[32 * n + l], k) - 1) for n in range(2) for k in range(4) for l in range(32)]


# name: values of a block, its bytes, places of its float16 numbers
TYPES = {
    "q4_0": (q4_0, 18, (0,)), "q4_1": (q4_1, 20, (0, 2)), "q5_0": (q5_0, 22, (0,)), "q5_1": (q5_1, 24, (0, 2)),
    "q8_0": (q8_0, 34, (0,)), "q8_1": (q8_1, 36, (0, 2)), "q2_K": (q2_k, 84, (80, 82)), "q3_K": (q3_k, 110, (108,)),
    "q4_K": (q4_k, 144, (0, 2)), "q5_K": (q5_k, 176, (0, 2)), "q6_K": (q6_k, 210, (208,)), "q8_K": (q8_k, 292, ()),
    "iq4_nl": (iq4_nl, 18, (0,)), "iq4_xs": (iq4_xs, 136, (0,)), "tq1_0": (tq1_0, 54, (52,)), "tq2_0": (tq2_0, 66, (64,)),
    "mxfp4": (mxfp4, 17, ()), "nvfp4": (nvfp4, 36, ()), "q1_0": (q1_0, 18, (0,)), "q2_0": (q2_0, 18, (0,)),
}


def random_block(g, kind, size, halves):
    """any bytes, but scales of weights: normal, now and then negative, subnormal or 0"""
    b = bytearray(g.getrandbits(8) for _ in range(size))
    for at in halves:
        struct.pack_into("<e", b, at, g.choice((g.gauss(0, 0.01), g.gauss(0, 1), g.gauss(0, 2e-6), 0.0)))
    if kind == "q8_K":
        struct.pack_into("<f", b, 0, g.gauss(0, 0.01))
    if kind == "mxfp4":
        b[0] = g.choice((0, 1, 118, 121, 127, 200))
    return bytes(b)


def save(path, dtype, shape, raw):
    head = "{'descr': '%s', 'fortran_order': False, 'shape': (%d,), }" % (dtype, shape)
    head += " " * (-(len(head) + 11) % 64) + "\n"
    with open(path, "wb") as f:
        f.write(b"\x93NUMPY\1\0" + struct.pack("<H", len(head)) + head.encode() + raw)


def blocks(out):
    g = random.Random(20240303)
    os.makedirs(os.path.join(out, "in"), exist_ok=True)
    os.makedirs(os.path.join(out, "out"), exist_ok=True)
    lines, inputs, cases = ["#id\tscheme\tinputs\tparams\toutputs(field=tolerance)"], {}, []
    for n, (kind, (values, size, halves)) in enumerate(TYPES.items()):
        raw = [random_block(g, kind, size, halves) for _ in range(BLOCKS)]
        deq = [v for b in raw for v in values(b)]
        name, cid = "blocks_" + kind, "%03d_ggmldec_%s" % (n + 1, kind)
        save(os.path.join(out, "in", name + ".npy"), "|u1", len(raw) * size, b"".join(raw))
        save(os.path.join(out, "out", cid + ".deq.npy"), "<f4", len(deq), struct.pack("<%df" % len(deq), *deq))
        lines.append("\t".join((cid, "ggmldec", name + ":raw", "kind=" + kind, "deq=exact")))
        inputs[name] = dict(dtype="raw", shape=[len(raw) * size], file=name + ".npy")
        cases.append(dict(id=cid, scheme="ggmldec", inputs=[name], params=dict(kind=kind), oracle={}, outputs=dict(
            deq=dict(file=cid + ".deq.npy", tol="exact", dtype="float32", shape=[len(deq)]))))
    with open(os.path.join(out, "index.tsv"), "w") as f:
        f.write("\n".join(lines) + "\n")
    with open(os.path.join(out, "index.json"), "w") as f:
        json.dump(dict(note="blocks of ggml's types; see README.md", inputs=inputs, cases=cases), f, indent=1)
    return len(cases)


if __name__ == "__main__":
    out = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "blocks")
    print(blocks(out), "cases ->", os.path.basename(out))
