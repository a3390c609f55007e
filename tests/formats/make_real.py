#!/usr/bin/python3
"""Writes real/ and real.tsv in this folder: files as NumPy and PyTorch themselves write them. Needs both (`make deps-peers`);
what other versions write may differ in a byte or two, so the files are kept as they are unless there is a reason.
"""
import os
import struct
import sys
import zipfile

import numpy as np
import torch

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from writers.corpus import Corpus, Tensor  # noqa: E402
from writers.values import decode  # noqa: E402

REAL = os.path.join(HERE, "real")
NAMES = {torch.float32: "F32", torch.float64: "F64", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64",
         torch.int32: "I32",
         torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL"}


def npy_name(dtype):
    return "BOOL" if dtype.kind == "b" else dtype.kind.upper() + str(8 * dtype.itemsize)


def from_array(name, array, offset, stored):
    return Tensor(name, npy_name(array.dtype), array.shape, stored, offset, [float(v) for v in array.flatten().tolist()])


def from_tensor(name, tensor, offset, scattered=False):
    raw = tensor.detach().contiguous()
    raw = (raw.view(torch.int16) if raw.dtype == torch.bfloat16 else raw).numpy().tobytes()
    return Tensor(name, NAMES[tensor.dtype], tensor.shape, raw, offset, decode(NAMES[tensor.dtype], raw), scattered)


def data_offset(path, entry):
    """Where the content of a stored entry begins."""
    with open(path, "rb") as file:
        file.seek(entry.header_offset + 26)
        name, extra = struct.unpack("<HH", file.read(4))
    return entry.header_offset + 30 + name + extra


def storage_offset(blob, tensor):
    """Where the first element lies: the bytes of a storage occur once in the file."""
    flat = torch.tensor([], dtype=tensor.dtype).set_(tensor.storage())
    whole = (flat.view(torch.int16) if flat.dtype == torch.bfloat16 else flat).numpy().tobytes()
    assert blob.count(whole) == 1
    return blob.index(whole) + tensor.storage_offset() * tensor.element_size()


def numpy_files(corpus):
    rng = np.random.default_rng(1)
    arrays = {"w": rng.standard_normal((4, 5)).astype("f4"), "fortran": np.asfortranarray(rng.standard_normal((3, 2, 2))),
              "big": np.arange(-3, 3, dtype=">i2"), "step": np.array(7), "none": np.zeros((0, 3), "f2"),
              "mask": rng.random((2, 3)) < 0.5}
    for name, array in arrays.items():
        path = os.path.join(REAL, "numpy-%s.npy" % name)
        np.save(path, array)
        size = os.path.getsize(path) - array.nbytes
        corpus.describe("numpy-%s.npy" % name, "npy", [from_array("numpy-" + name, array, size, array.tobytes("A"))])
    for name, save in (("stored", np.savez), ("compressed", np.savez_compressed)):
        path = os.path.join(REAL, "numpy-%s.npz" % name)
        save(path, **arrays)
        found = []
        for entry in zipfile.ZipFile(path).infolist():
            array = arrays[entry.filename[:-4]]
            at = None if entry.compress_type else data_offset(path, entry) + entry.file_size - array.nbytes
            found.append(from_array(entry.filename[:-4], array, at, array.tobytes("A")))
        corpus.describe("numpy-%s.npz" % name, "npz", found)


def torch_files(corpus):
    torch.manual_seed(1)
    base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
    net = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Conv1d(3, 2, 2))
    plain = {str(dtype)[6:]: (torch.randn(4, 5) * 50).to(dtype) for dtype in NAMES}
    files = {"dtypes": plain, "module": net.state_dict(), "views": {"base": base, "t": base.t(), "row": base[2],
                                                                    "column": base[:, 1],
                                                                      "step": base[::2, 1:5:2],
                                                                      "expanded": base[0].expand(3, 6), "s": base[3, 5]},
             "nested": {"epoch": 3, "model": {"w": torch.randn(3), "b": None}, "optim": [{"lr": 0.1, "m": torch.randn(2)},
                                                                                         torch.arange(5, 9)]},
             "parameters": {"p": torch.nn.Parameter(torch.randn(2, 2)), "q": torch.nn.Parameter(torch.randn(3).half(),
                     requires_grad=False)}}
    walk = lambda value, name: [(name, value)] if isinstance(value, torch.Tensor) else [
        pair for key,
        item in (value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ())
        for pair in walk(item, "%s.%s" % (name, key) if name else str(key))]
    for name, value in files.items():
        for form, options in (("", {}), ("-protocol4", {"pickle_protocol": 4}),
                              ("-legacy", {"_use_new_zipfile_serialization": False})):
            path = os.path.join(REAL, "torch-%s%s.pt" % (name, form))
            torch.save(value, path, **options)
            with open(path, "rb") as file:
                blob = file.read()
            found = []
            for key, tensor in walk(value, ""):
                found.append(from_tensor(key, tensor, storage_offset(blob, tensor), scattered=True))
            found.sort(key=lambda t: t.offset)
            corpus.describe(os.path.basename(path), "torch-legacy" if form == "-legacy" else "torch", found)


def main():
    os.makedirs(REAL, exist_ok=True)
    corpus = Corpus()
    numpy_files(corpus)
    torch_files(corpus)
    with open(os.path.join(HERE, "real.tsv"), "wb") as file:
        file.write(corpus.tables()["good.tsv"].replace(b"make.py", b"make_real.py"))


if __name__ == "__main__":
    main()
