#!/usr/bin/python3
"""Writes good.tsv from the files in good/: what a reader must find in them, read here with json, struct and numpy alone.

A row for each file:   FILE  FORMAT  TENSORS  METADATA
then one per tensor:   (nothing)  NAME  DTYPE  SHAPE  OFFSET  BYTES  CRC32 of the stored bytes  CRC32 of the values
Names are written in ASCII with \\uXXXX. Values are little-endian float64 in row-major order, every NaN the same; - where no values are
defined. `make test` needs neither this script nor Python; run it after adding a file.
"""
import ast, json, math, os, struct, zlib
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
BITS = {"F6_E2M3": 6, "F6_E3M2": 6, "F4": 4, "C64": 64}
NUMPY = {"F64": "f8", "F32": "f4", "F16": "f2", "I64": "i8", "I32": "i4", "I16": "i2", "I8": "i1",
         "U64": "u8", "U32": "u4", "U16": "u2", "U8": "u1", "BOOL": "u1"}


def small_floats(exponent_bits, bias, special):
    """The 256 values of an 8-bit float; special: what stands in place of some, by code."""
    m = 7 - exponent_bits
    values = []
    for code in range(256):
        exponent, mantissa = (code & 127) >> m, code & ((1 << m) - 1)
        magnitude = math.ldexp((mantissa + (1 << m)) if exponent else mantissa, max(exponent, 1) - bias - m)
        values.append(special.get(code, -magnitude if code > 127 else magnitude))
    return np.array(values)


SMALL = {"F8_E4M3": small_floats(4, 7, {c: math.nan for c in (0x7F, 0xFF)}),
         "F8_E5M2": small_floats(5, 15, {0x7C: math.inf, 0xFC: -math.inf, **{s + c: math.nan for s in (0, 128) for c in (0x7D, 0x7E, 0x7F)}}),
         "F8_E4M3FNUZ": small_floats(4, 8, {0x80: math.nan}),
         "F8_E5M2FNUZ": small_floats(5, 16, {0x80: math.nan}),
         "F8_E8M0": np.array([math.ldexp(1, c - 127) for c in range(255)] + [math.nan])}


F4 = np.array([s * v for s in (1, -1) for v in (0., .5, 1, 1.5, 2, 3, 4, 6)])


def escape(name):
    utf16 = name.encode("utf-16-le")
    units = struct.unpack("<%dH" % (len(utf16) // 2), utf16)
    return "".join(chr(u) if 0x20 <= u < 0x7F and chr(u) not in '"\\' else "\\" + chr(u) if chr(u) in '"\\' else "\\u%04x" % u
                   for u in units)


def values_crc(values):
    values = values.astype("<f8")
    values[np.isnan(values)] = np.nan
    return "%08x" % zlib.crc32(values.tobytes())


def decode(dtype, raw):
    if dtype == "BF16":
        return (np.frombuffer(raw, "<u2").astype("<u4") << 16).view("<f4")
    if dtype == "BOOL":
        return np.frombuffer(raw, "u1") != 0
    if dtype == "F4":
        return np.stack([F4[np.frombuffer(raw, "u1") & 15], F4[np.frombuffer(raw, "u1") >> 4]], 1).reshape(-1)
    if dtype in SMALL:
        return SMALL[dtype][np.frombuffer(raw, "u1")]
    return np.frombuffer(raw, "<" + NUMPY[dtype]) if dtype in NUMPY else None


def row(name, dtype, shape, offset, raw, values):
    return ["", escape(name), dtype, ",".join(map(str, shape)), offset, len(raw), "%08x" % zlib.crc32(raw),
            "-" if values is None else values_crc(values)]


def safetensors(blob):
    size = struct.unpack("<Q", blob[:8])[0]
    header = json.loads(blob[8:8 + size])
    metadata = header.pop("__metadata__", None) or {}
    rows = []
    for name, e in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        begin, end = (8 + size + o for o in e["data_offsets"])
        raw = blob[begin:end]
        rows.append(row(name, e["dtype"], e["shape"], begin, raw, decode(e["dtype"], raw)))
    return len(metadata), rows


def npy(blob, stem):
    length, start = struct.unpack("<H", blob[8:10]) + (10,) if blob[6] == 1 else struct.unpack("<I", blob[8:12]) + (12,)
    header = ast.literal_eval(blob[start:start + length].decode("latin-1").replace("L,", ",").replace("L)", ")"))
    dtype, shape = np.dtype(header["descr"]), header["shape"]
    raw = blob[start + length:][:math.prod(shape) * dtype.itemsize]
    array = np.frombuffer(raw, dtype).reshape(shape, order="F" if header["fortran_order"] else "C")
    name = "BOOL" if dtype.kind == "b" else dtype.kind.upper() + str(8 * dtype.itemsize)
    return 0, [row(stem, name, shape, start + length, raw, np.ascontiguousarray(array))]


with open(os.path.join(HERE, "good.tsv"), "w") as out:
    for file in sorted(os.listdir(os.path.join(HERE, "good"))):
        stem, extension = os.path.splitext(file)
        blob = open(os.path.join(HERE, "good", file), "rb").read()
        metadata, rows = npy(blob, stem) if extension == ".npy" else safetensors(blob)
        print(file, extension[1:], len(rows), metadata, sep="\t", file=out)
        for r in rows:
            print(*r, sep="\t", file=out)
