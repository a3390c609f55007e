#!/usr/bin/env python3
"""The numbers of tests/test_cli_numbers.c, found a second way: a few lines of NumPy that share nothing with qloupe.

    python3 tests/check_compare.py          prints the table that stands in the test
    python3 tests/check_compare.py JSON     checks the output of `qloupe compare ... --json` against it
"""
import json
import struct
import sys

import numpy as np

with open("data/storyteller.safetensors", "rb") as file:
    header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
    begin, end = header["h.2.mlp.c_fc.weight"]["data_offsets"]
    stored = np.frombuffer(file.read()[begin:end], np.float16).reshape(header["h.2.mlp.c_fc.weight"]["shape"])
W = stored.T.astype(np.float64)  # stored [in, out]; W is [out][in]


def absmax(w, bits):  # one group per row of w
    d = np.float32(abs(w).max(1, keepdims=True) / (2 ** (bits - 1) - 1)).astype(np.float64)
    return np.rint(w / d) * d


def zeropoint(w, bits):
    lo, hi, least = np.minimum(w.min(1, keepdims=True), 0), np.maximum(w.max(1, keepdims=True), 0), -(2 ** (bits - 1))
    d = np.float32((hi - lo) / (2**bits - 1)).astype(np.float64)
    z = np.clip(np.rint(least - lo / d), least, -least - 1)
    return (np.clip(np.rint(w / d) + z, least, -least - 1) - z) * d


RESULTS = {
    "absmax": (absmax(W.reshape(1, -1), 8), 8 + 32 / W.size),
    "absmax:per=row": (absmax(W, 8), 8 + 32 * len(W) / W.size),
    "zeropoint:bits=4,per=row": (zeropoint(W, 4), 4 + (32 + 4) * len(W) / W.size),
    "absmax:bits=4,per=block,block=64": (absmax(W.reshape(-1, 64), 4), 4 + 32 / 64),
}


def measure(y):
    y = np.float32(y).astype(np.float64).reshape(W.shape)
    e = W - y
    return {
        "mae": abs(e).mean(),
        "mse": (e * e).mean(),
        "max_abs": abs(e).max(),
        "sqnr_db": 10 * np.log10((W * W).sum() / (e * e).sum()),
        "cosine": (W * y).sum() / np.sqrt((W * W).sum()) / np.sqrt((y * y).sum()),
        "zero_frac": (y == 0).mean(),
        "worst_row_mse": (e * e).mean(1).max(),
        "p99_abs": np.percentile(abs(e), 99),
        "rmse_over_std": np.sqrt((e * e).mean()) / W.std(),
    }


if len(sys.argv) == 1:
    for spec, (y, bits_per_weight) in RESULTS.items():
        print(f'    {{ "{spec}", {bits_per_weight!r}, {{', ", ".join(f"{float(v)!r}" for v in measure(y).values()), "} },")
    sys.exit()
worst = 0
for result in json.load(open(sys.argv[1]))["results"]:
    y, bits_per_weight = RESULTS[result["spec"]]
    assert result["bits_per_weight"] == bits_per_weight
    for name, expected in measure(y).items():
        worst = max(worst, abs(result["metrics"][name] - expected) / abs(expected))
print(f"largest relative difference {worst:.1e}")
sys.exit(int(worst > 1e-9))
