#!/usr/bin/env python3
"""Layers of `qloupe matmul` beside what torch users write: dynamic int8 on oneDNN, and LLM.int8() emulated in float32.

    tests/bench_layers.py [--qloupe build/qloupe] [--quick]

X[512][4096] W[4096][4096]^T on one thread and on two. The two programs take turns; best of all runs. Everything that depends
on X is in the times: quantizing, finding outliers, splitting. The error of the emulation is compared with ours on a layer of
the demo model with its real inputs: exit 1 when they differ. Goals decide nothing.
"""
import argparse
import json
import os
import struct
import subprocess
import sys
import time

M, K, N = 512, 4096, 4096
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def llm_int8(x, w, threshold):
    """As tutorials write it: columns with an outlier in float, the rest as rounded codes in float matrices."""
    outlying = (x.abs() >= threshold).any(0)
    y = x[:, outlying] @ w[:, outlying].t()
    rest, weights = x[:, ~outlying], w[:, ~outlying]
    largest, largest_w = rest.abs().amax(1, keepdim=True), weights.abs().amax(1, keepdim=True)
    codes, codes_w = (rest * 127 / largest).round(), (weights * 127 / largest_w).round()
    return y + (codes @ codes_w.t()) * (largest * largest_w.t() / 16129)


def run_ours(qloupe, arguments, threads):
    command = [qloupe, "matmul", *arguments, "--json", "--quiet", "--no-state", "--threads", str(threads)]
    rows = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["results"]
    return {row["method"]: row for row in rows}


def worker(threads):
    import torch
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    torch.backends.quantized.engine = "onednn" if "onednn" in torch.backends.quantized.supported_engines else "fbgemm"
    x, w = torch.randn(M, K), torch.randn(N, K) * 0.02
    x[:, :6] *= 20
    codes = torch.quantize_per_tensor(w, float(w.abs().max()) / 127, 0, torch.qint8)
    packed = torch.ops.quantized.linear_prepack(codes, None)
    passes = {
        "dynamic": lambda: torch.ops.quantized.linear_dynamic(x, packed, True),
        "llm_int8": lambda: llm_int8(x, w, 6.0),
        "fp32": lambda: torch.nn.functional.linear(x, w),
    }
    with torch.inference_mode():
        for line in sys.stdin:
            run = passes[line.strip()]
            run()
            begin = time.perf_counter()
            run()
            print(1e3 * (time.perf_counter() - begin), flush=True)


def check_error(qloupe):
    """What is wrong with the error of LLM.int8() on real inputs, or None."""
    import numpy as np
    import torch
    layer = "h.1.attn.c_attn"
    with open(os.path.join(ROOT, "data/storyteller.safetensors"), "rb") as file:
        data = file.read()
    size = struct.unpack("<Q", data[:8])[0]
    entry = json.loads(data[8:8 + size])[layer + ".weight"]
    begin, end = (8 + size + offset for offset in entry["data_offsets"])
    stored = np.frombuffer(data[begin:end], "<f2").reshape(entry["shape"])
    w = torch.from_numpy(np.ascontiguousarray(stored.T).astype(np.float32))
    inputs = os.path.join(ROOT, "data/inputs", layer + ".npy")
    x = torch.from_numpy(np.load(inputs).astype(np.float32))
    exact = x.double() @ w.double().t()
    theirs = float(torch.linalg.norm(llm_int8(x, w, 6.0).double() - exact) / torch.linalg.norm(exact))
    ours = run_ours(qloupe, [os.path.join(ROOT, "data/storyteller.safetensors"), "-t", layer + ".weight", "--x", inputs,
                             "-m", "llm_int8:6", "--runs", "1"], 1)["llm_int8:6"]["rel_fro"]
    print(f"\nerror of LLM.int8() on {layer} with its real inputs: {ours:.6f} here, {theirs:.6f} in torch")
    return None if abs(ours - theirs) < 0.01 * theirs else "bench_layers: the errors differ"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--qloupe", default="build/qloupe")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        return worker(int(options.worker))
    turns = 2 if options.quick else 6
    rows = [("dynamic int8", "int8:row", "dynamic", 1.15), ("LLM.int8()", "llm_int8:6", "llm_int8", 12),
            ("float32", "fp32", "fp32", None)]
    for threads in (1, 2):
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads),
                       "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1", "GLOG_minloglevel": "2"}
        peer = subprocess.Popen([sys.executable, os.path.abspath(__file__), "--worker", str(threads)], text=True,
                                env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        best = {}
        for _ in range(turns):
            ours = run_ours(options.qloupe, ["--shape", f"{M}x{K}x{N}", "--outlier-channels", "6", "--runs", "4",
                                             *[word for row in rows for word in ("-m", row[1])]], threads)
            for title, method, name, _ in rows:
                best[title, "ours"] = min(best.get((title, "ours"), 1e9), ours[method]["ms_min"])
                for _ in range(2):
                    peer.stdin.write(name + "\n")
                    peer.stdin.flush()
                    best[title, "torch"] = min(best.get((title, "torch"), 1e9), float(peer.stdout.readline()))
        peer.stdin.close()
        peer.wait()
        print(f"\nLayers {M}x{K}x{N}, {threads} thread{'s' if threads > 1 else ''}, ms, best, with all that depends on X\n")
        print(f"{'':16}{'qloupe':>9}{'torch':>9}{'':9}  goals")
        for title, _, _, goal in rows:
            a, b = best[title, "ours"], best[title, "torch"]
            words = f"  >= {goal:g} x torch: {'met' if b >= goal * a else 'MISSED'}" if goal and threads == 1 else ""
            print(f"{title:16}{a:9.2f}{b:9.2f}{b / a:7.1f} x{words}")
    wrong = check_error(options.qloupe)
    if wrong:
        print(wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
