#!/usr/bin/env python3
"""Writes loud.npy: a matrix on which a clip improves the weights and ruins the product.

    python3 data/make_loud.py      (the same bytes on every machine; standard library only)

W[64][512], F16: normal, deviation 0.02. Twelve weights of 0.3 stand in one column, that of the channel which is loudest in
the activations that qloupe makes up (seed 7: src/matmul/synthetic.c). A clip at the 99.9th percentile cuts them: the other
weights gain far more than twelve lose, but those twelve are multiplied by what is twenty times as loud.
"""
import os
import random
import struct

ROWS, COLS, SEED = 64, 512, 7
MASK = (1 << 64) - 1


def mix(a, b, c):
    z = (a * 0x9E3779B97F4A7C15 + b * 0xD1342543DE82EF95 + c * 0xA0761D6478BD642F + 0x9E3779B97F4A7C15) & MASK
    for _ in range(2):
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        z ^= z >> 31
    return z


LOUDEST = mix(~SEED & MASK, 0, COLS) % COLS

source = random.Random(1)
weights = [source.gauss(0, 0.02) for _ in range(ROWS * COLS)]
for i in range(12):
    weights[5 * i * COLS + LOUDEST] = 0.3 if i % 2 else -0.3

header = "{'descr': '<f2', 'fortran_order': False, 'shape': (%d, %d), }" % (ROWS, COLS)
header = (header + " " * (117 - len(header)) + "\n").encode()
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "loud.npy"), "wb") as out:
    out.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header)
    out.write(struct.pack("<%de" % len(weights), *weights))
