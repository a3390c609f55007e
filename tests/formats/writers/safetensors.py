"""safetensors: | u64 N | N bytes of JSON | data |."""
import json
import math
import struct

from .corpus import Tensor
from .values import BITS, decode, random_for, random_raw


def tensor(rng, name, dtype, *shape):
    return name, dtype, shape, random_raw(dtype, math.prod(shape), rng)


def frame(header, data=b"", length=None):
    header = header.encode() if isinstance(header, str) else header
    return struct.pack("<Q", len(header) if length is None else length) + header + data


def entry(dtype, shape, begin, end):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}


def model(tensors, metadata=None, pad=8, order=None, indent=None):
    """Bytes of the file and what must be found in it. order: of the names in the header."""
    entries, at = {}, 0
    for name, dtype, shape, raw in tensors:
        entries[name] = entry(dtype, shape, at, at + len(raw))
        at += len(raw)
    header = {} if metadata is None else {"__metadata__": metadata}
    header.update((name, entries[name]) for name in order or entries)
    text = json.dumps(header, ensure_ascii=False, indent=indent, separators=None if indent else (",", ":")).encode()
    if pad:
        text += b" " * (-(8 + len(text)) % pad)
    found = [Tensor(name, dtype, shape, raw, 8 + len(text) + entries[name]["data_offsets"][0], decode(dtype, raw))
             for name, dtype, shape, raw in tensors]
    return frame(text, b"".join(raw for _, _, _, raw in tensors)), found


def good(corpus):
    def put(name, tensors, metadata=None, **options):
        blob, found = model(tensors(random_for(name)) if callable(tensors) else tensors, metadata, **options)
        corpus.good(name + ".safetensors", blob, "safetensors", found, [(k, "string", v) for k,
                                                                        v in (metadata or {}).items()])

    by_size = sorted(BITS, key=lambda d: BITS[d])
    put("st-all-dtypes", lambda r: [tensor(r, d.lower() + ".weight", d, 3, 8) for d in by_size], {"format": "pt"})
    every = bytes(range(256))
    put("st-every-byte", [(d, d, (256 * 8 // BITS[d] // 16, 16), every) for d in
                          ("F8_E4M3", "F8_E5M2", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "F8_E8M0", "F4", "U8", "I8", "BOOL")])
    put("st-ranks", lambda r: [tensor(r, "rank%d" % n, "F32", *[2] * n) for n in range(9)])
    put("st-rank-64", lambda r: [tensor(r, "deep", "F16", *[1] * 31, 3, *[1] * 31, 2)])
    put("st-scalars", lambda r: [tensor(r, "s." + d, d) for d in ("F32", "F16", "BF16", "I64", "BOOL", "F8_E4M3")])
    put("st-zero-dims", lambda r: [tensor(r, "a", "F32", 0), tensor(r, "b", "I64", 3, 0, 5), tensor(r, "c", "F16", 2, 2),
                                   tensor(r, "d", "U8", 0, 0), tensor(r, "e", "F4", 0)])
    put("st-zero-dim-of-many", [("z", "U8", (0, 2 ** 32, 2 ** 31), b"")])
    put("st-empty-list", [], {"note": "no tensors"})
    put("st-empty-object", [])
    put("st-unicode-names", lambda r: [tensor(r, n, "F32", 2) for n in
                                       ("\u5c42.0.\u6743\u91cd", "couche.\u00e9", "\u0441\u043b\u043e\u0439",
                                        "brain-\U0001f9e0.w",
                                        "rtl-\u05d0\u05d1", "combining-e\u0301", " lead space", "a/b\\c\"d'e", "",
                                        "\u20ac" * 70)])
    put("st-long-name", lambda r: [tensor(r, "n" * 5000 + ".weight", "F32", 2), tensor(r, "m." * 300 + "w", "F16", 3)])
    mixed = lambda r: [tensor(r, "u8", "U8", 3), tensor(r, "f32", "F32", 5), tensor(r, "f64", "F64", 3),
                       tensor(r, "b", "BOOL", 1),
                       tensor(r, "i64", "I64", 2), tensor(r, "bf16", "BF16", 7), tensor(r, "f4", "F4", 3, 2)]
    put("st-unaligned", mixed, pad=0)
    put("st-header-order", mixed, {"k": "v"}, order=["i64", "f32", "f4", "b", "bf16", "u8", "f64"])
    put("st-header-reversed", mixed, order=["f4", "bf16", "i64", "b", "f64", "f32", "u8"], pad=64)
    put("st-metadata", lambda r: [tensor(r, "w", "F32", 4)], {"key%03d" % i: "value %d \u2713" % i for i in range(300)})
    put("st-metadata-text", lambda r: [tensor(r, "w", "F32", 1)],
        {"": "", "quote\"": "back\\slash", "lines": "one\ntwo\ttabbed", "long": "x" * 3000})
    put("st-special-values", [
        ("inf", "F32", (6,), struct.pack("<6f", math.inf, -math.inf, math.nan, 0.0, -0.0, 1e-45)),
        ("all-nan", "F16", (4,), b"\x00\x7e\x01\x7c\xff\xff\x00\xfe"), ("const", "F32", (100,),
                                                                        struct.pack("<f", 0.1) * 100),
        ("extreme", "F64", (4,), struct.pack("<4d", 4e307, -4e307, 5e-324, 1.0)),
        ("i64-ends", "I64", (2,), struct.pack("<2q", -2 ** 63, 2 ** 63 - 1)), ("u64-end", "U64", (1,), b"\xff" * 8),
        ("bool-bytes", "BOOL", (4,), b"\x00\x01\x02\xff"), ("bf16-ends", "BF16", (4,), b"\x80\x7f\x80\xff\xc0\x7f\x01\x00")])
    put("st-indented", lambda r: [tensor(r, "w", "F32", 2, 2)], {"a": "b"}, indent=3)
    put("st-300-tensors", lambda r: [tensor(r, "model.layers.%d.mlp.%s.weight" % (i // 4, "abcd"[i % 4]), "F16", 1,
                                            1 + i % 3)
                                     for i in range(300)])

    def raw(name, header, names, data):
        found = [Tensor(n, "U8", (1,), data[i:i + 1], 8 + len(header) + i, [float(data[i])]) for i, n in enumerate(names)]
        corpus.good(name + ".safetensors", frame(header, data), "safetensors", found)

    one = b'{"dtype":"U8","shape":[1],"data_offsets":[%d,%d]}'
    raw("st-json-spacing", b'\t{\r\n "w" : { "shape"\t:[\n1 ] , "data_offsets":[ 0 , 1 ],"dtype" :"U8"} \n}\r\n\t ', ["w"],
        b"\x07")
    raw("st-json-escapes",
        b'{"\\u00e9\\uD83E\\udde0\\n\\"\\/\\b\\f\\r\\t\\\\x":' + one % (0, 1) + b',"\\u0000":' + one % (1, 2) + b"}",
        ["\u00e9\U0001f9e0\n\"/\b\f\r\t\\x", "\0"], b"\x01\x02")
    raw("st-unknown-fields",
        b'{"w":{"x":[{"y":[]}],"dtype":"U8","n":-1.5e+3,"t":true,"shape":[1],"o":{"a":null},"data_offsets":[0,1]}}',
        ["w"], b"\x09")
    raw("st-metadata-null", b'{"__metadata__":null,"w":' + one % (0, 1) + b"}", ["w"], b"\x0a")
    raw("st-metadata-empty", b'{"w":' + one % (0, 1) + b',"__metadata__":{}}', ["w"], b"\x0b")
    raw("st-near-names", b'{"w":' + one % (0, 1) + b',"w ":' + one % (1, 2) + b',"W":' + one % (2, 3) + b',"\xef\xbb\xbfw":'
        + one % (3, 4) + b',"__metadata":' + one % (4, 5) + b"}", ["w", "w ", "W", "\ufeffw", "__metadata"], b"abcde")
    raw("st-noncharacters", b'{"\xef\xbf\xbe\xf4\x8f\xbf\xbf\x7f":' + one % (0, 1) + b"}", ["\ufffe\U0010ffff\x7f"], b"\x0c")


# ---- What must be refused --------------------------------------------------------------------------------------------

W = {"w": entry("F32", (2, 2), 0, 16)}
DATA = bytes(range(16))


def changed(**fields):
    """The header of the one tensor with other fields (None: left out)."""
    e = dict(W["w"], **fields)
    return json.dumps({"w": {k: v for k, v in e.items() if v is not None}})


def text(entry_text):
    return '{"w":{%s}}' % entry_text


def two(first, second):
    return json.dumps({"a": first, "b": second})


def bad(corpus):
    def put(name, header, words, data=DATA, length=None, verdict="refuse"):
        corpus.bad("st-%s.safetensors" % name, frame(header, data, length), words, verdict)

    def blob(name, content, words):
        corpus.bad("st-%s.safetensors" % name, content, words)

    plain = json.dumps(W)
    blob("empty-file", b"", "the file is empty")
    blob("7-bytes", b"\x40\0\0\0\0\0\0", "7 bytes are too few for a safetensors file")
    blob("8-bytes", b"\x40\0\0\0\0\0\0\0", "the file ends inside its header")
    blob("zeros", bytes(64), "not valid JSON: it ends where a value should stand")
    for name, length, words in (("max", 2 ** 64 - 1, "a header of 18446744073709551615 bytes"),
                                ("wraps", 2 ** 64 - 8, "a header of 18446744073709551608 bytes"),
                                ("signed", 2 ** 63, "a header of 9223372036854775808 bytes"),
                                ("over-limit", 100000001, "is over the limit of 100000000"),
                                ("at-limit", 100000000, "the file ends inside its header"),
                                ("past-end", len(plain) + 17, "the file ends inside its header"),
                                ("zero", 0, "not valid JSON: it ends where a value should stand"),
                                ("short", len(plain) - 1,
                                 "not valid JSON: it ends where a comma or the closing bracket should stand"),
                                ("into-data", len(plain) + 1, "not valid JSON: byte 0x00 where the end should stand"),
                                ("big-endian", struct.unpack(">Q", struct.pack("<Q", len(plain)))[0], "is over the limit")):
        put("length-" + name, plain, words, length=length)

    named = '{"%s":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}'
    for name, header, words in (
            ("not-utf8", (named % "X").encode().replace(b"X", b"\xff"), "byte 0xff is not UTF-8"),
            ("latin1", (named % "X").encode().replace(b"X", b"\xe9"), "byte 0xe9 is not UTF-8"),
            ("overlong", (named % "X").encode().replace(b"X", b"\xc0\xaf"), "byte 0xc0 is not UTF-8"),
            ("overlong-3", (named % "X").encode().replace(b"X", b"\xe0\x80\xaf"), "byte 0xe0 is not UTF-8"),
            ("surrogate", (named % "X").encode().replace(b"X", b"\xed\xa0\x80"), "byte 0xed is not UTF-8"),
            ("above-unicode", (named % "X").encode().replace(b"X", b"\xf4\x90\x80\x80"), "byte 0xf4 is not UTF-8"),
            ("half-character", (named % "X").encode().replace(b"X", b"\xe2\x82"), "byte 0xe2 is not UTF-8"),
            ("escape-lone-high", named % "\\ud800", "an incomplete or unknown escape in a string"),
            ("escape-lone-low", named % "\\udc00", "an incomplete or unknown escape in a string"),
            ("escape-two-high", named % "\\ud800\\ud800", "an incomplete or unknown escape in a string"),
            ("escape-cut", named % "\\u00e", "an incomplete or unknown escape in a string"),
            ("escape-unknown", named % "\\x41", "an incomplete or unknown escape in a string"),
            ("escape-quote", '{"w\\', "an incomplete or unknown escape in a string"),
            ("cut", plain[:-2], "it ends where a comma or the closing bracket should stand"),
            ("cut-in-string", '{"w', "a string without its closing quote"),
            ("cut-in-number", '{"w":{"dtype":"F32","shape":[4', "it ends where a comma or the closing bracket should stand"),
            ("trailing", plain + "x", "'x' where the end should stand"),
            ("two-objects", plain + "{}", "'{' where the end should stand"),
            ("nan-dim", changed(shape=[math.nan]), "'N' where a value or ']' should stand"),
            ("infinity", changed(shape=[math.inf]), "'I' where a value or ']' should stand"),
            ("comma-array", text('"dtype":"F32","shape":[4,],"data_offsets":[0,16]'), "']' where a value should stand"),
            ("comma-object", plain[:-1] + ",}", "'}' where a key in double quotes should stand"),
            ("no-comma", text('"dtype":"F32" "shape":[4]'), "where a comma or the closing bracket should stand"),
            ("no-colon", text('"dtype" "F32"'), "where a colon should stand"),
            ("bare-key", "{w:{}}", "'w' where a key in double quotes or '}' should stand"),
            ("number-key", "{1:{}}", "'1' where a key in double quotes or '}' should stand"),
            ("single-quotes", "{'w':{}}", "''' where a key in double quotes or '}' should stand"),
            ("comment", "/* */" + plain, "'/' where a value should stand"),
            ("line-comment", plain + "// end", "'/' where the end should stand"),
            ("bom", "\ufeff" + plain, "where a value should stand"),
            ("utf16", plain.encode("utf-16-le"), "byte 0x00"),
            ("newline-in-string", named % "a\nb", "a bare control character 0x0a in a string"),
            ("tab-in-string", named % "a\tb", "a bare control character 0x09 in a string"),
            ("nul-in-string", named % "a\0b", "a bare control character 0x00 in a string"),
            ("nul-padding", plain.encode() + b"\0" * 3, "byte 0x00 where the end should stand"),
            ("form-feed", plain + "\f", "where the end should stand"),
            ("mismatch", '{"w":{"x":[}', "'}' where a value or ']' should stand"),
            ("closed-twice", plain + "}", "'}' where the end should stand"),
            ("true-cut", '{"w":tru', "'t' where a value should stand"),
            ("True", '{"w":True}', "'T' where a value should stand"),
            ("leading-zero", text('"dtype":"F32","shape":[04],"data_offsets":[0,16]'),
             "where a comma or the closing bracket should stand"),
            ("plus", text('"dtype":"F32","shape":[+4],"data_offsets":[0,16]'), "'+' where a value or ']' should stand"),
            ("dot", text('"dtype":"F32","shape":[4.],"data_offsets":[0,16]'), "']' where a digit should stand"),
            ("exponent-cut", text('"dtype":"F32","shape":[4e],"data_offsets":[0,16]'), "']' where a digit should stand"),
            ("hex", text('"dtype":"F32","shape":[0x4],"data_offsets":[0,16]'),
             "where a comma or the closing bracket should stand"),
            ("deep", '{"w":' + "[" * 5000, "the entry must be an object, not an array"),
            ("deep-objects", '{"__metadata__":' + '{"a":' * 5000, "must be a string, not an object"),
            ("deep-unknown", '{"w":{"x":' + "[" * 5000, "nested"),
            ("deep-mixed", '{"w":{"x":' + '[{"":' * 3000, "nested")):
        put("json-" + name, header, words)

    must = "tensor 'w': "
    for name, header, words in (
            ("top-array", "[]", "the header must be a JSON object, not an array"),
            ("top-null", "null", "the header must be a JSON object, not null"),
            ("top-string", '"w"', "the header must be a JSON object, not a string"),
            ("top-number", "1", "the header must be a JSON object, not a number"),
            ("entry-array", '{"w":[]}', must + "the entry must be an object, not an array"),
            ("entry-null", '{"w":null}', must + "the entry must be an object, not null"),
            ("entry-string", '{"w":"F32"}', must + "the entry must be an object, not a string"),
            ("entry-empty", '{"w":{}}', must + "dtype is missing"),
            ("no-dtype", changed(dtype=None), must + "dtype is missing"),
            ("no-shape", changed(shape=None), must + "shape is missing"),
            ("no-offsets", changed(data_offsets=None), must + "data_offsets is missing"),
            ("dtype-null", text('"dtype":null,"shape":[4],"data_offsets":[0,16]'),
             must + "dtype must be a string, not null"),
            ("dtype-number", changed(dtype=4), must + "dtype must be a string, not a number"),
            ("dtype-lower", changed(dtype="f32"), must + 'unknown dtype "f32"'),
            ("dtype-unknown", changed(dtype="F33"), must + 'unknown dtype "F33"'),
            ("dtype-empty", changed(dtype=""), must + 'unknown dtype ""'),
            ("dtype-space", changed(dtype="F32 "), must + 'unknown dtype "F32 "'),
            ("dtype-nul", changed(dtype="F32\0"), must + 'unknown dtype "F32\\x00"'),
            ("dtype-torch", changed(dtype="torch.float32"), must + 'unknown dtype "torch.float32"'),
            ("dtype-ggml", changed(dtype="Q4_0"), must + 'unknown dtype "Q4_0"'),
            ("dtype-long", changed(dtype="F" * 30000), must + "unknown dtype"),
            ("shape-null", text('"dtype":"F32","shape":null,"data_offsets":[0,16]'),
             must + "shape must be an array of integers, not null"),
            ("shape-number", changed(shape=4), must + "shape must be an array of integers, not a number"),
            ("shape-object", changed(shape={}), must + "shape must be an array of integers, not an object"),
            ("dim-negative", changed(shape=[-2, -2]), must + "shape holds -2, which is no integer"),
            ("dim-minus-zero", text('"dtype":"F32","shape":[-0],"data_offsets":[0,0]'),
             must + "shape holds -0, which is no integer"),
            ("dim-float", changed(shape=[2.0, 2]), must + "shape holds 2.0, which is no integer"),
            ("dim-exponent", text('"dtype":"F32","shape":[4e0],"data_offsets":[0,16]'),
             must + "shape holds 4e0, which is no integer"),
            ("dim-string", changed(shape=["2", 2]), must + "shape must be an array of integers, not a string"),
            ("dim-bool", changed(shape=[True, 4]), must + "shape must be an array of integers, not true"),
            ("dim-null", changed(shape=[None]), must + "shape must be an array of integers, not null"),
            ("dim-array", changed(shape=[[4]]), must + "shape must be an array of integers, not an array"),
            ("dim-2-64", changed(shape=[2 ** 64 + 1, 4]), must + "shape holds 18446744073709551617, which is no integer"),
            ("dim-huge", changed(shape=[int("9" * 400)]), must + "shape holds 99999999999999999999"),
            ("rank-65", changed(shape=[1] * 65), must + "shape has more numbers than the limit of 64"),
            ("rank-5000", changed(shape=[1] * 5000), must + "shape has more numbers than the limit of 64"),
            ("elements-wrap", changed(shape=[2 ** 32, 2 ** 32, 4]),
             must + "shape and dtype F32 ask for more than 2^64 bits"),
            ("elements-wrap-to-fit", changed(shape=[2 ** 63, 2], data_offsets=[0, 0]), "ask for more than 2^64 bits"),
            ("elements-wrap-to-4", changed(shape=[2 ** 62 + 1, 4]), "ask for more than 2^64 bits"),
            ("elements-wrap-zero", changed(shape=[2 ** 40, 2 ** 40, 0], data_offsets=[0, 0]), "ask for more than 2^64 bits"),
            ("bytes-wrap", changed(dtype="F64", shape=[2 ** 61 + 2]),
             must + "shape and dtype F64 ask for more than 2^64 bits"),
            ("bits-wrap", changed(shape=[2 ** 59 + 4]), "ask for more than 2^64 bits"),
            ("offsets-null", text('"dtype":"F32","shape":[4],"data_offsets":null'),
             must + "data_offsets must be an array of integers, not null"),
            ("offsets-object", changed(data_offsets={"begin": 0}),
             must + "data_offsets must be an array of integers, not an object"),
            ("offsets-none", changed(data_offsets=[]), must + "data_offsets must be two numbers, not 0"),
            ("offsets-one", changed(data_offsets=[16]), must + "data_offsets must be two numbers, not 1"),
            ("offsets-three", changed(data_offsets=[0, 16, 16]), must + "data_offsets has more numbers than the limit of 2"),
            ("offset-string", changed(data_offsets=["0", "16"]),
             must + "data_offsets must be an array of integers, not a string"),
            ("offset-negative", changed(data_offsets=[-16, 0]), must + "data_offsets holds -16, which is no integer"),
            ("offset-float", changed(data_offsets=[0, 16.0]), must + "data_offsets holds 16.0, which is no integer"),
            ("offset-2-64", changed(data_offsets=[0, 2 ** 64 + 16]), must + "data_offsets holds 18446744073709551632"),
            ("offset-reversed", changed(data_offsets=[16, 0]), must + "data_offsets [16, 0] end before they begin"),
            ("offset-past-end", changed(shape=[400], data_offsets=[0, 1600]),
             must + "data_offsets [0, 1600] end after the file"),
            ("offset-near-2-64", changed(data_offsets=[2 ** 64 - 16, 2 ** 64 - 1]),
             must + "shape and dtype F32 need 16 bytes"),
            ("offset-wraps", changed(data_offsets=[2 ** 64 - 17, 2 ** 64 - 1]), must + "data_offsets [18446744073709551599"),
            ("offset-into-header", changed(data_offsets=[2 ** 64 - 24, 2 ** 64 - 8]), "end after the file"),
            ("size-differs", changed(data_offsets=[0, 12]),
             must + "shape and dtype F32 need 16 bytes, data_offsets [0, 12] span 12"),
            ("size-of-nothing", changed(shape=[0]), must + "shape and dtype F32 need 0 bytes, data_offsets [0, 16] span 16"),
            ("nothing-of-size", changed(data_offsets=[0, 0]),
             must + "shape and dtype F32 need 16 bytes, data_offsets [0, 0] span 0"),
            ("f4-odd", changed(dtype="F4", shape=[3], data_offsets=[0, 2]),
             must + "3 elements of F4 do not fill whole bytes"),
            ("f6-partial", changed(dtype="F6_E2M3", shape=[2], data_offsets=[0, 2]),
             must + "2 elements of F6_E2M3 do not fill whole bytes"),
            ("field-twice", text('"dtype":"F32","shape":[4],"dtype":"I32","data_offsets":[0,16]'),
             must + "dtype is given twice"),
            ("field-twice-escaped", text('"dtype":"F32","shape":[4],"\\u0073hape":[4],"data_offsets":[0,16]'),
             must + "shape is given twice"),
            ("offsets-twice", text('"data_offsets":[0,16],"dtype":"F32","shape":[4],"data_offsets":[0,16]'),
             must + "data_offsets is given twice"),
            ("metadata-twice", '{"__metadata__":{},"__metadata__":{}}', "__metadata__ is given twice"),
            ("metadata-twice-null", '{"__metadata__":null,"\\u005f_metadata__":null}', "__metadata__ is given twice"),
            ("metadata-key-twice", '{"__metadata__":{"a":"1","\\u0061":"2"}}', "two keys of __metadata__ are named 'a'"),
            ("metadata-number", '{"__metadata__":{"a":1}}', "a value in __metadata__ must be a string, not a number"),
            ("metadata-null-value", '{"__metadata__":{"a":null}}', "a value in __metadata__ must be a string, not null"),
            ("metadata-object", '{"__metadata__":{"a":{"b":"c"}}}',
             "a value in __metadata__ must be a string, not an object"),
            ("metadata-array", '{"__metadata__":["a"]}', "__metadata__ must be an object, not an array"),
            ("metadata-string", '{"__metadata__":"a"}', "__metadata__ must be an object, not a string"),
            ("metadata-is-tensor", '{"__metadata__":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}',
             "a value in __metadata__ must be a string, not an array")):
        put(name, header, words)

    e = entry
    for name, header, size, words in (
            ("hole-at-begin", changed(data_offsets=[4, 20]), 20,
             "bytes 0 to 4 of the data, before this tensor, belong to none"),
            ("hole", two(e("F32", (4,), 0, 16), e("F32", (1,), 20, 24)), 24, "tensor 'b': bytes 16 to 20 of the data"),
            ("hole-of-empty", two(e("F32", (4,), 0, 16), e("F32", (0,), 17, 17)), 17,
             "tensor 'b': bytes 16 to 17 of the data"),
            ("empty-inside", two(e("F32", (4,), 0, 16), e("F32", (0,), 8, 8)), 16,
             "tensor 'b': data_offsets [8, 8] overlap"),
            ("empty-past-end", two(e("F32", (4,), 0, 16), e("F32", (0,), 40, 40)), 16,
             "tensor 'b': data_offsets [40, 40] end after"),
            ("overlap", two(e("F32", (4,), 0, 16), e("F32", (4,), 8, 24)), 24, "tensor 'b': data_offsets [8, 24] overlap"),
            ("overlap-by-one", two(e("U8", (4,), 0, 4), e("U8", (4,), 3, 7)), 7, "tensor 'b': data_offsets [3, 7] overlap"),
            ("inside", two(e("U8", (9,), 0, 9), e("U8", (4,), 2, 6)), 9, "tensor 'b': data_offsets [2, 6] overlap"),
            ("same-bytes", two(e("F32", (4,), 0, 16), e("F32", (4,), 0, 16)), 16,
             "tensor 'b': data_offsets [0, 16] overlap"),
            ("same-bytes-other-type", two(e("F32", (4,), 0, 16), e("F64", (2,), 0, 16)), 16, "data_offsets [0, 16] overlap"),
            ("rest", plain, 24, "8 bytes after the last tensor belong to none"),
            ("rest-of-nothing", "{}", 1, "1 bytes after the last tensor belong to none"),
            ("data-cut", plain, 14, "tensor 'w': data_offsets [0, 16] end after the file"),
            ("data-missing", plain, 0, "tensor 'w': data_offsets [0, 16] end after the file"),
            ("name-twice", '{"w":%s,"w":%s}' % (json.dumps(e("U8", (1,), 0, 1)), json.dumps(e("U8", (1,), 1, 2))), 2,
             "two tensors are named 'w'"),
            ("name-twice-escaped", '{"w":%s,"\\u0077":%s}' % (json.dumps(e("U8", (1,), 0, 1)),
                                                              json.dumps(e("U8", (1,), 1, 2))), 2,
             "two tensors are named 'w'"),
            ("name-twice-empty", '{"":%s,"x":%s,"":%s}' % tuple(json.dumps(e("U8", (1,), i, i + 1)) for i in range(3)), 3,
             "two tensors are named ''"),
            ("name-twice-far",
             "{" + ",".join('"%d":%s' % (i % 200, json.dumps(e("U8", (1,), i, i + 1))) for i in range(201)) + "}", 201,
             "two tensors are named '0'")):
        put(name, header, words, data=bytes(size))
    blob("zip-appended", frame(plain, DATA) + b"PK\5\6" + bytes(18), "22 bytes after the last tensor belong to none")
    escapes(corpus)


# Text that a terminal would act on.
HOSTILE = {"title": "\x1b]0;owned\x07", "clear": "\x1b[2J\x1b[H",
           "osc8": "\x1b]8;;http://evil.example/\x1b\\click\x1b]8;;\x1b\\",
           "osc52": "\x1b]52;c;cm0gLXJmIC8=\x07", "c1-csi": "\u009b31m\u009d0;x\u009c", "backspace": "ok\b\b\bno",
           "cr": "weights\rgone   ",
           "bidi": "\u202etxt.exe\u202c\u2066x\u2069", "zero-width": "a\u200bb\u2060c\ufeffd\u00ad", "del": "\x7f\x7f\x7f",
           "dcs": "\x1bP$q\"p\x1b\\", "report": "\x1b[6n\x1b[21t", "paste": "\x1b[201~rm -rf\n", "shift": "\x0e\x0f\x1b(0",
           "lines": "a\u2028b\u2029c\x85d\x0bf\x0cg", "tags": "\U000e0041\U000e007f\ufff9x\ufffb", "format": "%s%n%1000000d",
           "nul": "before\0after", "variation": "\ufe0f\U000e0100\u0300" * 20, "wide": "\uff37" * 100}


def escapes(corpus):
    for name, attack in HOSTILE.items():
        header = json.dumps({"__metadata__": {"note" + attack: attack}, attack: entry("F32", (1,), 0, 4)})
        corpus.bad("escape-%s.safetensors" % name, frame(header, bytes(4)), "", "accept")
    for name, attack, words in (("dtype", "\x1b]0;x\x07F32", 'unknown dtype "\\x1b]0;x\\x07F32"'),
                                ("dtype-cr", "F32\rF33", 'unknown dtype "F32\\x0dF33"'),
                                ("dtype-format", "%n%s", 'unknown dtype "%n%s"')):
        corpus.bad("escape-%s.safetensors" % name, frame(changed(dtype=attack), DATA), words)
    attack = "\x1b[31m\u202e" * 100
    corpus.bad("escape-name-in-error.safetensors", frame(json.dumps({attack: entry("F32", (4,), 0, 12)}), DATA),
               "tensor '\\x1b[31m\\u202e")
