#!/usr/bin/env python3
"""How long the passes of `qloupe bench` take beside what NumPy and torch users write for the same.

    tests/bench_peers.py [--qloupe build/qloupe] [--threads 1,2] [--quick]

All see the same bytes: a matrix of 4096 x 4096 float32, normal with deviation 0.02, one of a thousand 20 times as large.
Three processes - `qloupe bench --serve`, NumPy, torch - stay alive and take turns, one run of one pass at a time, so
that what else the machine does meets all of them; before each run the process reads its copy of the matrix three times, so
that all find the caches alike. Best of 11 turns; what takes more than a second gets 3 and is marked *.
torch runs with huge pages for malloc, without which page faults make it several times slower. The answers are compared:
exit 1 when they differ. Goals are printed as met or not and decide nothing. What is in no Debian package (ggml, gguf-py,
bitsandbytes) is not measured: those goals are rates.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

SIDE = 4096
PERCENTS = [0.1, 1, 5, 25, 50, 75, 95, 99, 99.9]
NF4 = [-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
       -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
       0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0]


# ---- What users write ------------------------------------------------------------------------------------------------

def numpy_passes(path):
    import numpy as np
    x = np.load(path)
    nf4 = np.array(NF4, np.float32)

    def errors(y):
        e = x - y
        return {"mae": float(np.abs(e).mean()), "mse": float(np.mean(e ** 2)), "max_abs": float(np.abs(e).max()),
                "cosine": float(x.ravel() @ y.ravel() / (np.linalg.norm(x) * np.linalg.norm(y)))}

    def absmax(axis=None):
        scale = np.float32(127) / np.max(np.abs(x), axis=axis, keepdims=axis is not None)
        return errors(np.clip(np.round(x * scale), -127, 127) / scale)

    def zeropoint():
        lo, hi = x.min(), x.max()
        scale = np.float32(255) / (hi - lo)
        zero = np.round(-128 - lo * scale)
        return errors((np.clip(np.round(x * scale) + zero, -128, 127) - zero) / scale)

    def histogram(bins):
        counts = np.histogram(x, bins)[0]
        return {"largest_bin": int(counts.max()), "mean_bin": float((np.arange(bins) * counts).sum() / counts.sum())}

    def kl(bins=2048, levels=128):
        magnitude = np.abs(x)
        largest = float(magnitude.max())
        counts = np.histogram(magnitude, bins, (0, largest))[0]
        total, best, best_kept = counts.sum(), np.inf, bins
        for kept in range(bins, levels - 1, -1):
            c = counts[:kept].astype(np.float64)
            inside, p = c.sum(), c.copy()
            p[-1] += total - inside
            if c[-1] == 0 and total > inside:
                continue
            level = np.arange(kept) * levels // kept
            q = np.bincount(level, c, levels) / np.maximum(np.bincount(level, c > 0, levels), 1)
            some = c > 0
            p, q = p[some] / total, q[level][some] / inside
            d = (p * np.log(p / q)).sum()
            if d < best - 1e-12:
                best, best_kept = d, kept
        return {"threshold": min((best_kept + 0.5) * largest / bins, largest)}

    def mse(candidates=100):
        largest, best = np.abs(x).max(), np.inf
        for k in range(candidates, 0, -1):
            scale = np.float32(127) / (largest * np.float32(k / candidates))
            y = np.clip(np.round(x * scale), -127, 127) / scale
            best = min(best, float(np.mean((x - y) ** 2)))
        return {"mse": best}

    def nf4_blocks():
        blocks = x.reshape(-1, 64)
        largest = np.abs(blocks).max(1, keepdims=True)
        codes = np.searchsorted((nf4[1:] + nf4[:-1]) / 2, blocks / largest).astype(np.uint8)
        packed = codes[:, ::2] << 4 | codes[:, 1::2]
        return {"mse": float(np.mean((blocks - nf4[codes] * largest) ** 2)), "packed": packed.nbytes}

    return {
        "read": x.max,
        "summary": lambda: {"min": float(x.min()), "max": float(x.max()), "mean": float(x.mean()), "std": float(x.std())},
        "absmax": absmax,
        "absmax-row": lambda: absmax(1),
        "zeropoint": zeropoint,
        "percentile": lambda: {"threshold": float(np.percentile(np.abs(x), 99.9))},
        "quantiles": lambda: {"sum": float(np.percentile(x, PERCENTS).sum())},
        "histogram-256": lambda: histogram(256),
        "histogram-2048": lambda: histogram(2048),
        "kl": kl,
        "mse": mse,
        "nf4": nf4_blocks,
    }


def torch_passes(path, threads):
    import numpy as np
    import torch
    torch.set_num_threads(threads)
    x = torch.from_numpy(np.load(path))
    nf4 = torch.tensor(NF4)

    def errors(y):
        e = x - y
        return {"mae": float(e.abs().mean()), "mse": float((e ** 2).mean()), "max_abs": float(e.abs().max()),
                "cosine": float(torch.nn.functional.cosine_similarity(x.flatten(), y.flatten(), 0))}

    def absmax():
        scale = 127 / x.abs().max()
        return errors((x * scale).round().clamp(-127, 127) / scale)

    def absmax_row():
        scale = 127 / x.abs().amax(1, keepdim=True)
        return errors((x * scale).round().clamp(-127, 127) / scale)

    def zeropoint():
        lo, hi = x.min(), x.max()
        scale = 255 / (hi - lo)
        zero = (-128 - lo * scale).round()
        return errors((((x * scale).round() + zero).clamp(-128, 127) - zero) / scale)

    def histogram(bins):
        counts = torch.histc(x, bins).double()
        return {"largest_bin": int(counts.max()), "mean_bin": float((torch.arange(bins) * counts).sum() / counts.sum())}

    def topk():
        # Linear between the two magnitudes around rank 99.9 % (numpy's rule).
        h = 0.999 * (x.numel() - 1)
        top = torch.topk(x.abs().flatten(), x.numel() - int(h)).values
        return {"threshold": float(top[-1] + (h - int(h)) * (top[-2] - top[-1]))}

    def mse(candidates=100):
        largest, best = x.abs().max(), float("inf")
        for k in range(candidates, 0, -1):
            scale = 127 / (largest * (k / candidates))
            y = (x * scale).round().clamp(-127, 127) / scale
            best = min(best, float(((x - y) ** 2).mean()))
        return {"mse": best}

    def nf4_blocks():
        blocks = x.view(-1, 64)
        largest = blocks.abs().amax(1, keepdim=True)
        codes = torch.bucketize(blocks / largest, (nf4[1:] + nf4[:-1]) / 2, out_int32=True)
        small = codes.to(torch.uint8)
        packed = small[:, ::2] << 4 | small[:, 1::2]
        return {"mse": float(((blocks - nf4[codes.long()] * largest) ** 2).mean()), "packed": packed.numel()}

    return {
        "read": x.max,
        "summary": lambda: {"min": float(x.min()), "max": float(x.max()), "mean": float(x.mean()), "std": float(x.std())},
        "absmax": absmax,
        "absmax-row": absmax_row,
        "zeropoint": zeropoint,
        "percentile": lambda: {"threshold": float(torch.quantile(x.abs().flatten(), 0.999))},
        "topk": topk,
        "histogram-256": lambda: histogram(256),
        "histogram-2048": lambda: histogram(2048),
        "mse": mse,
        "nf4": nf4_blocks,
    }


def work(which, path, threads):
    """A worker: as `qloupe bench --serve`, a pass a line in, a line of JSON out; the matrix is read before each run."""
    passes = numpy_passes(path) if which == "numpy" else torch_passes(path, threads)
    for line in sys.stdin:
        for _ in range(3):
            passes["read"]()
        begin = time.perf_counter()
        answers = passes[line.strip()]()
        print(json.dumps({"ms": 1e3 * (time.perf_counter() - begin), "answers": answers}), flush=True)


# ---- The rows --------------------------------------------------------------------------------------------------------

class Row:
    """ours, numpy, torch: the pass of each, None for none. tolerances: relative, by answer. goals: by number of threads,
    (kind, bound) with kind numpy and torch (times as fast), ms, read share and write share (of the bandwidth), gb_s, scaling
    (over one thread).
    minimum: our pass that tells the error of what ours found, which may be lower than theirs."""

    def __init__(self, title, ours, numpy=None, torch=None, tolerances=None, goals=None, minimum=None):
        self.title, self.ours, self.peers = title, ours, {"numpy": numpy, "torch": torch}
        self.tolerances, self.goals, self.minimum = tolerances or {}, goals or {}, minimum


ERRORS = {"mae": 1e-4, "mse": 1e-4, "max_abs": 1e-3, "cosine": 1e-5}
BINS = {"largest_bin": 1e-5, "mean_bin": 1e-6}
ROWS = [
    Row("read: all bytes added up", "read"),
    Row("statistics (ours: all of a profile)", "profile", "summary", "summary", {"min": 0, "max": 0, "std": 1e-4}),
    Row("absmax int8 and its errors, two passes", "absmax", "absmax", "absmax", ERRORS,
        {1: [("numpy", 35), ("torch", 50), ("ms", 4.5), ("stretch ms", 2.6)], 2: [("torch", 65), ("ms", 2.3)]}),
    Row("the same, known scale, one pass", "absmax-known", None, None, {}, {1: [("read share", 0.45), ("stretch read share", 0.70)]}),
    Row("absmax int8 per row and its errors", "absmax-row", "absmax-row", "absmax-row", ERRORS),
    Row("zeropoint int8 and its errors", "zeropoint", "zeropoint", "zeropoint", ERRORS),
    Row("exact percentile (torch.quantile)", "percentile", "percentile", "percentile", {"threshold": 1e-5},
        {1: [("numpy", 65), ("torch", 900), ("ms", 2.3)]}),
    Row("the same (torch.topk)", "percentile", None, "topk", {"threshold": 1e-6}),
    Row("nine exact quantiles, any rank", "quantiles", "quantiles", None, {"sum": 1e-5}, {1: [("ms", 8)]}),
    Row("histogram, 256 bins (torch.histc)", "histogram-256", "histogram-256", "histogram-256", BINS,
        {1: [("numpy", 14), ("torch", 11)], 2: [("torch", 11)]}),
    Row("histogram, 2,048 bins (torch.histc)", "histogram-2048", "histogram-2048", "histogram-2048", BINS,
        {1: [("numpy", 14), ("torch", 11)], 2: [("torch", 11)]}),
    Row("KL calibration, complete", "kl", "kl", None, {"threshold": 1e-6},
        {1: [("numpy", 20), ("ms", 7.4)], 2: [("numpy", 35)]}),
    Row("MSE search (ours 256 ranges, theirs 100)", "mse", "mse", "mse", {"mse": 1e-4},
        {1: [("ms", 100)], 2: [("ms", 55)]}, minimum="report-mse"),
    Row("NF4 in blocks of 64 and its MSE", "nf4", "nf4", "nf4", {"mse": 1e-5},
        {1: [("ms", 3.6), ("numpy", 140), ("read share", 0.25)], 2: [("scaling", 1.9)]}),
    Row("Q8_0 encode and its errors", "q8_0", None, None, {}, {1: [("gb_s", 22)]}),
    Row("Q4_0 encode and its errors", "q4_0", None, None, {}, {1: [("gb_s", 15)]}),
    Row("write: as many bytes", "write"),
    Row("NF4 decode to float32", "decode-nf4", None, None, {},
        {1: [("write share", 0.85)], 2: [("write share", 0.85)]}),
    Row("Q6_K decode to float32", "decode-q6_K", None, None, {}, {1: [("gb_s", 15)]}),
    Row("Q4_K decode to float32", "decode-q4_K", None, None, {}, {1: [("gb_s", 30)]}),
    Row("Q3_K decode to float32", "decode-q3_K", None, None, {}, {1: [("gb_s", 15)]}),
    Row("Q2_K decode to float32", "decode-q2_K", None, None, {}, {1: [("gb_s", 15)]}),
    Row("a knob is turned: whole report, absmax", "report-absmax"),
    Row("a knob is turned: whole report, NF4", "report-nf4"),
]


def judge(goal, ms, limits, single_ms):
    """A goal in words, and whether it is met; None when it cannot be told. limits: milliseconds of reading, of writing."""
    kind, bound = goal
    stretch, kind = kind.startswith("stretch "), kind.replace("stretch ", "")
    gigabytes = 4 * SIDE * SIDE * 1e-9
    if kind == "ms":
        words, value, met = f"<= {bound:g} ms", ms["ours"], ms["ours"] <= bound
    elif kind.endswith("share"):
        what = kind.split()[0]
        value = limits[what] / ms["ours"]
        words, met = f">= {100 * bound:g} % of {what} ({100 * value:.0f} %)", value >= bound
    elif kind == "gb_s":
        value = gigabytes / ms["ours"] * 1e3
        words, met = f">= {bound:g} GB/s ({value:.1f})", value >= bound
    elif kind == "scaling":
        if not single_ms:
            return f">= {bound:g} x one thread", None
        value = single_ms / ms["ours"]
        words, met = f">= {bound:g} x one thread ({value:.2f})", value >= bound
    else:
        if kind not in ms:
            return f">= {bound:g} x {kind}", None
        words, met = f">= {bound:g} x {kind}", ms[kind] >= bound * ms["ours"]
    return ("stretch " if stretch else "") + words, met


# ---- Turns -----------------------------------------------------------------------------------------------------------

class Peer:
    def __init__(self, command, environment):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, **environment})

    def run(self, name):
        self.process.stdin.write(name + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"bench_peers: {self.process.args[0]} ended at pass '{name}'")
        time.sleep(0.01)  # its threads go to sleep before another one's turn
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def differs(row, peer, ours, theirs):
    """What is wrong with the answers, or None."""
    for name, tolerance in row.tolerances.items():
        a, b = ours[name], theirs[name]
        if name == "cosine" and peer == "numpy":
            continue  # float32 sums of 16 million products, off by percents
        if a - b > tolerance * abs(b) or (b - a > tolerance * abs(b) and not row.minimum):
            return f"{row.title}: {name} is {a!r} here, {b!r} in {peer}"
    return None


def show_progress(text):
    if sys.stderr.isatty():
        print(f"\r{text:20}\r", end="", file=sys.stderr, flush=True)


def take_turns(qloupe, path, threads, quick):
    """Best milliseconds of every row and peer, which were slow, and where answers differ."""
    environment = {"OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)}
    worker = [sys.executable, os.path.abspath(__file__), "--worker"]
    peers = {
        "ours": Peer([qloupe, "bench", "--serve", "--quiet", "--data", path, "--threads", str(threads)], {}),
        "numpy": Peer(worker + ["numpy", path, str(threads)], environment),
        "torch": Peer(worker + ["torch", path, str(threads)], {**environment, "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}),
    }
    most, most_slow = (3, 1) if quick else (11, 3)
    runs, wrong = {}, []  # runs: [row, peer] -> milliseconds
    for turn in range(most):
        for row in ROWS:
            answers = {}
            for peer, process in peers.items():
                name = row.ours if peer == "ours" else row.peers[peer]
                taken = runs.setdefault((row.title, peer), [])
                if not name or (taken and min(taken) > 1000 and len(taken) >= most_slow):
                    continue
                result = process.run(name)
                taken.append(result["ms"])
                answers[peer] = result["answers"]
            if turn == 0:
                if row.minimum:
                    answers["ours"] = peers["ours"].run(row.minimum)["answers"]
                wrong += [text for peer in answers if peer != "ours"
                          for text in [differs(row, peer, answers["ours"], answers[peer])] if text]
        show_progress(f"turn {turn + 1} of {most}")
    show_progress("")
    for process in peers.values():
        process.close()
    return {key: (min(taken), len(taken) < most) for key, taken in runs.items() if taken}, wrong


# ---- Starting --------------------------------------------------------------------------------------------------------

NUMPY_LIST = """
import json, sys
file = open(sys.argv[1], "rb")
header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
for name, tensor in header.items():
    print(name, tensor["dtype"], tensor["shape"])
"""
NUMPY_FIRST = """
import json, sys
import numpy as np
file = open(sys.argv[1], "rb")
size = int.from_bytes(file.read(8), "little")
tensor = json.loads(file.read(size))["probe.weight"]
x = np.memmap(sys.argv[1], np.float32, "r", 8 + size + tensor["data_offsets"][0], tuple(tensor["shape"]))
print(x.min(), x.max(), x.mean(), x.std(), np.histogram(x, 256)[0].max())
"""


def write_model(path, x):
    """A safetensors file of 2 GB with 290 tensors: the first is x, the others are holes."""
    header, end = {"probe.weight": {"dtype": "F32", "shape": list(x.shape), "data_offsets": [0, x.nbytes]}}, x.nbytes
    kinds = [("self_attn.q_proj", 1024, 1024), ("self_attn.k_proj", 256, 1024), ("self_attn.v_proj", 256, 1024),
             ("self_attn.o_proj", 1024, 1024), ("mlp.gate_proj", 8192, 1024), ("mlp.up_proj", 8192, 1024),
             ("mlp.down_proj", 1024, 8192), ("input_layernorm", 1, 1024), ("post_attention_layernorm", 1, 1024)]
    for layer in range(32):
        for name, rows, cols in kinds:
            size = 2 * rows * cols
            header[f"model.layers.{layer}.{name}.weight"] = {
                "dtype": "BF16", "shape": [cols] if rows == 1 else [rows, cols], "data_offsets": [end, end + size]}
            end += size
    size = 2 * 64000 * 1024
    header["model.embed_tokens.weight"] = {"dtype": "BF16", "shape": [64000, 1024], "data_offsets": [end, end + size]}
    end += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text + x.tobytes())
        file.truncate(8 + len(text) + end)
    return len(header), 8 + len(text) + end


def launch(command, environment):
    begin = time.perf_counter()
    process = os.posix_spawn(command[0], command, {**os.environ, **environment},
                             file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)])
    status = os.waitpid(process, 0)[1]
    if status:
        sys.exit(f"bench_peers: {' '.join(command)} failed")
    return 1e3 * (time.perf_counter() - begin)


def start_rows(qloupe, model, threads, quick, folder):
    """(title, milliseconds by peer, goals) of whole processes, in turns."""
    python = [sys.executable, "-I", "-c"]
    quiet = ["--quiet", "--no-state", "--threads", str(threads)]
    rows = [
        ("launch to tensor list, 2 GB (Python's json)",
         {"ours": [qloupe, "ls", model, "--quiet", "--no-state"], "python": python + [NUMPY_LIST, model]}, {1: [("ms", 15)]}),
        ("launch to statistics, histogram counted, 64 MiB",
         {"ours": [qloupe, "stat", model, "-t", "probe.weight"] + quiet, "numpy": python + [NUMPY_FIRST, model]},
         {1: [("ms", 25), ("numpy", 11)], 2: [("ms", 18)]}),
        ("launch to a settled screen under absmax, 64 MiB",
         {"ours": [qloupe, model, "-t", "probe.weight", "--size", "120x36", "--no-state", "--threads", str(threads),
                   "--screenshot", os.path.join(folder, "screen.txt")]}, {}),
    ]
    environment = {"OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads), "TERM": "xterm-256color",
                   "LC_ALL": "C.UTF-8"}
    best = [{} for _ in rows]
    for _ in range(3 if quick else 11):
        for row, times in zip(rows, best):
            for peer, command in row[1].items():
                times[peer] = min(times.get(peer, float("inf")), launch(command, environment))
    return [(row[0], times, row[2]) for row, times in zip(rows, best)]


# ---- The table -------------------------------------------------------------------------------------------------------

def number(value, slow=False):
    if value is None:
        return ""
    return (f"{value:.2f}" if value < 100 else f"{value:,.0f}") + ("*" if slow else "")


def print_row(title, times, slow, verdicts):
    ours = times["ours"]
    cells = [number(ours, "ours" in slow)]
    for peer in ("numpy", "torch"):
        cells += [number(times.get(peer), peer in slow), f"{times[peer] / ours:.1f} x" if peer in times else ""]
    outcome = {None: "not measured", True: "met", False: "MISSED"}
    words = ", ".join(f"{text}: {outcome[met]}" for text, met in verdicts)
    print(f"{title:49}{cells[0]:>9}{cells[1]:>10}{cells[2]:>9}{cells[3]:>10}{cells[4]:>10}  {words}".rstrip())


def print_table(threads, best, started, single):
    """Prints everything of one number of threads; returns how many goals were met and how many missed."""
    print(f"\n{threads} thread{'s' if threads > 1 else ''}; milliseconds, best; * took more than a second: fewer turns\n")
    print(f"{'':49}{'qloupe':>9}{'numpy':>10}{'':9}{'torch':>10}{'':10}  goals")
    limits = {row.ours: best[row.title, "ours"][0] for row in ROWS if row.ours in ("read", "write")}
    verdicts = []
    for row in ROWS:
        found = {peer: best[row.title, peer] for peer in ("ours", "numpy", "torch") if (row.title, peer) in best}
        times = {peer: ms for peer, (ms, _) in found.items()}
        slow = {peer for peer, (_, is_slow) in found.items() if is_slow}
        judged = [judge(goal, times, limits, single.get(row.title)) for goal in row.goals.get(threads, [])]
        print_row(row.title, times, slow, judged)
        verdicts += judged
    for title, times, goals in started:
        judged = [judge(goal, times, limits, None) for goal in goals.get(threads, [])]
        shown = {**times, "numpy": times["python"]} if "python" in times else times
        print_row(title, shown, set(), judged)
        verdicts += judged
    missed = [text for text, met in verdicts if met is False and not text.startswith("stretch")]
    met = sum(met is True for _, met in verdicts)
    print(f"\n{met} of {len(verdicts)} goals met, {len(missed)} missed besides stretches")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--qloupe", default="build/qloupe")
    parser.add_argument("--threads", default="1,2", help="numbers of threads, with commas")
    parser.add_argument("--quick", action="store_true", help="3 turns instead of 11, 1 instead of 3")
    parser.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        return work(options.worker[0], options.worker[1], int(options.worker[2]))
    import numpy as np
    qloupe = os.path.abspath(options.qloupe)
    generator = np.random.default_rng(0)
    x = generator.standard_normal((SIDE, SIDE), np.float32) * np.float32(0.02)
    x[generator.random((SIDE, SIDE), np.float32) < 0.001] *= 20
    wrong, single = [], {}
    with tempfile.TemporaryDirectory() as folder:
        path, model = os.path.join(folder, "weights.npy"), os.path.join(folder, "model.safetensors")
        np.save(path, x)
        count, size = write_model(model, x)
        print(f"{SIDE} x {SIDE} float32; for launches a file of {count} tensors and {size / 1e9:.2f} GB", flush=True)
        for threads in map(int, options.threads.split(",")):
            best, differences = take_turns(qloupe, path, threads, options.quick)
            started = start_rows(qloupe, model, threads, options.quick, folder)
            print_table(threads, best, started, single)
            wrong += differences
            if threads == 1:
                single = {title: ms for (title, peer), (ms, _) in best.items() if peer == "ours"}
    for text in wrong:
        print(f"bench_peers: answers differ: {text}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
