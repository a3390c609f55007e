"""PyTorch files: the zip of 1.6 and later, and the bare pickles before it."""
import math
import struct

from . import pickle as p
from .corpus import Tensor
from .values import BITS, STRUCT, decode, random_for, random_raw
from .zip import Zip

NOT_ZIPPED = p.program(p.integer(0x1950a86a20f9469cfc6c)) + p.program(p.integer(1001)) + p.program(p.dictionary(
    (p.text("protocol_version"), p.integer(1001)), (p.text("little_endian"), p.TRUE),
    (p.text("type_sizes"), p.dictionary((p.text("short"), p.integer(2)), (p.text("int"), p.integer(4)),
                                        (p.text("long"), p.integer(4))))))


def archive(program, storages, prefix="archive", byteorder=b"little", version=b"3\n", align=64, method=0, extra=(),
            first=True,
            descriptor=True):
    """The zip file, and where each storage begins."""
    z, places = Zip(), {}
    options = dict(align=align, descriptor=descriptor)
    if program is not None and first:
        z.add(prefix + "/data.pkl", program, method=method, **options)
    if byteorder is not None:
        z.add(prefix + "/byteorder", byteorder, **options)
    for key, raw in storages.items():
        places[key] = z.add(prefix + "/data/" + key, raw, method=method, **options)
    for path, raw in extra:
        z.add(path, raw, **options)
    if version is not None:
        z.add(prefix + "/version", version, **options)
    if not first:
        z.add(prefix + "/data.pkl", program, method=method, **options)
    return z.done(), places


def legacy(program, storages, keys=None, size=8):
    """The file of bare pickles: keys are listed, then each storage has its count and its bytes. storages: key: (width, bytes)
    """
    keys = list(storages) if keys is None else keys
    blob, places = NOT_ZIPPED + program + p.program(p.array(*map(p.text, keys))), {}
    for key in keys:
        width, raw = storages[key]
        blob += struct.pack("<q", len(raw) // width)[:size]
        places[key] = len(blob)
        blob += raw
    return blob, places


def weights(seed, *specs):
    """(name, dtype, shape...) each: raw bytes by the number of the storage."""
    rng = random_for(seed)
    return [(name, dtype, shape, random_raw(dtype, math.prod(shape), rng)) for name, dtype, *shape in specs]


def elements(dtype, raw):
    return len(raw) * 8 // BITS[dtype]


def state(tensors, more=()):
    """The usual: an OrderedDict of tensors with a storage each."""
    return p.ordered(*[(p.text(name), p.tensor(p.storage(dtype, str(i), elements(dtype, raw), more=more), shape))
                       for i, (name, dtype, shape, raw) in enumerate(tensors)])


def found(tensors, places, big=False):
    return [Tensor(name, dtype, shape, raw, places[str(i)], decode(dtype, raw, big)) for i,
            (name, dtype, shape, raw) in enumerate(tensors)]


def by_place(tensors):
    return sorted(tensors, key=lambda t: t.offset)


def usual(seed):
    return weights(seed, ("fc.weight", "F32", 3, 4), ("fc.bias", "F16", 3), ("emb", "BF16", 5, 2), ("ids", "I64", 6),
                   ("s", "F64"),
                   ("mask", "BOOL", 2, 2), ("none", "F32", 0))


def good(corpus):
    def put(name, tensors, program=None, ending=".pt", **options):
        blob, places = archive(p.program(program or state(tensors)), {str(i): t[3] for i, t in enumerate(tensors)},
                               **options)
        listed = found(tensors, places)
        if options.get("method"):
            for t in listed:
                t.offset = None
        corpus.good("torch-" + name + ending, blob, "torch", listed if options.get("method") else by_place(listed))

    put("all-dtypes", weights("dtypes", *[(d.lower(), d, 2, 3) for d in p.STORAGES]))
    put("usual", usual("usual"))
    put("no-byteorder", usual("a"), byteorder=None)
    put("no-version", usual("b"), version=None)
    put("prefix", usual("c"), prefix="pytorch_model", ending=".bin")
    put("prefix-utf8", usual("c8"), prefix="mod\u00e8le", ending=".pth")
    put("unaligned", usual("d"), align=0)
    put("no-descriptor", usual("e"), descriptor=False)
    put("deflated", weights("deflated", ("w", "F32", 20, 30), ("b", "F16", 30)), method=8)
    put("program-last", usual("f"), first=False)
    put("other-entries", usual("g"), extra=[("archive/.format_version", b"1"), ("archive/.storage_alignment", b"64"),
                                            ("archive/.data/serialization_id", b"1234567890"),
                                            ("archive/data/77", b"unused storage")])
    put("empty-dict", [], p.dictionary())
    put("empty-ordered", [], p.ordered())
    put("no-tensors", [], p.dictionary((p.text("lr"), p.real(0.1)), (p.text("names"), p.array(p.text("a"), p.NONE))))
    put("ten-shapes", weights("shapes", *[("r%d" % n, "F32", *[2] * n) for n in range(9)]))
    put("names", weights("names", *[(n, "U8", 1) for n in ("", ".", "a.", "\u5c42.\u6743\u91cd", "a b", "\"q\"",
                                                           "n" * 300)]))

    one = weights("one", ("w", "F32", 2, 3))
    of = p.storage("F32", "0", 6)
    plain = p.tensor(of, (2, 3))
    parameter = p.call("torch._utils", "_rebuild_parameter", plain, p.TRUE, p.ORDERED)
    put("parameter", one, p.ordered((p.text("w"), parameter)))
    put("parameter-state", one, p.dictionary((p.text("w"), p.call("torch._utils", "_rebuild_parameter_with_state", plain,
                                                                  p.TRUE, p.ORDERED,
                                                                  p.dictionary((p.text("tag"), p.TRUE))))))
    put("first-rebuild", one, p.dictionary((p.text("w"), p.call("torch._utils", "_rebuild_tensor", of, p.integer(0),
                                                                p.sequence(
        p.integer(2), p.integer(3)), p.sequence(p.integer(3), p.integer(1))))))
    size = p.call("torch", "Size", p.sequence(p.integer(2), p.integer(3)))
    put("size", one, p.dictionary((p.text("shape"), size), (p.text("w"), p.call(
        "torch._utils", "_rebuild_tensor_v2", of, p.integer(0), size, p.sequence(p.integer(3), p.integer(1)), p.FALSE,
        p.ORDERED))))
    put("built", one, p.ordered((p.text("w"), plain)) + p.dictionary((p.text("_metadata"), p.ordered(
        (p.text(""), p.dictionary((p.text("version"), p.integer(1))))))) + p.BUILD)
    put("location", one, p.ordered((p.text("w"), p.tensor(p.storage("F32", "0", 6, "cuda:0"), (2, 3)))))
    put("ordered-from-pairs", one, p.call("collections", "OrderedDict", p.array(p.sequence(p.text("w"), plain))))
    put("set-item", one, b"}" + p.text("w") + plain + b"s")
    put("memo", one,
        b"}q\x00" + p.text("w") + b"q\x01" + plain + b"r\x00\x01\x00\x00" + b"s" + p.text("same") + b"h\x01" + b"s")
    put("frames", one, b"\x95" + struct.pack("<Q", 5) + b"}\x94" + b"\x8c\x01w\x94" + plain + b"\x94s")
    put("stack-global", one, b"}\x8c\x01w" + b"\x8c\x0ctorch._utils\x8c\x12_rebuild_tensor_v2\x93" + p.sequence(
        of, p.integer(0), p.sequence(p.integer(2), p.integer(3)), p.sequence(p.integer(3), p.integer(1)), p.FALSE,
        p.ORDERED) + b"Rs")
    put("popped", one, p.text("thrown away") + b"0" + b"(" + p.integer(1) + p.integer(2) + b"1" + p.dictionary((p.text("w"),
            plain)))
    others = [(p.text("epoch"), p.integer(3)), (p.text("lr"), p.real(1e-4)), (p.text("big"), p.integer(2 ** 70)),
              (p.text("negative"), p.integer(-2 ** 62)), (p.text("flags"), p.array(p.TRUE, p.FALSE, p.NONE, p.text("x"))),
              (p.integer(7), p.text("a number for a key")), (p.text("pair"), p.sequence(p.integer(1), p.sequence()))]
    put("other-values", one, p.dictionary(*others, (p.text("w"), plain)))
    nested = weights("nested", ("model.fc.weight", "F32", 2, 3), ("model.fc.bias", "BF16", 4), ("optim.state.0", "F32", 2),
                     ("optim.state.1.1", "F32", 1))
    refs = [p.tensor(p.storage(d, str(i), elements(d, r)), s) for i, (_, d, s, r) in enumerate(nested)]
    put("nested", nested, p.dictionary(
        (p.text("epoch"), p.integer(3)), (p.text("model"), p.ordered((p.text("fc.weight"), refs[0]),
                                                                     (p.text("fc.bias"), refs[1]))),
        (p.text("optim"), p.dictionary((p.text("state"), p.array(refs[2], p.sequence(p.NONE, refs[3])))))))
    views(corpus)
    new_types(corpus)
    bare(corpus)


def views(corpus):
    """Many tensors over one storage."""
    raw = struct.pack("<24f", *range(24))
    of = p.storage("F32", "0", 24)
    cases = [("base", (4, 6), (6, 1), 0), ("transposed", (6, 4), (1, 6), 0), ("row2", (6,), (1,), 12),
             ("column", (4,), (6,), 1),
             ("expanded", (5, 2), (0, 1), 3), ("last", (), (), 23), ("block", (2, 2, 2), (12, 6, 2), 1),
             ("one", (1, 1), (99, 7), 5),
             ("none", (0, 3), (3, 1), 24), ("tied", (4, 6), (6, 1), 0)]
    blob, places = archive(p.program(p.ordered(*[(p.text(n), p.tensor(of, s, st, at)) for n, s, st, at in cases])),
                           {"0": raw})
    tensors = []
    for name, shape, strides, at in cases:
        picked = [at]
        for size, stride in zip(shape, strides):
            picked = [i + k * stride for i in picked for k in range(size)]
        values = [float(i) for i in picked]
        tensors.append(Tensor(name, "F32", shape, struct.pack("<%df" % len(values), *values), places["0"] + 4 * at, values,
                              scattered=True))
    corpus.good("torch-views.pt", blob, "torch", by_place(tensors))


def new_types(corpus):
    """Those without a storage class of their own: _rebuild_tensor_v3 over bytes."""
    cases = [("float8_e4m3fn", "F8_E4M3"), ("float8_e5m2", "F8_E5M2"), ("float8_e4m3fnuz", "F8_E4M3FNUZ"),
             ("float8_e5m2fnuz", "F8_E5M2FNUZ"),
             ("uint16", "U16"), ("uint32", "U32"), ("uint64", "U64"), ("float32", "F32"), ("bfloat16", "BF16")]
    tensors = weights("new", *[(n, d, 2, 3) for n, d in cases])
    pairs = []
    for i, (name, dtype, shape, raw) in enumerate(tensors):
        of = p.storage(dtype, str(i), len(raw), kind=p.name("torch.storage", "UntypedStorage"))
        pairs.append((p.text(name), p.call("torch._utils", "_rebuild_tensor_v3", of, p.integer(0), p.sequence(p.integer(2),
                p.integer(3)),
                                           p.sequence(p.integer(3), p.integer(1)), p.FALSE, p.ORDERED,
                                           p.name("torch", name))))
    blob, places = archive(p.program(p.ordered(*pairs)), {str(i): t[3] for i, t in enumerate(tensors)})
    corpus.good("torch-new-types.pt", blob, "torch", by_place(found(tensors, places)))
    swapped = weights("big", ("w", "F32", 2, 3), ("h", "F16", 3), ("b", "U8", 3))
    storages = {str(i): t[3] for i, t in enumerate(swapped)}
    blob, places = archive(p.program(state(swapped)), storages, byteorder=b"big")
    corpus.good("torch-big-endian.pt", blob, "torch", by_place(found(swapped, places, True)))


def bare(corpus):
    """Before 1.6."""
    def put(name, tensors, program=None, keys=None, **options):
        storages = {str(i): (struct.calcsize(STRUCT.get(t[1], "H" if t[1] == "BF16" else "B")), t[3]) for i,
                    t in enumerate(tensors)}
        blob, places = legacy(p.program(program or state(tensors, more=(p.NONE,))), storages, keys, **options)
        corpus.good("legacy-" + name + ".pt", blob, "torch-legacy", by_place(found(tensors, places)))

    put("usual", usual("legacy"))
    put("other-order", usual("order"), keys=["3", "0", "6", "5", "1", "4", "2"])
    put("empty", [], p.ordered())
