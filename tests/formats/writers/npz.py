"""NumPy's .npz: a zip archive of .npy files."""
import struct
import zlib

from . import npy
from .safetensors import HOSTILE
from .values import random_for
from .zip import Zip, deflate

ARRAYS = (("w0", "<f4", (4, 3), False), ("b0", "<f8", (3,), False), ("step", "<i8", (), False), ("t", ">i2", (2, 3), True))


def good(corpus):
    def put(name, arrays=ARRAYS, finish=None, prefix=b"", **options):
        name = "npz-" + name
        z, rng, found = Zip(prefix), random_for(name), []
        for key, descr, shape, fortran in arrays:
            blob, tensor = npy.array(rng, descr, shape, fortran)
            begin = z.add(key + ".npy", blob, **options)
            tensor.name, tensor.scattered = key, False
            tensor.offset = begin + tensor.offset if options.get("method", 0) == 0 else None
            found.append(tensor)
        corpus.good(name + ".npz", z.done(**(finish or {})), "npz", found)

    put("stored")
    put("deflated", method=8)
    put("zip64", zip64=True, finish={"zip64": True})
    put("zip64-deflated", zip64=True, method=8)
    put("descriptor", descriptor=True)
    put("descriptor-deflated", descriptor=True, method=8)
    put("aligned", align=64)
    put("empty", [])
    put("empty-zip64", [], finish={"zip64": True})
    put("unicode", [("poids_\u00e9", "<f4", (4, 3), False), ("\u5c42/0", "<f4", (2,), False)])
    put("comment", ARRAYS[:1], finish={"comment": b"a comment of some length" + b" " * 40})
    put("extra", ARRAYS[:2], extra=struct.pack("<HH", 0xcafe, 5) + b"extra")
    put("folders", [("layer.0/w", "<f4", (2, 2), False), ("layer.1/w", "<f4", (2, 2), False), ("../up", "<f4", (1,), False),
                    ("/etc/passwd", "<f4", (1,), False), ("w.npy", "<f4", (1,), False)])
    put("zero-size", [("a", "<f4", (0,), False), ("b", "<f4", (3, 0, 2), False), ("c", "<f4", (1,), False)], method=8)
    put("large", [("w", "<f4", (90, 100), False)], method=8)
    put("large-fortran", [("w", "<f4", (90, 100), True)], method=8)
    put("200-arrays", [("a%d" % i, "|u1", (i % 3,), False) for i in range(200)])


# ---- What must be refused --------------------------------------------------------------------------------------------

def array(seed="bad", shape=(2, 2), descr="<f4", **options):
    return npy.array(random_for(seed), descr, shape, **options)[0]


A, B = array("a"), array("b")


def one(name="a.npy", blob=A, finish=None, **options):
    z = Zip()
    z.add(name, blob, **options)
    return z.done(**(finish or {}))


def end(blob=A, **lies):
    return one(blob=blob, finish=lies)


def zip64_extra(*numbers, size=None):
    raw = struct.pack("<%dQ" % len(numbers), *numbers)
    return struct.pack("<HH", 1, len(raw) if size is None else size) + raw


def bad(corpus):
    def put(name, blob, words, verdict="refuse"):
        corpus.bad("npz-%s.npz" % name, blob, words, verdict)

    plain, size = one(), len(one()) - 22 - 51
    put("empty-file", b"", "the file is empty")
    put("no-end", plain[:-22], "")
    for cut in (1, 21, 22, 40, 75):
        put("cut-%d" % cut, plain[:-cut], "")
    put("half", plain[:len(plain) // 2], "")
    put("local-only", plain[:30], "")
    put("end-only-cut", b"PK\5\6" + bytes(10), "")
    put("rest", plain + b"x", "")
    put("prefix", b"#!/bin/sh\n" + plain, "")
    put("prefix-in-place", Zip(b"PK\3\4 this is no entry").done(), "")

    for name, lies in (("offset-past-end", {"offset": 10 ** 6}), ("offset-max", {"offset": 0xfffffffe}),
                       ("offset-one-less", {"offset": size - 1}),
                       ("offset-one-more", {"offset": size + 1}), ("size-max", {"size": 0xfffffffe}),
                       ("size-one-less", {"size": 50}),
                       ("size-one-more", {"size": 52}), ("size-zero", {"size": 0}), ("count-more", {"count": 500}),
                       ("count-one-more", {"count": 2}),
                       ("count-none", {"count": 0}), ("count-fewer-here", {"count_total": 2}), ("disk-3", {"disk": 3}),
                       ("comment-longer", {"comment_size": 5}), ("comment-shorter", {"comment_size": 0, "comment": b"abc"}),
                       ("between", {"between": b"unowned bytes"})):
        put("end-" + name, end(**lies), "")
    for name, lies in (("place-max", {"place": 2 ** 64 - 1}), ("place-past-end", {"place": 10 ** 6}),
                       ("place-wraps", {"place": 2 ** 64 - 40}),
                       ("place-zero", {"place": 0}), ("magic", {"magic64": 0x12345678}),
                       ("locator-magic", {"magic_locator": 1}),
                       ("disks-2", {"disks": 2}), ("disk-1", {"disk64": 1}), ("count-max", {"count64": 2 ** 64 - 1}),
                       ("count-2-58", {"count64": 2 ** 58}),
                       ("count-more", {"count64": 2}), ("count-none", {"count64": 0}), ("size-max", {"size64": 2 ** 64 - 1}),
                       ("size-wraps", {"size64": 2 ** 64 - size}), ("offset-max", {"offset64": 2 ** 64 - 1}),
                       ("offset-wraps", {"offset64": 2 ** 64 - 51}),
                       ("length-short", {"length64": 20}), ("length-max", {"length64": 2 ** 64 - 1})):
        put("zip64-" + name, end(zip64=True, **lies), "")
    put("zip64-missing", end(count=0xffff, size=0xffffffff, offset=0xffffffff), "")

    for name, lies in (("offset-past-end", {"offset": 10 ** 6}), ("offset-max", {"offset": 0xfffffffe}),
                       ("offset-in-data", {"offset": 4}),
                       ("offset-in-directory", {"offset": size}), ("size-past-end", {"packed": 10 ** 6, "size": 10 ** 6}),
                       ("size-max", {"packed": 0xfffffffe, "size": 0xfffffffe}),
                       ("stored-sizes-differ", {"size": len(A) - 1}),
                       ("size-into-directory", {"packed": len(A) + 4, "size": len(A) + 4}), ("flags-differ", {"flags": 1}),
                       ("masked", {"flags": 0x2000}), ("disk", {"disk": 1}), ("magic", {"magic": 0x02014b51}),
                       ("name-longer", {"name_size": 500}),
                       ("name-shorter", {"name_size": 3}), ("extra-past-end", {"extra_size": 60}),
                       ("comment-past-end", {"comment_size": 9}),
                       ("name-differs", {"name": b"b.npy"}), ("crc-differs", {"crc": 1})):
        put("entry-" + name, one(central=lies), "")
    for name, lies in (("name-differs", {"name": b"b.npy"}), ("size-differs", {"size": 5, "packed": 5}),
                       ("method-differs", {"method": 8}),
                       ("flags-differ", {"flags": 1}), ("magic", {"magic": 0}), ("name-longer", {"name_size": 60000}),
                       ("extra-longer", {"extra_size": 60000}),
                       ("name-shorter", {"name_size": 2}), ("crc-differs", {"crc": 1})):
        put("local-" + name, one(local=lies), "")
    put("encrypted", one(flags=1), "encrypted")
    put("encrypted-strong", one(flags=0x41), "encrypted")
    put("encrypted-masked", one(flags=0x2001), "encrypted")
    for method in (1, 6, 9, 12, 14, 93, 95, 98, 99, 65535):
        put("method-%d" % method, one(method=method), "method")
    put("descriptor-sizes", one(descriptor=True, local={"size": 77, "packed": 77}), "other sizes")

    wide = {"packed": 0xffffffff, "size": 0xffffffff}
    put("wide-none", one(central=wide), "")
    put("wide-short", one(central=wide, extra=zip64_extra(len(A))), "")
    put("wide-max", one(central=wide, extra=zip64_extra(2 ** 64 - 1, 2 ** 64 - 1)), "")
    put("wide-wraps", one(central=wide, extra=zip64_extra(2 ** 64 - 64, 2 ** 64 - 64)), "")
    put("wide-past-end", one(central=wide, extra=zip64_extra(2 ** 40, 2 ** 40)), "")
    put("wide-size-past-extra", one(central=wide, extra=zip64_extra(len(A), len(A), size=400)), "")
    put("wide-offset", one(central={"offset": 0xffffffff}, extra=zip64_extra(2 ** 63)), "")
    put("wide-offset-none", one(central={"offset": 0xffffffff}), "")
    put("extra-cut", one(extra=b"\1\0\x10"), "", "accept")

    crc = zlib.crc32(A)
    put("crc", one(packed=A[:-1] + b"!", local={"crc": crc}), "CRC", "values")
    packed = deflate(A)
    put("deflate-garbage", one(method=8, packed=b"\xff\xfe\xfd\xfc" * 8), "")
    put("deflate-nothing", one(method=8, packed=b""), "")
    put("deflate-cut", one(method=8, packed=packed[:-4]), "", "values")
    put("deflate-cut-in-header", one(method=8, packed=packed[:20]), "")
    put("deflate-longer", one(method=8, packed=deflate(A + bytes(100))), "", "values")
    put("deflate-shorter", one(method=8, packed=deflate(A[:-4])), "", "values")
    put("deflate-rest", one(method=8, packed=packed + b"rest"), "", "values")
    put("deflate-ratio", one(method=8, central={"size": 10 ** 9}, packed=packed), "")
    put("deflate-stored-blocks", one(method=8, packed=b"\0\0\0\xff\xff" * 3000 + packed), "", "accept")
    put("deflate-endless", one(method=8, packed=b"\0\0\0\xff\xff" * 4000), "")
    put("deflate-zlib", one(method=8, packed=zlib.compress(A)), "")
    put("deflate-damaged", one(method=8, packed=packed[:-6] + bytes([packed[-6] ^ 255]) + packed[-5:]), "", "values")
    zeros = npy.frame(npy.dictionary("<f4", (4 << 20,)), bytes(16 << 20))
    put("bomb", one(blob=zeros, method=8), "", "accept")
    put("bomb-cut", one(blob=zeros, method=8, packed=deflate(zeros)[:8000]), "cannot come out of 8000 compressed ones")
    put("bomb-cut-late", one(blob=zeros, method=8, packed=deflate(zeros)[:-20]), "", "values")
    overlaps(put)

    put("name-twice", two("a.npy", "a.npy"), "a.npy")
    put("name-nul", one(name="a\0b.npy"), "")
    put("name-empty", one(name=""), "")
    put("name-not-utf8", one(name=b"\xff\xfe.npy"), "", "accept")
    put("name-long", one(name="n" * 5000 + ".npy"), "", "accept")
    put("name-only-ending", one(name=".npy"), "", "accept")
    put("name-no-ending", one(name="a"), "")
    put("not-npy", one(blob=b"hello"), "tensor 'a'")
    put("npy-empty", one(blob=b""), "tensor 'a'")
    put("npy-object", one(blob=npy.frame(npy.dictionary("|O", (1,)), b"\x80\x02cos\nsystem\n.")), "object array")
    put("npy-cut", one(blob=A[:-1]), "")
    put("npy-cut-deflated", one(blob=A[:-1], method=8), "")
    put("npy-header-cut", one(blob=A[:40]), "")
    put("npy-header-cut-deflated", one(blob=A[:40], method=8), "")
    put("npy-header-4g", one(blob=npy.frame(npy.GOOD, npy.DATA, version=(2, 0), length=2 ** 32 - 1)), "")
    put("npy-shape-wrap", one(blob=npy.frame(npy.dictionary("<f4", (2 ** 32, 2 ** 32)))),
        "tensor 'a': the shape asks for more than 2^64 bytes")
    put("npy-shape-huge", one(blob=npy.frame(npy.dictionary("<f4", (2 ** 40,))), method=8),
        "tensor 'a': the entry ends inside its data")
    put("npy-rest", one(blob=A + b"more"), "", "accept")
    z = Zip()
    for name, attack in HOSTILE.items():
        z.add(attack.replace("\0", "") + ".npy", A)
    put("escape", z.done(), "", "accept")
    put("escape-in-error", one(name="\x1b[31m\u202e.npy", blob=b"hello"), "\\x1b[31m\\u202e")


def two(first, second, **options):
    z = Zip()
    z.add(first, A)
    z.add(second, B, **options)
    return z.done()


def overlaps(put):
    """Bombs that give the same bytes many times."""
    z = Zip()
    z.add("a.npy", A)
    z.entries += [dict(z.entries[0], name=b"a%d.npy" % i) for i in range(200)]
    put("overlap-same", z.done(), "")
    z = Zip()
    z.add("b.npy", B)
    inner = bytes(z.blob)
    z = Zip()
    z.add("a.npy", npy.frame(npy.dictionary("|u1", (len(inner),)), inner))
    z.entries.append({"version": 20, "flags": 0, "method": 0, "crc": zlib.crc32(B), "packed": len(B), "size": len(B),
                      "name": b"b.npy",
                      "offset": len(z.blob) - len(inner), "extra": b""})
    put("overlap-inside", z.done(), "")
    z = Zip()
    z.add("a.npy", A, central={"packed": len(A) + 35, "size": len(A) + 35}, local={"packed": len(A) + 35,
                                                                                   "size": len(A) + 35})
    z.add("b.npy", B)
    put("overlap-next", z.done(), "")
    put("comment-is-end", one(finish={"comment": b"PK\5\6" + bytes(18)}), "")
    put("comment-is-archive", one(finish={"comment": one("c.npy", B)}), "")
