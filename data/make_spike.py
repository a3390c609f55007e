#!/usr/bin/env python3
"""Writes spike.npy: a matrix in which one weight sets the step of all.

    python3 data/make_spike.py      (the same bytes on every machine; standard library only)

W[96][256], F16: normal, deviation 0.0445; one weight of -1.64, 37 deviations out. With one scale for the tensor, half of the
8-bit codes stay idle; a scale for each row leaves the coarse step to one row in 96.
"""
import os
import random
import struct

ROWS, COLS, ROW, COL = 96, 256, 29, 120

source = random.Random(1)
weights = [source.gauss(0, 0.0445) for _ in range(ROWS * COLS)]
weights[ROW * COLS + COL] = -1.64

header = "{'descr': '<f2', 'fortran_order': False, 'shape': (%d, %d), }" % (ROWS, COLS)
header = (header + " " * (117 - len(header)) + "\n").encode()
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "spike.npy"), "wb") as out:
    out.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header)
    out.write(struct.pack("<%de" % len(weights), *weights))
