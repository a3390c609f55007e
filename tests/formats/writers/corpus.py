"""Where the files of a corpus and the two tables about them are collected."""
import math
import os
import struct
import zlib


class Tensor:
    """What a reader must find. `raw`: its stored bytes, or its elements in row-major order when they lie elsewhere
    (scattered or compressed); `offset` None: compressed; `file`: of a sharded model."""

    def __init__(self, name, dtype, shape, raw, offset, values, scattered=False, file=""):
        self.name, self.dtype, self.shape, self.raw, self.offset = name, dtype, tuple(shape), raw, offset
        self.values, self.scattered, self.file = values, scattered, file


def escape(text):
    """ASCII with \\uXXXX, as the tables hold names."""
    units = struct.unpack("<%dH" % (len(text.encode("utf-16-le", "surrogatepass")) // 2), text.encode("utf-16-le",
            "surrogatepass"))
    return "".join("\\" + chr(u) if chr(u) in '"\\' else chr(u) if 0x20 <= u < 0x7F else "\\u%04x" % u for u in units)


def number(value):
    return "%.17g" % value if isinstance(value, float) else str(value)


def show(value):
    """A value of metadata as the test prints it."""
    if isinstance(value, (list, tuple)):
        return "[" + ",".join('"' + escape(v) + '"' if isinstance(v, str) else show(v) for v in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return escape(value) if isinstance(value, str) else number(value)


def row(tensor):
    crc = "-" if tensor.scattered or tensor.offset is None else "%08x" % zlib.crc32(tensor.raw)
    offset = "-" if tensor.offset is None else tensor.offset
    fields = ["", escape(tensor.name), tensor.dtype, ",".join(map(str, tensor.shape)), offset, len(tensor.raw), crc,
              tensor.file]
    if tensor.values is None:
        return fields + ["-"]
    doubles = b"".join(struct.pack("<d", math.nan if v != v else v) for v in tensor.values)
    finite = [v for v in tensor.values if math.isfinite(v)]
    stats = [sum(v != v for v in tensor.values), sum(math.isinf(v) for v in tensor.values), math.fsum(finite),
             math.fsum(map(abs, finite)), min(finite, default=math.nan), max(finite, default=math.nan)]
    return fields + ["%08x" % zlib.crc32(doubles)] + list(map(number, stats))


class Corpus:
    def __init__(self):
        self.files = {}  # path below tests/formats: bytes
        self.good_rows, self.bad_rows = [], []

    def put(self, path, blob):
        assert path not in self.files, path
        self.files[path] = bytes(blob)

    def good(self, name, blob, container, tensors, metadata=()):
        """metadata: (key, type, value) each; tensors in the order of their data."""
        self.put("good/" + name, blob)
        self.describe(name, container, tensors, metadata)

    def describe(self, name, container, tensors, metadata=()):
        """A row for what is already there: a folder, say."""
        rows = [[name, container, len(tensors), len(metadata)]]
        rows += [["=", escape(key), kind, show(value)] for key, kind, value in metadata]
        self.good_rows.append((name, rows + [row(t) for t in tensors]))

    def bad(self, name, blob, words, verdict="refuse"):
        """refuse: opening says the words; values: it opens, reading says them; accept: it opens, names are hostile text."""
        self.put("bad/" + name, blob)
        self.bad_rows.append((name, verdict, words))

    def tables(self):
        lines = ["# Written by make.py: see there. FILE FORMAT TENSORS METADATA; = KEY TYPE VALUE; a line for each tensor:",
                 "# (nothing) NAME DTYPE SHAPE OFFSET BYTES CRC32 FILE CRC32-OF-VALUES NAN INF SUM SUM-ABS MIN MAX"]
        for _, rows in sorted(self.good_rows, key=lambda item: item[0]):
            lines += ["\t".join(map(str, r)) for r in rows]
        good = "\n".join(lines) + "\n"
        bad = "".join("%s\t%s\t%s\n" % row for row in sorted(self.bad_rows))
        return {"good.tsv": good.encode(),
                "bad.tsv": b"# Written by make.py: see there. FILE VERDICT WORDS-OF-THE-MESSAGE\n" + bad.encode()}
