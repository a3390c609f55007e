#!/usr/bin/env python3
"""Writes inputs/*.npy: what the linear layers of the demo model see.

    /usr/bin/python3 data/make_inputs.py      (needs NumPy)

The model reads the first 512 bytes of eval.txt, a whole context, in float64. Of each of its sixteen matrices the input is
kept, X[512][inputs] as F16 with a token in each row, under the name of the matrix: inputs/h.1.attn.c_attn.npy goes with
h.1.attn.c_attn.weight.
"""
import json
import os
import struct

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))


def load(path):
    with open(path, "rb") as file:
        data = file.read()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    meta = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + size + offset for offset in entry["data_offsets"])
        tensors[name] = np.frombuffer(data[begin:end], dtype="<f2").reshape(entry["shape"]).astype(np.float64)
    return tensors, meta


def normed(x, gain, bias):
    mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return (x - mean) / np.sqrt(variance + 1e-5) * gain + bias


def gelu(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x ** 3)))


def inputs_of(t, heads, ids):
    """The input of each matrix by its name, as the model reads ids."""
    seen = {}
    n, width = len(ids), t["wpe.weight"].shape[1]
    mask = np.triu(np.full((n, n), -np.inf), 1)
    x = t["wte.weight"][ids] + t["wpe.weight"][:n]

    def linear(name, value):
        seen[name] = value
        return value @ t[name + ".weight"] + t[name + ".bias"]

    for layer in range(sum(name.endswith("attn.c_attn.weight") for name in t)):
        p = "h.%d." % layer
        qkv = linear(p + "attn.c_attn", normed(x, t[p + "ln_1.weight"], t[p + "ln_1.bias"]))
        q, k, v = (part.reshape(n, heads, width // heads).transpose(1, 0, 2) for part in np.split(qkv, 3, 1))
        scores = q @ k.transpose(0, 2, 1) / np.sqrt(width // heads) + mask
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        scores /= scores.sum(-1, keepdims=True)
        x = x + linear(p + "attn.c_proj", (scores @ v).transpose(1, 0, 2).reshape(n, width))
        hidden = linear(p + "mlp.c_fc", normed(x, t[p + "ln_2.weight"], t[p + "ln_2.bias"]))
        x = x + linear(p + "mlp.c_proj", gelu(hidden))
    return seen


def main():
    tensors, meta = load(os.path.join(HERE, "storyteller.safetensors"))
    with open(os.path.join(HERE, "eval.txt"), "rb") as file:
        text = np.frombuffer(file.read(tensors["wpe.weight"].shape[0]), dtype=np.uint8)
    folder = os.path.join(HERE, "inputs")
    os.makedirs(folder, exist_ok=True)
    for name, value in inputs_of(tensors, int(meta["n_head"]), text).items():
        np.save(os.path.join(folder, name + ".npy"), value.astype("<f2"))
        print("%-16s %4d of %4d features at or above 6, largest %5.1f" %
              (name, (np.abs(value).max(0) >= 6).sum(), value.shape[1], np.abs(value).max()))


if __name__ == "__main__":
    main()
