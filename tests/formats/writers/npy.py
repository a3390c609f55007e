"""NumPy's .npy: | 93 'NUMPY' | major | minor | header length | the text of a dictionary | data |."""
import math
import struct

from .corpus import Tensor
from .values import decode, random_for, random_raw

KINDS = {"|b1": "BOOL", "|i1": "I8", "|u1": "U8", "<i2": "I16", "<u2": "U16", "<i4": "I32", "<u4": "U32", "<i8": "I64",
         "<u8": "U64",
         "<f2": "F16", "<f4": "F32", "<f8": "F64"}


def dictionary(descr, shape, fortran=False):
    shape = "(%s)" % "".join("%d, " % d for d in shape).rstrip(" " if len(shape) == 1 else ", ")
    return "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }" % (descr, fortran, shape)


def frame(header, data=b"", version=(1, 0), pad=64, length=None):
    header = header.encode("latin1") if isinstance(header, str) else header
    form = "<H" if version[0] == 1 else "<I"
    prefix = 8 + struct.calcsize(form)
    if pad:
        header += b" " * (-(prefix + len(header) + 1) % pad) + b"\n"
    return b"\x93NUMPY" + bytes(version) + struct.pack(form, len(header) if length is None else length) + header + data


def swapped(raw, size):
    return b"".join(raw[i:i + size][::-1] for i in range(0, len(raw), size))


def row_major(values, shape):
    """The order that is shown, from Fortran's, in which the first axis is the fastest."""
    strides = [math.prod(shape[:axis]) for axis in range(len(shape))]
    out = []
    for i in range(len(values)):
        at = 0
        for axis in range(len(shape) - 1, -1, -1):
            at += i % shape[axis] * strides[axis]
            i //= shape[axis]
        out.append(values[at])
    return out


def array(rng, descr, shape, fortran=False, **options):
    """A file, and what is in it but for its name."""
    dtype, big = KINDS["|" + descr[1:] if descr[1:] in ("b1", "i1", "u1") else "<" + descr[1:]], descr[0] == ">"
    raw = random_raw(dtype, math.prod(shape), rng)
    values = decode(dtype, raw)
    stored = swapped(raw, int(descr[2:])) if big else raw
    blob = frame(options.pop("header", None) or dictionary(descr, shape, fortran), stored, **options)
    return blob, Tensor("", dtype, shape, stored, len(blob) - len(stored), row_major(values, shape) if fortran else values,
                        scattered=fortran)


def good(corpus):
    def put(name, *args, **options):
        name = "npy-" + name
        blob, found = array(random_for(name), *args, **options)
        found.name = name
        found.scattered = False  # the bytes are there, only their order differs
        corpus.good(name + ".npy", blob, "npy", [found])

    for descr in KINDS:
        put(descr[1:], descr, (3, 4))
        if descr[0] == "<":
            put("big-endian-" + descr[1:], ">" + descr[1:], (3, 4))
    put("native", "=f4", (2,))
    put("one-byte-little", "<u1", (5,))
    put("one-byte-big", ">i1", (5,))
    put("scalar", "<f4", ())
    put("1d", "<f4", (7,))
    put("8d", "<f4", (1, 2, 1, 2, 1, 2, 1, 2))
    put("64d", "<u2", (1,) * 63 + (3,))
    put("empty", "<f4", (0, 4))
    put("empty-of-many", "<f4", (0, 2 ** 20))
    put("fortran", "<f4", (5, 3), True)
    put("fortran-3d", "<f8", (2, 3, 4), True)
    put("fortran-1d", "<f4", (5,), True)
    put("fortran-big-endian", ">i2", (2, 2, 3), True)
    put("fortran-empty", "<f4", (3, 0), True)
    put("v2", "<f4", (2, 2), version=(2, 0))
    put("v3", "<f4", (2, 2), version=(3, 0))
    put("v2-long-header", "<f4", (2, 2), version=(2, 0), header=dictionary("<f4", (2, 2)) + " " * 9000)
    put("key-order", "<f4", (2, 2), header="{'shape': (2, 2), 'descr': '<f4', 'fortran_order': False}")
    put("double-quotes", "<f4", (2, 2), header='{"descr":"<f4","fortran_order":False,"shape":(2,2)}')
    put("spaces", "<f4", (2, 1), header=" \t{ 'descr' : '<f4' ,\n 'fortran_order':False, 'shape':( 2 , 1 , ) , } \t")
    put("python-2", "<f4", (2, 2), header="{'descr': '<f4', 'fortran_order': False, 'shape': (2L, 2L), }")
    put("unpadded", "<f4", (2, 2), pad=0)
    put("pad-16", "<f4", (2, 2), pad=16)


# ---- What must be refused --------------------------------------------------------------------------------------------

DATA = struct.pack("<4f", 1, 2, 3, 4)
GOOD = dictionary("<f4", (2, 2))


def bad(corpus):
    def put(name, blob, words, verdict="refuse"):
        corpus.bad("npy-%s.npy" % name, blob, words, verdict)

    def header(name, text, words, data=DATA, **options):
        put(name, frame(text, data, **options), words)

    def shape(name, text, words, data=DATA):
        header("shape-" + name, "{'descr': '<f4', 'fortran_order': False, 'shape': %s, }" % text, words, data)

    def descr(name, text, words):
        header("descr-" + name, "{'descr': %s, 'fortran_order': False, 'shape': (4,), }" % text, words)

    plain = frame(GOOD, DATA)
    put("empty-file", b"", "the file is empty")
    put("6-bytes", plain[:6], "6 bytes are too few for an .npy file")
    put("9-bytes", plain[:9], "9 bytes are too few for an .npy file")
    put("magic", b"\x93NUMPX" + plain[6:], "does not begin with \\x93NUMPY")
    put("magic-in-words", b"NUMPY" + plain[6:], "does not begin with \\x93NUMPY")
    for version in ((0, 0), (1, 1), (2, 1), (4, 0), (9, 0), (255, 255)):
        put("version-%d.%d" % version, plain[:6] + bytes(version) + plain[8:], "version %d.%d of the .npy format" % version)
    header("length-past-end", GOOD, "the file ends inside its header", length=65535)
    header("length-4g", GOOD, "a header of 4294967295 bytes", version=(2, 0), length=2 ** 32 - 1)
    header("length-over-limit", GOOD, "a header of 1048577 bytes", version=(3, 0), length=2 ** 20 + 1)
    header("length-at-limit", GOOD, "the file ends inside its header", version=(2, 0), length=2 ** 20)
    header("length-zero", GOOD, "the header ends where '{' should be", length=0)
    header("length-short", GOOD, "the header ends where a key in quotes should be", length=20)
    header("length-into-data", GOOD, "stands where the end should be", pad=0, length=len(GOOD) + 4)
    put("v2-length-as-v1", plain[:6] + b"\2\0" + plain[8:], "a header of")

    for name, text, words in (
            ("no-dict", "hello", "'h' stands where '{' should be"),
            ("call", "__import__('os').system('id')", "'_' stands where '{' should be"),
            ("list", "[('descr', '<f4')]", "'[' stands where '{' should be"),
            ("empty-dict", "{}", "key 'descr' is missing"),
            ("dict-open", "{'descr': '<f4', 'fortran_order': False, 'shape': (4,)",
             "the header ends where a comma or '}' should be"),
            ("dict-twice", GOOD + GOOD, "'{' stands where the end should be"),
            ("rest", GOOD + "x", "'x' stands where the end should be"),
            ("comment", GOOD + "# comment", "'#' stands where the end should be"),
            ("nul", GOOD + "\0", "byte 0x00 stands where the end should be"),
            ("expression", "{'descr': '<f4', 'fortran_order': False, 'shape': (__import__('os').getpid(),), }",
             "'_' stands where a dimension in plain digits should be"),
            ("power", "{'descr': '<f4', 'fortran_order': False, 'shape': (9**9**9,), }",
             "'*' stands where a comma or ')' should be"),
            ("extra-key", GOOD[:-1] + "'x': 1}", "unknown key 'x'"),
            ("key-twice", GOOD[:-1] + "'descr': '<f8'}", "a second key 'descr'"),
            ("key-number", "{1: 2}", "'1' stands where a key in quotes should be"),
            ("key-bare", "{descr: '<f4'}", "'d' stands where a key in quotes should be"),
            ("key-prefix", "{u'descr': '<f4'}", "'u' stands where a key in quotes should be"),
            ("key-open", "{'descr", ""), ("key-escaped", "{'\\x64escr': '<f4'}", ""),
            ("key-long", "{'%s': 1}" % ("d" * 3000), ""),
            ("key-control", "{'\x1b]0;x\x07': 1}", "\\x1b]0;x\\x07"), ("key-latin1", "{'d\xe9scr': 1}", "d\\xe9scr"),
            ("no-colon", "{'descr' '<f4'}", "where a colon should be"), ("comma-twice", "{'descr': '<f4',, 'shape': ()}",
                                                                         ""),
            ("comma-first", "{, 'descr': '<f4'}", "',' stands where a key in quotes should be"),
            ("no-comma", "{'descr': '<f4' 'shape': (4,)}", "where a comma or '}' should be"),
            ("no-descr", "{'fortran_order': False, 'shape': (4,)}", "key 'descr' is missing"),
            ("no-shape", "{'descr': '<f4', 'fortran_order': False}", "key 'shape' is missing"),
            ("no-order", "{'descr': '<f4', 'shape': (4,)}", "key 'fortran_order' is missing"),
            ("order-1", GOOD.replace("False", "1"), "'1' stands where True or False should be"),
            ("order-lower", GOOD.replace("False", "false"), "'f' stands where True or False should be"),
            ("order-text", GOOD.replace("False", "'False'"), "where True or False should be"),
            ("order-cut", GOOD.replace("False", "Fals"), "True or False should be"),
            ("order-None", GOOD.replace("False", "None"), "'N' stands where True or False should be"),
            ("order-longer", GOOD.replace("False", "Falsely"), "")):
        header("header-" + name, text, words)

    for name, text, words in (
            ("int", "4", "'4' stands where a shape in round brackets should be"),
            ("None", "None", "'N' stands where a shape in round brackets should be"),
            ("list", "[4]", "'[' stands where a shape in round brackets should be"),
            ("text", "'4'", "where a shape in round brackets should be"),
            ("paren", "(4)", "the shape is a number in brackets"),
            ("open", "(4,", ""), ("comma", "(,)", ""), ("commas", "(4,,)", ""),
            ("nested", "((4,),)", "'(' stands where a dimension"),
            ("deep", "(" * 5000, "'(' stands where a dimension in plain digits should be"),
            ("negative", "(-4, -1)", "'-' stands where a dimension in plain digits should be"),
            ("plus", "(+4,)", "'+' stands where a dimension in plain digits should be"),
            ("float", "(4.0,)", "'.' stands where a comma or ')' should be"),
            ("exponent", "(4e0,)", "'e' stands where a comma or ')' should be"),
            ("hex", "(0x4,)", "'x' stands where a comma or ')' should be"), ("underscore", "(4_0,)",
                                                                             "'_' stands where a comma or ')' should be"),
            ("spaced", "(1 2,)", "'2' stands where a comma or ')' should be"),
            ("two-L", "(4LL,)", "'L' stands where a comma or ')' should be"),
            ("bool", "(True,)", "'T' stands where a dimension in plain digits should be"),
            ("digits", "(%s,)" % ("9" * 5000), "dimension 0 of the shape is over 2^63-1"),
            ("2-63", "(%d,)" % 2 ** 63, "dimension 0 of the shape is over 2^63-1"),
            ("2-64", "(%d,)" % (2 ** 64 + 4), "dimension 0 of the shape is over 2^63-1"),
            ("wrap", "(%d, %d)" % (2 ** 32, 2 ** 32), "the shape asks for more than 2^64 bytes"),
            ("wrap-then-zero", "(%d, %d, 0)" % (2 ** 40, 2 ** 40), "the shape asks for more than 2^64 bytes"),
            ("bytes-wrap", "(%d,)" % (2 ** 62 + 4), "the shape asks for more than 2^64 bytes"),
            ("2-40", "(%d,)" % 2 ** 40, "the file ends inside its data"), ("largest", "(%d,)" % (2 ** 62 - 1),
                                                                           "the file ends inside its data"),
            ("rank-65", "(" + "1, " * 64 + "4)", "the shape has more than the limit of 64 dimensions"),
            ("rank-5000", "(" + "1, " * 4999 + "4)", "the shape has more than the limit of 64 dimensions")):
        shape(name, text, words)

    for name, text, words in (
            ("object", "'|O'", "dtype '|O' means an object array"), ("object-8", "'|O8'", ""),
            ("structured", "[('a', '<f4')]", "structured array"),
            ("structured-nested", "[('a', [('b', '<f4')])]", "structured array"), ("subarray", "('<f4', (2,))",
                                                                                   "sub-arrays"),
            ("strings", "'|S4'", "dtype '|S4' means byte strings"), ("text", "'<U1'", "dtype '<U1' means text"),
            ("date", "'<M8[s]'", "dtype '<M8[s]' means dates"), ("duration", "'<m8[ns]'", "dtype '<m8[ns]' means"),
            ("complex-8", "'<c8'", "dtype '<c8' means complex"), ("complex-16", "'<c16'", "dtype '<c16' means complex"),
            ("void", "'|V8'", "dtype '|V8' means"), ("bfloat16", "'<V2'", "dtype '<V2' means"), ("long-double", "'<f16'",
                    "dtype '<f16' means long double"),
            ("f3", "'<f3'", "dtype '<f3' is not known"), ("f0", "'<f0'", "dtype '<f0' is not known"),
            ("i16", "'<i16'", "dtype '<i16' is not known"),
            ("b8", "'|b8'", ""), ("empty", "''", "dtype '' is not known"), ("no-order", "'f4'", "dtype 'f4' is not known"),
            ("no-size", "'<f'", ""), ("bar", "'|f4'", ""), ("negative", "'<f-4'", ""), ("spaces", "'<f4 '", ""),
            ("f04", "'<f04'", ""),
            ("f-2-32", "'<f4294967300'", ""), ("word", "'float32'", "dtype 'float32' is not known"), ("None", "None", ""),
            ("number", "4", ""),
            ("escape", "'\x1b]0;x\x07'", "dtype '\\x1b]0;x\\x07' is not known"), ("long", "'%s'" % ("<f4" * 1000), ""),
            ("open", "'<f4", ""),
            ("backslash", "'<f4\\x00'", ""), ("two", "'<f4' '<f4'", ""), ("bytes", "b'<f4'", ""),
            ("open-list", "[('a'", "")):
        descr(name, text, words)

    put("data-cut", plain[:-1], "the file ends inside its data")
    put("data-missing", plain[:-16], "the file ends inside its data")
    put("object-pickle", frame(dictionary("|O", (1,)), b"\x80\x02cos\nsystem\nX\x02\0\0\0id\x85R."),
        "dtype '|O' means an object array")
    put("rest", plain + b"more", "", "accept")
