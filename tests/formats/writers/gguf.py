"""GGUF: | 'GGUF' | u32 version | u64 tensors | u64 keys | keys | tensors | padding | data |"""
import math
import struct

from .corpus import Tensor
from .ggml import TYPES, random_blocks, values
from .safetensors import HOSTILE
from .values import decode, random_for

KINDS = {"u8": (0, "B"), "i8": (1, "b"), "u16": (2, "H"), "i16": (3, "h"), "u32": (4, "I"), "i32": (5, "i"), "f32": (6, "f"),
         "bool": (7, "B"), "string": (8, None), "u64": (10, "Q"), "i64": (11, "q"), "f64": (12, "d")}
WHO = [("general.architecture", "string", "llama"), ("general.name", "string", "tiny \u2713")]


class Packer:
    """Numbers of one version: the counts and lengths of version 1 are 32 bits wide; order is < or >."""

    def __init__(self, version=3, order="<"):
        self.version, self.order, self.wide = version, order, "I" if version == 1 else "Q"

    def pack(self, form, *numbers):
        return struct.pack(self.order + form, *numbers)

    def string(self, text, length=None):
        raw = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
        return self.pack(self.wide, len(raw) if length is None else length) + raw

    def scalar(self, kind, value):
        return self.string(value) if kind == "string" else self.pack(KINDS[kind][1], value)

    def value(self, kind, value):
        if kind.startswith("["):
            inner = kind[1:-1]
            return self.pack("I" + "I" + self.wide, 9, KINDS[inner][0],
                             len(value)) + b"".join(self.scalar(inner, v) for v in value)
        return self.pack("I", KINDS[kind][0]) + self.scalar(kind, value)

    def key(self, name, kind, value):
        return self.string(name) + self.value(kind, value)

    def info(self, name, ne, kind, offset, dims=None):
        return self.string(name) + self.pack("I", len(ne) if dims is None else dims) + \
            b"".join(self.pack(self.wide, n) for n in ne) + self.pack("IQ", kind, offset)

    def head(self, tensors, keys):
        return b"GGUF" + self.pack("I" + self.wide * 2, self.version, tensors, keys)


P = Packer()


def padded(size, align):
    return -(-size // align) * align


def model(tensors, keys, version=3, align=32, order="<", tail=True, offsets=None):
    """tensors: (name, kind, shape, raw); offsets: of each in the data, where they do not follow each other."""
    p, infos, data, places = Packer(version, order), b"", b"", []
    for i, (name, kind, shape, raw) in enumerate(tensors):
        at = offsets[i] if offsets else len(data)
        places.append(at)
        infos += p.info(name, shape[::-1], TYPES[kind][0], at)
        data = data.ljust(at, b"\0")
        data = data[:at] + raw + data[at + len(raw):]
        if tail or i + 1 < len(tensors):
            data = data.ljust(padded(len(data), align), b"\0")
    head = p.head(len(tensors), len(keys)) + b"".join(p.key(*k) for k in keys) + infos
    start = padded(len(head), align) if tensors else len(head)
    found = [Tensor(name, kind, shape, raw, start + at, values(kind, raw) if order == "<" else decode(kind, raw, True))
             for (name, kind, shape, raw), at in zip(tensors, places)]
    return head.ljust(start, b"\0") + data, sorted(found, key=lambda t: t.offset)


def tensor(rng, name, kind, *shape):
    return name, kind, shape, random_blocks(kind, math.prod(shape), rng)


def shown(keys):
    """As a reader shows them: an array by the type of its elements, bool by its word."""
    def word(kind, value):
        return bool(value) if kind == "bool" else float(value) if kind in ("f32", "f64") else value
    return [(k, t.strip("[]"), [word(t[1:-1], v) for v in value] if t[0] == "[" else word(t, value)) for k, t, value in keys]


ALL_KINDS = [("t.u8", "u8", 255), ("t.i8", "i8", -128), ("t.u16", "u16", 65535), ("t.i16", "i16", -32768),
             ("t.u32", "u32", 2 ** 32 - 1),
             ("t.i32", "i32", -2 ** 31), ("t.f32", "f32", 1.5), ("t.bool", "bool", 1), ("t.false", "bool", 0),
             ("t.u64", "u64", 2 ** 64 - 1),
             ("t.i64", "i64", -2 ** 63), ("t.f64", "f64", math.pi), ("t.empty", "string", ""), ("t.inf", "f32", -math.inf),
             ("a.u8", "[u8]", [1, 2, 3]), ("a.i8", "[i8]", [-1]), ("a.u16", "[u16]", [65535, 0]),
             ("a.i16", "[i16]", [-2, 2]),
             ("a.u32", "[u32]", [7] * 5), ("a.i32", "[i32]", [-1, 0]), ("a.f32", "[f32]", [0.5] * 5),
             ("a.bool", "[bool]", [0, 1]),
             ("a.string", "[string]", ["a", "", "\u00e9\u4e2d", "line\nbreak", "tab\t\"quote\""]),
             ("a.u64", "[u64]", [2 ** 63]),
             ("a.i64", "[i64]", [-2 ** 63, 1]), ("a.f64", "[f64]", []), ("a.empty", "[string]", [])]


def good(corpus):
    def put(name, make, keys=None, written=None, **options):
        keys = WHO if keys is None else keys
        name = "gguf-" + name
        blob, found = model(make(random_for(name)) if callable(make) else make, keys, **options)
        corpus.good(name + ".gguf", blob, "gguf", found, shown(keys))

    put("all-kinds", lambda r: [tensor(r, "w", "F32", 2, 3)], WHO + ALL_KINDS)
    put("vocabulary", [], WHO + [("tokenizer.ggml.tokens", "[string]", ["<s>", "a", "b", "\u2581the", "\x00", "\x1b[0m"]),
                                 ("tokenizer.ggml.scores", "[f32]", [0.0, -1.0, -2.5, 2.0 ** -30, -0.0, 3.0]),
                                 ("tokenizer.chat_template", "string",
                                  "{{ ''.__class__.__mro__ }}{% for m in messages %}{% endfor %}")])
    put("empty", [], [])
    put("v2", lambda r: [tensor(r, "a", "F32", 4, 4), tensor(r, "b", "Q8_0", 2, 64)], version=2)
    for kind, (_, weights, _) in TYPES.items():
        put(kind.lower(), lambda r: [tensor(r, "blk.0.%s.weight" % kind.lower(), kind, 3, weights * 2),
                                     tensor(r, "after", "F32", 5)])
    put("model", lambda r: [tensor(r, "token_embd.weight", "Q4_K", 8, 256), tensor(r, "blk.0.attn_q.weight", "Q6_K", 4, 512),
                            tensor(r, "blk.0.attn_norm.weight", "F32", 256), tensor(r, "blk.0.ffn_down.weight", "Q5_1", 8,
                                                                                    32),
                            tensor(r, "output.weight", "BF16", 8, 3)])
    put("ranks", lambda r: [tensor(r, "r0", "F32"), tensor(r, "r1", "F32", 5), tensor(r, "r2", "F16", 3, 5),
                            tensor(r, "r3", "F32", 2, 3, 4), tensor(r, "r4", "F32", 2, 1, 3, 2), tensor(r, "q4", "Q4_0", 2,
                                    1, 2, 64)])
    put("zero-elements", lambda r: [tensor(r, "z", "F32", 3, 0), tensor(r, "zq", "Q4_0", 0, 32), tensor(r, "w", "F32", 2)])
    for align in (1, 2, 8, 64, 4096):
        put("align-%d" % align, lambda r: [tensor(r, "a", "F16", 3), tensor(r, "b", "Q4_0", 1, 32),
                                           tensor(r, "c", "F32", 1)],
            WHO[:1] + [("general.alignment", "u32", align)] + WHO[1:], align=align)
    put("no-tail-padding", lambda r: [tensor(r, "a", "F32", 8), tensor(r, "b", "F32", 3)], tail=False)
    put("name-63", lambda r: [tensor(r, "n" * 63, "F32", 1)])
    put("names", lambda r: [tensor(r, n, "I8", 1) for n in ("", " ", "\u00e9\u4e2d", "a/b", "\"quoted\"")])
    put("123-tensors", lambda r: [tensor(r, "blk.%d.w" % i, "F32", 1 + i % 4) for i in range(0x7b)], [])  # '{' at byte 8
    put("specials", [("q", "Q8_0", (4, 32), b"".join(struct.pack("<H", d) + bytes(range(112, 144)) for d in (0x7c00, 0x7e00,
            1, 0x8000))),
                     ("mx", "MXFP4", (4, 32), b"".join(bytes([e]) + bytes(range(0, 256, 16)) for e in (0, 1, 254, 255))),
                     ("f", "F32", (4,), struct.pack("<4f", math.inf, -math.inf, math.nan, -0.0))])
    put("part-2-of-3", lambda r: [tensor(r, "w", "F32", 2)],
        WHO + [("split.no", "u16", 1), ("split.count", "u16", 3), ("split.tensors.count", "i32", 7)])
    put("many-tokens", [], [("tokenizer.ggml.tokens", "[string]", ["token %d" % i for i in range(1500)])])


# ---- What must be refused --------------------------------------------------------------------------------------------

F32X8 = bytes(range(32))


def one(ne=(8,), kind=0, offset=0, data=F32X8, name="w", keys=(), dims=None, align=32, counts=(1, None)):
    """A file of one tensor; each number as it is told."""
    raw = b"".join(k if isinstance(k, bytes) else P.key(*k) for k in keys)
    head = P.head(counts[0], len(keys) if counts[1] is None else counts[1]) + raw + P.info(name, ne, kind, offset, dims)
    return head.ljust(padded(len(head), align), b"\0") + data


def pair(first, second, data):
    """Two tensors, (name, ne, kind, offset) each."""
    head = P.head(2, 0) + P.info(*first) + P.info(*second)
    return head.ljust(padded(len(head), 32), b"\0") + data


def bad(corpus):
    def put(name, blob, words, verdict="refuse"):
        corpus.bad("gguf-%s.gguf" % name, blob, words, verdict)

    u32, u64 = struct.Struct("<I").pack, struct.Struct("<Q").pack
    key = P.string("k")
    good_one = one(keys=WHO)
    put("magic-only", b"GGUF", "")
    put("magic", b"ggml" + good_one[4:], "")
    put("magic-reversed", b"FUGG" + good_one[4:], "")
    put("version-cut", b"GGUF\3\0", "")
    for version in (0, 1, 4, 0x10003, 2 ** 32 - 1):
        put("version-%d" % version, b"GGUF" + u32(version) + good_one[8:], "version")
    p1 = Packer(1)
    put("version-1-real", p1.head(1, 0) + p1.info("w", (8,), 0, 0) + F32X8, "version")
    big = Packer(3, ">")
    put("big-endian", big.head(1, 0) + big.info("w", (8,), 0, 0) + F32X8, "big-endian")
    put("big-endian-v2", Packer(2, ">").head(0, 0), "big-endian")
    for name, count in (("max", 2 ** 64 - 1), ("signed", 2 ** 63), ("wrap-48", 2 ** 64 // 48 + 1), ("wrap-64", 2 ** 58),
                        ("2-32", 2 ** 32),
                        ("1000", 1000), ("5", 5)):
        put("tensors-" + name, one(counts=(count, None)), "")
        put("keys-" + name, one(keys=WHO[:1], counts=(1, count)), "")
    put("tensors-0", one(counts=(0, None)), "", "accept")
    put("keys-0", one(keys=WHO[:1], counts=(1, 0)), "")

    lengths = (("max", 2 ** 64 - 1), ("wrap", 2 ** 64 - 24), ("signed", 2 ** 63), ("2-31", 2 ** 31), ("2-30", 2 ** 30),
               ("past-end", 200))
    for name, length in lengths:
        put("key-length-" + name, one(keys=[P.string("general.x", length) + u32(4) + u32(1)]), "")
        put("string-length-" + name, one(keys=[key + u32(8) + P.string("text", length)]), "")
        put("name-length-" + name, P.head(1, 0) + P.string("w", length) + u32(1) + u64(8) + u32(0) + u64(0) + F32X8, "")
    for name, count in lengths + (("wrap-8", 2 ** 61 + 1), ("wrap-16", 2 ** 60 + 1)):
        for kind in ("u8", "f64", "string", "bool"):
            put("array-%s-%s" % (kind, name),
                one(keys=[key + u32(9) + u32(KINDS[kind][0]) + u64(count) + u64(1) + b"x" + bytes(8)]), "")
    put("array-string-inside",
        one(keys=[key + u32(9) + u32(8) + u64(3) + P.string("a") + P.string("b", 2 ** 63) + P.string("c")]), "")
    put("array-of-arrays", one(keys=[key + u32(9) + u32(9) + u64(1) + u32(0) + u64(1) + b"\1"]), "array")
    put("array-of-arrays-deep", one(keys=[key + u32(9) + (u32(9) + u64(1)) * 2000 + u32(0) + u64(1) + b"\1"]), "array")
    put("array-of-arrays-none", one(keys=[key + u32(9) + u32(9) + u64(0)]), "array")
    for kind in (13, 99, 2 ** 31, 2 ** 32 - 1):
        put("kind-%d" % kind, one(keys=[key + u32(kind) + u64(1)]), "")
        put("array-kind-%d" % kind, one(keys=[key + u32(9) + u32(kind) + u64(1) + u64(1)]), "")
    put("array-kind-13-none", one(keys=[key + u32(9) + u32(13) + u64(0)]), "")
    put("key-empty", one(keys=[("", "u32", 1)]), "key")
    put("key-twice", one(keys=WHO[:1] * 2), "general.architecture")
    put("key-twice-other-kind", one(keys=[("a", "u32", 1), ("b", "u8", 1), ("a", "string", "x")]), "'a'")
    put("key-twice-alignment", one(keys=[("general.alignment", "u32", 32), ("general.alignment", "u32", 1)]),
        "general.alignment")

    for align in (0, 3, 24, 33, 2 ** 21, 2 ** 30, 2 ** 31, 2 ** 32 - 1):
        put("alignment-%d" % align, one(keys=[("general.alignment", "u32", align)]), "alignment")
    for kind, value in (("u64", 32), ("i32", 32), ("u8", 32), ("f32", 32.0), ("string", "32"), ("bool", 1), ("[u32]", [32])):
        put("alignment-" + kind.strip("[]") + ("-array" if kind[0] == "[" else ""),
            one(keys=[("general.alignment", kind, value)]),
            "alignment")
    put("alignment-64-unmet", one(ne=(4,), keys=[("general.alignment", "u32", 64)], align=64, data=F32X8[:8]), "")

    put("name-twice", pair(("w", (8,), 0, 0), ("w", (8,), 0, 32), F32X8 * 2), "'w'")
    put("name-twice-empty", pair(("", (8,), 0, 0), ("", (8,), 0, 32), F32X8 * 2), "''")
    for dims, ne in ((5, (1, 1, 1, 1, 8)), (65, (1,) * 64 + (8,)), (2 ** 31, (8,)), (2 ** 32 - 1, (8,))):
        put("rank-%d" % dims, one(ne=ne, dims=dims), "dimension")
    for name, ne in (("negative", (2 ** 64 - 8,)), ("wrap", (2 ** 32, 2 ** 32)), ("wrap-part-way", (2 ** 32, 2 ** 32, 8)),
                     ("wrap-then-zero", (2 ** 32, 2 ** 32, 2 ** 32, 0)), ("wrap-to-8", (2 ** 61 + 1, 8)),
                     ("signed", (2 ** 31, 2 ** 32)),
                     ("bytes-wrap", (2 ** 62 + 8,)), ("bytes-signed", (2 ** 61,)), ("2-40", (2 ** 40,)),
                     ("max-max", (2 ** 64 - 1, 2 ** 64 - 1))):
        put("dims-" + name, one(ne=ne), "")
    put("blocks-wrap", one(ne=(32, 2 ** 59), kind=2), "")
    put("blocks-wrap-to-fit", one(ne=(2 ** 60 + 32,), kind=8, data=bytes(64)), "")
    for kind in (4, 5, 31, 32, 33, 36, 37, 38, 43, 99, 255, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1):
        put("type-%d" % kind, one(kind=kind), "type")
    for kind, ne in (("Q4_0", (33,)), ("Q4_0", (16, 2)), ("Q8_0", (1,)), ("Q4_K", (128, 2)), ("Q6_K", (255,)),
                     ("NVFP4", (32, 2)),
                     ("Q1_0", (64, 2)), ("IQ1_S", (32, 8)), ("Q4_0", ())):
        put("row-%s-%s" % (kind.lower(), "x".join(map(str, ne))), one(ne=ne, kind=TYPES[kind][0], data=bytes(512)), "")

    for name, offset in (("past-end", 4096), ("at-end", 32), ("max", 2 ** 64 - 32), ("wraps", 2 ** 64 - 64),
                         ("signed", 2 ** 63),
                         ("unaligned", 4), ("odd", 1)):
        put("offset-" + name, one(offset=offset), "")
    put("offset-into-header", one(offset=2 ** 64 - 64, data=F32X8 * 3), "")
    put("hole-at-begin", one(offset=32, data=F32X8 * 2), "")
    put("hole", pair(("a", (8,), 0, 0), ("b", (8,), 0, 64), F32X8 * 3), "")
    put("overlap", pair(("a", (16,), 0, 0), ("b", (8,), 0, 32), F32X8 * 2), "")
    put("same-bytes", pair(("a", (8,), 0, 0), ("b", (8,), 0, 0), F32X8), "")
    put("same-bytes-other-type", pair(("a", (8,), 0, 0), ("b", (16,), 1, 0), F32X8), "")
    put("sizes-wrap", pair(("a", (2 ** 61 - 8,), 0, 0), ("b", (2 ** 61,), 0, 2 ** 63 - 32), F32X8), "")
    put("sizes-wrap-to-fit", pair(("a", (2 ** 60,), 28, 0), ("b", (2 ** 60 + 4,), 28, 2 ** 63), F32X8), "")
    put("data-cut", one()[:-1], "")
    put("data-missing", one(data=b""), "")
    put("data-shorter-than-shape", one(ne=(8, 8)), "")
    put("padding-missing", one().replace(F32X8, b"")[:60], "")
    put("rest", one(data=F32X8 * 4), "", "accept")
    for at in (8, 12, 16, 20, 24, 31, 33, 60):
        put("cut-%d" % at, good_one[:at], "")
    put("info-cut", one()[:49], "")

    hostile(put)
    put("out-of-order", pair(("a", (8,), 0, 32), ("b", (8,), 0, 0), F32X8 * 2), "", "accept")
    put("bool-2", one(keys=[("b", "bool", 2)]), "", "accept")
    put("split-of-other-kind", one(keys=[("split.no", "string", "1"), ("split.count", "f32", 3.0)]), "", "accept")
    put("split-no-past-count", one(keys=[("split.no", "u16", 9), ("split.count", "u16", 3)]), "", "accept")
    put("split-huge", one(keys=[("split.no", "u16", 65535), ("split.count", "u16", 65535), ("split.tensors.count", "i32",
                                                                                            -1)]), "", "accept")
    put("block-count-huge", one(keys=[("llama.block_count", "u32", 2 ** 32 - 1), ("llama.vocab_size", "u64", 2 ** 64 - 1)]),
        "", "accept")


def hostile(put):
    """Text that a terminal would act on: in a key, a value, a token and a name."""
    texts = list(HOSTILE.values())
    keys = [("tokenizer.ggml.tokens", "[string]", texts)] + [("k%d" % i + text, "string", text) for i,
                                                             text in enumerate(texts)]
    raw = b"".join(P.key(*k) for k in keys)
    infos = b"".join(P.info(text, (8,), 0, 32 * i) for i, text in enumerate(texts))
    head = P.head(len(texts), len(keys)) + raw + infos
    put("escape", head.ljust(padded(len(head), 32), b"\0") + F32X8 * len(texts), "", "accept")
    put("escape-key-twice", one(keys=[("\x1b]0;x\x07", "u8", 1)] * 2), "\\x1b]0;x\\x07")
    put("escape-name-twice", pair(("\x9b31m", (8,), 0, 0), ("\x9b31m", (8,), 0, 32), F32X8 * 2), "\\u009b31m")
    put("escape-name-in-error", one(name="\u202e" * 15, kind=99), "\\u202e")
    put("key-not-utf8", one(keys=[P.string(b"\xff\xfe") + struct.pack("<IB", 0, 1)]), "", "accept")
    put("value-not-utf8", one(keys=[P.string("k") + struct.pack("<I", 8) + P.string(b"\xc0\x80\xed\xa0\x80")]), "", "accept")
    put("name-not-utf8", one(name=b"\xff\x80w"), "", "accept")
    put("name-nul", one(name="w\0v"), "", "accept")
    put("name-64", one(name="n" * 64), "", "accept")
    put("name-5000", one(name="n" * 5000), "", "accept")
    put("key-5000", one(keys=[("k" * 5000, "u8", 1)]), "", "accept")
