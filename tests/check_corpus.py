#!/usr/bin/python3
"""Runs the program over a folder of weight files that somebody else made, and compares what it says.

    tests/check_corpus.py FOLDER [PROGRAM]

FOLDER holds good/expected.json and bad/index.json, or an expected.json of its own. expected.json: FILE: {"tensors": [{name,
dtype, shape, offset, nbytes, crc32, stats, ...}]}, optionally "may_refuse"; index.json: FILE: {"verdict": "refuse" or
"either", "on": "list" or "values"}. Nothing may crash, take 5 seconds of processor time or 1 GiB, or print a character that a
terminal acts on; what is refused is refused with exit status 2, nothing on standard output and one line on standard error.
Python's standard library only.
"""
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import unicodedata
import zlib

SECONDS, PATIENCE, MEMORY = 5, 60, 1 << 30
QUANTIZED = set("Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q8_1 Q2_K Q3_K Q4_K Q5_K Q6_K Q8_K IQ4_NL IQ4_XS TQ1_0 TQ2_0 MXFP4 NVFP4 Q1_0 "
                "Q2_0".split())
ASIDE = set("\u00ad\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u2060\ufeff\ufff9\ufffa\ufffb") | \
    set(map(chr, range(0x202a, 0x202f))) | set(map(chr, range(0x2066, 0x206a))) | set(map(chr, range(0xe0000, 0xe0080)))


class Wrong(Exception):
    pass


def demand(condition, *what):
    if not condition:
        raise Wrong(" ".join(map(str, what)))


def printable(raw, where):
    try:
        text = raw.decode()
    except UnicodeDecodeError as e:
        raise Wrong("%s is not UTF-8: %s" % (where, e))
    for c in text:
        demand(c == "\n" or not (unicodedata.category(c) in ("Cc", "Cs", "Co", "Cn") or c in ASIDE), where, "holds",
               ascii(c))
    return text


class Program:
    def __init__(self, path):
        self.path, self.runs, self.slowest, self.largest = path, 0, (0.0, ""), (0, "")

    def run(self, *arguments):
        """Exit status, standard output and error, both known to be harmless."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            child = subprocess.Popen([self.path, *arguments], stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                     env=dict(os.environ, LC_ALL="C.UTF-8", QLOUPE_NO_STATE="1", TERM="dumb"))
            impatient = threading.Timer(PATIENCE, child.kill)
            impatient.start()
            _, status, usage = os.wait4(child.pid, 0)
            impatient.cancel()
            child.returncode, seconds = os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime
            out.seek(0), err.seek(0)
            text, error = printable(out.read(), "standard output"), printable(err.read(), "standard error")
        memory = usage.ru_maxrss * 1024
        self.runs += 1
        self.slowest, self.largest = max(self.slowest, (seconds, arguments[-1])), max(self.largest, (memory, arguments[-1]))
        demand(child.returncode >= 0, "killed by signal", -child.returncode)
        demand(seconds < SECONDS, "took %.1f s of processor time" % seconds)
        demand(memory < MEMORY, "took %d MB" % (memory >> 20))
        return child.returncode, text, error

    def json(self, command, path):
        status, text, error = self.run(command, "--json", path)
        if status == 0:
            demand(error == "", "says", error)
            return json.loads(text), ""
        demand(status == 2, "exit status", status, error)
        demand(text == "" or command == "stat", "refused, but printed", text[:80])
        demand(len(error) > 30 and error.endswith("\n") and error.count("\n") == 1, "not one line:", ascii(error))
        return None, error


def same(a, b, tolerance):
    return a == b or (a is None and b is None) or (None not in (a, b) and abs(a - b) <= tolerance)


def check_stats(got, wanted, dtype):
    """Over the finite values; the sum as exact as the type allows."""
    if wanted["count"] == 0:
        demand(got["stats"] is None, "statistics of nothing")
        return
    demand(got["stats"] is not None, "no statistics:", got["note"])
    tolerance = (1e-6 if dtype in QUANTIZED else 1e-9) * (wanted["sum_abs"] or 0)
    finite = wanted["count"] - wanted["nan"] - wanted["inf"]
    for key in ("count", "nan", "inf", "sum", "sum_abs"):
        demand(same(got["stats"][key], wanted[key], tolerance if key.startswith("sum") else 0), key, got["stats"][key],
               "not", wanted[key])
    for key in ("min", "max", "mean") if finite else ():
        near = tolerance / max(finite, 1) if key == "mean" else 1e-6 * abs(wanted[key]) if dtype in QUANTIZED else 0
        demand(same(got["stats"][key], wanted[key], near), key, got["stats"][key], "not", wanted[key])


def raw_crc(path, tensor, got):
    """Of the bytes where the program says that they are."""
    folder = path if os.path.isdir(path) else os.path.dirname(path)
    with open(os.path.join(folder, got["file"]) if got.get("file") else path, "rb") as file:
        file.seek(got["offset"])
        return "%08x" % zlib.crc32(file.read(tensor["nbytes"]))


def was_text(path):
    """A binary file whose bytes some program replaced by U+FFFD where they were no UTF-8."""
    with open(path, "rb") as file:
        return path.endswith(".gguf") and b"\xef\xbf\xbd" in file.read(4096)


def check_good(program, path, expected):
    listed, error = program.json("ls", path)
    if listed is None:
        demand("may_refuse" in expected or was_text(path), "refused:", error.strip())
        return
    tensors = expected["tensors"]
    measured, error = program.json("stat", path)
    demand(measured is not None, "stat refuses:", error.strip())
    names = [t["name"] for t in tensors]
    if expected.get("format") == "npy":
        names = [os.path.splitext(os.path.basename(path))[0]]
    found, stats = ({t["name"]: t for t in answer["tensors"]} for answer in (listed, measured))
    demand(len(found) == len(listed["tensors"]) == len(measured["tensors"]), "a name twice")
    demand(sorted(found) == sorted(names) == sorted(stats), "names", sorted(found)[:20], "not", sorted(names)[:20])
    for name, t in zip(names, tensors):
        got = found[name]
        for key, wanted in (("dtype", t["dtype"]), ("shape", list(t["shape"])), ("bytes", t["nbytes"])):
            demand(got[key] == wanted, ascii(name), key, got[key], "not", wanted)
        if t.get("offset") is not None:
            demand(got["offset"] == t["offset"], ascii(name), "offset", got["offset"], "not", t["offset"])
            if "crc32_of" not in t:
                demand(raw_crc(path, t, got) == t["crc32"], ascii(name), "other bytes")
        if t.get("stats") is not None:
            try:
                check_stats(stats[name], t["stats"], t["dtype"])
            except Wrong as wrong:
                raise Wrong("%s: %s" % (ascii(name), wrong))
    if "metadata_count" in expected:
        demand(len(listed["metadata"]) == expected["metadata_count"], "metadata of", len(listed["metadata"]))
    if isinstance(expected.get("metadata"), dict):
        demand(listed["metadata"] == expected["metadata"], "other metadata")


def check_bad(program, path, index):
    program.run("ls", path)
    listed, _ = program.json("ls", path)
    measured, _ = program.json("stat", path)
    if index["verdict"] == "refuse":
        demand(measured is None or index["on"] == "list", "the values are not refused")
        demand(listed is None or index["on"] == "values", "not refused")


def main():
    folder, program = sys.argv[1], Program(sys.argv[2] if len(sys.argv) > 2 else "build/qloupe")
    resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
    wrong = files = 0
    for table, check in (("expected.json", check_good), ("good/expected.json", check_good), ("bad/index.json", check_bad)):
        if not os.path.exists(os.path.join(folder, table)):
            continue
        with open(os.path.join(folder, table), encoding="utf-8") as file:
            cases = json.load(file)
        for name, case in cases.items():
            path = os.path.join(os.path.dirname(os.path.join(folder, table)), name)
            files += 1
            try:
                check(program, path, case)
            except Wrong as problem:
                wrong += 1
                print("check_corpus: %s: %s" % (path, problem))
    print("check_corpus: %d files, %d wrong; %d runs, the slowest took %.2f s (%s), the largest %d MB (%s)" %
          (files, wrong, program.runs, *program.slowest, program.largest[0] >> 20, program.largest[1]))
    return 1 if wrong or not files else 0


if __name__ == "__main__":
    sys.exit(main())
