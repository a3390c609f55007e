"""PyTorch files that must be refused: a pickle can ask for anything, and a reader of weights does nothing of it."""
import io
import pickletools
import struct
import tarfile

from . import pickle as p
from .safetensors import HOSTILE
from .torch import NOT_ZIPPED, archive, legacy, state, weights
from .zip import Zip

RAW = struct.pack("<4f", 1, 2, 3, 4)
OF = p.storage("F32", "0", 4)
W = p.tensor(OF, (4,))
GOOD = p.ordered((p.text("w"), W))


def zipped(program, storages=None, **options):
    return archive(program, {"0": RAW} if storages is None else storages, **options)[0]


def bad(corpus):
    def put(name, blob, words, verdict="refuse"):
        corpus.bad("torch-%s.pt" % name, blob, words, verdict)

    def run(name, body, words, verdict="refuse", **options):
        put(name, zipped(p.program(body), **options), words, verdict)

    execution(run)
    machine(put, run)
    tensors(run)
    containers(put, run)
    before_16(corpus)


def execution(run):
    """Every way to name or call something."""
    u16 = struct.Struct("<H").pack
    command = p.sequence(p.text("touch owned"))
    for module, attribute in (("os", "system"), ("posix", "system"), ("nt", "system"), ("builtins", "eval"),
                              ("builtins", "exec"),
                              ("__builtin__", "eval"), ("builtins", "getattr"), ("builtins", "__import__"),
                              ("builtins", "open"),
                              ("subprocess", "Popen"), ("subprocess", "check_output"), ("runpy", "_run_code"),
                              ("pty", "spawn"),
                              ("socket", "create_connection"), ("webbrowser", "open"), ("shutil", "rmtree"),
                              ("importlib", "import_module"),
                              ("pickle", "loads"), ("marshal", "loads"), ("codecs", "decode"), ("operator", "attrgetter"),
                              ("functools", "partial"),
                              ("numpy", "load"), ("numpy.core.multiarray", "_reconstruct"), ("torch", "load"),
                              ("torch.hub", "load"), ("torch.jit", "load"),
                              ("torch.serialization", "load"), ("torch.storage", "_load_from_bytes"),
                              ("torch._utils", "_import_dotted_name"),
                              ("torch", "os.system"), ("torch._utils", "_rebuild_tensor_v2.__globals__"),
                              ("torch.nn.modules.linear", "Linear"),
                              ("collections", "OrderedDict.fromkeys"), ("Torch", "FloatStorage"),
                              ("torch ", "FloatStorage"), ("torch.FloatStorage", ""),
                              ("collections", "defaultdict"), ("collections", "Counter"), ("", "eval"), ("torch", ""),
                              ("torch._utils", "_rebuild_tensor_v4")):
        run("exec-%s-%s" % (module.strip() or "none", attribute or "none"), p.name(module, attribute) + command + p.REDUCE,
            "")
    run("exec-space-torch", p.name(" torch", "FloatStorage") + command + p.REDUCE, "")
    run("exec-cr", b"cos\r\nsystem\r\n" + command + p.REDUCE, "")
    run("exec-no-newline", b"cos", "")
    run("exec-one-newline", b"cos\nsystem", "")
    run("exec-stack-global", p.text("os") + p.text("system") + b"\x93" + command + p.REDUCE, "")
    run("exec-stack-global-kinds", p.integer(1) + p.text("system") + b"\x93" + command + p.REDUCE, "")
    run("exec-stack-global-empty", b"\x93", "")
    run("exec-stack-global-dotted", p.text("torch") + p.text("os.system") + b"\x93" + command + p.REDUCE, "")
    run("exec-inst", b"(" + p.text("id") + b"ios\nsystem\n", "")
    run("exec-obj", b"(" + p.name("os", "system") + p.text("id") + b"o", "")
    run("exec-newobj", p.name("os", "system") + command + b"\x81", "")
    run("exec-newobj-allowed", p.name("torch", "FloatStorage") + p.sequence() + b"\x81", "")
    run("exec-newobj-ex", p.name("os", "system") + command + p.dictionary() + b"\x92", "")
    run("exec-ext1", b"\x82\x01" + command + p.REDUCE, "")
    run("exec-ext2", b"\x83" + u16(1), "")
    run("exec-ext4", b"\x84" + struct.pack("<i", 1), "")
    run("exec-first-then-good", p.name("os", "system") + command + p.REDUCE + p.POP + GOOD, "os.system")
    run("exec-good-then-call", GOOD + p.POP + p.name("os", "system") + command + p.REDUCE, "os.system")
    run("exec-unused", p.name("os", "system") + p.POP + GOOD, "os.system")
    run("exec-in-key", p.dictionary((p.name("os", "system"), W)), "os.system")
    run("exec-in-memo", p.name("os", "system") + b"q\0000" + GOOD, "os.system")
    run("exec-storage-class", p.call("torch", "FloatStorage", p.integer(4)), "")
    run("exec-storage-class-none", p.name("torch", "FloatStorage") + b")R", "")
    run("exec-parameter-class", p.call("torch.nn.parameter", "Parameter", W), "", "accept")
    run("exec-dtype", p.call("torch", "float32", p.integer(4)), "")
    run("exec-text", p.text("os.system") + command + p.REDUCE, "")
    run("exec-tensor", W + command + p.REDUCE, "")
    run("exec-none", p.NONE + command + p.REDUCE, "")
    run("exec-arguments-list", p.name("torch._utils", "_rebuild_tensor_v2") + p.array(OF) + p.REDUCE, "")
    run("exec-ordered-number", p.call("collections", "OrderedDict", p.integer(1)), "")
    run("exec-ordered-odd-pairs", p.call("collections", "OrderedDict", p.array(p.sequence(p.text("w")))), "")
    run("exec-ordered-two", p.call("collections", "OrderedDict", p.array(), p.array()), "")
    run("exec-size-text", p.call("torch", "Size", p.text("12")), "")
    run("exec-size-negative", p.call("torch", "Size", p.sequence(p.integer(-1))), "", "accept")
    run("exec-build-setstate", W + p.dictionary((p.text("__setstate__"), p.text("x"))) + p.BUILD, "")
    run("exec-build-dict", p.dictionary((p.text("w"), W)) + p.dictionary() + p.BUILD, "")
    run("exec-build-global", p.name("torch", "FloatStorage") + p.dictionary((p.text("_load"), p.text("x"))) + p.BUILD, "")
    run("exec-build-list", p.array() + p.dictionary() + p.BUILD, "")
    run("exec-build-empty", p.BUILD, "")
    run("exec-build-one", GOOD[:0] + p.dictionary() + p.BUILD, "")
    run("build-ordered", GOOD + p.dictionary((p.text("__class__"), p.text("x"))) + p.BUILD, "", "accept")
    for name in ("title", "cr", "bidi", "c1-csi", "nul", "format"):
        run("exec-escape-" + name, p.name("x" + HOSTILE[name], HOSTILE[name]) + command + p.REDUCE, "")


def machine(put, run):
    """The stack, the memo, the lengths."""
    u32, u64 = struct.Struct("<I").pack, struct.Struct("<Q").pack
    raw = lambda name, program, words="": put(name, zipped(program), words)
    raw("empty", b"")
    raw("proto-only", b"\x80\2")
    raw("proto-cut", b"\x80")
    raw("stop-only", b".")
    raw("stop-mark", b"\x80\2(.")
    raw("no-stop", b"\x80\2" + GOOD)
    raw("proto-6", p.program(GOOD, 6))
    raw("proto-200", p.program(GOOD, 200))
    for name, body in (("reduce", b"R"), ("reduce-one", b")R"), ("pop", b"0"), ("tuple-no-mark", b"t"), ("tuple1", b"\x85"),
                       ("tuple2", b"N\x86"),
                       ("tuple3", b"NN\x87"), ("append", b"a"), ("append-one", b"Na"), ("appends-no-mark", b"]e"),
                       ("appends-no-list", b"(Ne"),
                       ("setitem", b"s"), ("setitem-two", b"NNs"), ("setitems-no-mark", b"}u"),
                       ("setitems-no-dict", b"(NNu"), ("pop-mark", b"1"),
                       ("persid", b"Q"), ("memoize", b"\x94"), ("put", b"q\0"), ("long-put", b"r\0\0\0\0"), ("dup", b"2"),
                       ("mark-eaten", b"](0e"), ("tuple-of-mark", b"(\x85"), ("append-mark", b"](a"),
                       ("setitem-mark", b"}((s"), ("put-mark", b"(q\0"),
                       ("build-mark", b"((b"), ("reduce-mark", b"((R"), ("stop-two", b"NN")):
        run("stack-" + name, body, "", "accept" if name == "stop-two" else "refuse")
    names = {ord(code): "opcode " + opcode.name for code, opcode in pickletools.code2op.items()}
    for code in b"ILFSVPgpio\x82\x83\x84\x8b\x8e\x8f\x90\x91\x92\x96\x97\x98\0\x1b\n \x7f\xff":
        run("opcode-%02x" % code, GOOD + bytes([code]) + b"1\n2\n", names.get(code, "0x%02x" % code))
    for name, body in (("unicode-max", b"X\xff\xff\xff\xff"), ("unicode-past-end", b"X" + u32(1000) + b"a"),
                       ("unicode8-max", b"\x8d" + u64(2 ** 64 - 1)),
                       ("unicode8-signed", b"\x8d" + u64(2 ** 63)), ("bytes-max", b"B\xff\xff\xff\xff"),
                       ("bytes8-max", b"\x8e" + u64(2 ** 64 - 1)),
                       ("short-bytes", b"C\xff"), ("string-max", b"T\xff\xff\xff\xff"),
                       ("string-negative", b"T" + struct.pack("<i", -1) + b"x"),
                       ("short-string", b"U\xff"), ("short-unicode", b"\x8c\xff"), ("long1", b"\x8a\xff"),
                       ("long4-max", b"\x8b" + u32(2 ** 31 - 1)),
                       ("long4-negative", b"\x8b" + struct.pack("<i", -1)), ("int-cut", b"J\0"), ("int2-cut", b"M"),
                       ("float-cut", b"G\0"),
                       ("frame-cut", b"\x95\0\0"), ("put-cut", b"Nr\0"), ("global-cut", b"ctorch"), ("long-put-cut", b"Nr")):
        raw("length-" + name, b"\x80\2" + body)
    run("frame-max", b"\x95" + u64(2 ** 64 - 1) + GOOD, "over the limit")
    run("get-missing", b"h\0", "")
    run("long-get-missing", b"j\xff\xff\xff\xff", "")
    run("get-after-other-put", b"Nq\1h\2", "")
    run("put-max", p.dictionary((p.text("w"), W)) + b"r\xff\xff\xff\xff" + b"0j\xff\xff\xff\xff", "", "accept")
    run("put-many", b"N" + b"".join(b"r" + u32(i * 7919 * 65537 % 2 ** 32) for i in range(3000)) + b"0" + GOOD, "", "accept")
    run("put-again", p.text("a") + b"q\0000" + GOOD + b"q\0000h\0", "", "accept")
    run("text-not-utf8", p.dictionary((p.text(b"\xff\xfew"), W)), "", "accept")
    run("deep-tuples", b")" + b"\x85" * 20000, "nested deeper")
    run("deep-lists", b"]" * 20000 + b"a" * 19999, "nested deeper")
    run("deep-dicts", (b"}" + p.text("a")) * 3000 + W + b"s" * 3000, "nested deeper")
    run("many-marks", b"(" * 20000, "")
    run("self-list", b"]q\0h\0a", "", "accept")
    run("self-dict", b"}q\0" + p.text("w") + W + b"s" + p.text("me") + b"h\0s", "", "accept")
    run("self-tuple", b"]q\0h\0\x85a", "", "accept")
    run("self-through-two", b"]q\0" + b"]q\1" + b"h\0a" + b"a", "", "accept")
    laughs = b"]" + W + b"aq\0000"
    for i in range(1, 41):
        laughs += b"]q" + bytes([i]) + b"0" + (b"h%c" % i + b"h%c" % (i - 1) + b"a0") * 10
    run("billion-laughs", laughs + b"h\x28", "", "accept")
    run("dict-twice", b"}" + p.text("w") + W + b"s" + p.text("w") + p.integer(1) + b"s", "", "accept")
    run("key-list", b"}" + p.array() + W + b"s", "")
    run("key-tensor", b"}" + W + W + b"s", "", "accept")
    run("setitem-on-list", b"]" + p.integer(0) + W + b"s", "")
    run("setitem-on-tuple", p.sequence(p.NONE) + p.integer(0) + W + b"s", "")
    run("setitem-on-tensor", W + p.integer(0) + W + b"s", "")
    run("setitem-on-text", p.text("abcdefgh") + p.integer(0) + W + b"s", "")
    run("setitems-on-list", b"](" + p.text("w") + W + b"u", "")
    run("setitems-odd", b"}(" + p.text("w") + W + p.text("v") + b"u", "")
    run("append-on-dict", b"}" + W + b"a", "")
    run("append-on-tuple", b")" + W + b"a", "")
    run("append-on-text", p.text("abcdefgh") + W + b"a", "")
    run("append-on-number", p.integer(7) + W + b"a", "")
    run("appends-on-dict", b"}(" + W + W + b"e", "")
    run("appends-on-none", b"N(" + W + b"e", "")
    for name, top in (("number", p.integer(1)), ("text", p.text("w")), ("none", p.NONE), ("storage", OF),
                      ("global", p.name("torch", "float32"))):
        run("top-" + name, top, "", "accept")


def tensors(run):
    """What a storage and a tensor may say."""
    f32 = p.name("torch", "FloatStorage")
    identity = lambda *fields: p.sequence(*fields) + p.PERSID
    of = lambda name, persistent, words="": run("storage-" + name, p.ordered((p.text("w"), p.tensor(persistent, (4,)))),
                                                words)
    of("text-id", p.text("storage") + p.PERSID)
    of("number-id", p.integer(1) + p.PERSID)
    of("list-id", p.array(p.text("storage"), f32, p.text("0"), p.text("cpu"), p.integer(4)) + p.PERSID)
    of("two-fields", identity(p.text("storage"), f32))
    of("four-fields", identity(p.text("storage"), f32, p.text("0"), p.text("cpu")))
    of("other-kind", identity(p.text("module"), f32, p.text("0"), p.text("cpu"), p.integer(4)))
    of("kind-number", identity(p.integer(1), f32, p.text("0"), p.text("cpu"), p.integer(4)))
    of("class-text", identity(p.text("storage"), p.text("FloatStorage"), p.text("0"), p.text("cpu"), p.integer(4)))
    of("class-function", identity(p.text("storage"), p.name("torch._utils", "_rebuild_tensor_v2"), p.text("0"),
                                  p.text("cpu"), p.integer(4)))
    of("key-number", p.storage("F32", p.integer(0), 4))
    of("key-missing", p.storage("F32", "7", 4), "7")
    of("key-up", p.storage("F32", "../../etc/passwd", 4))
    of("key-absolute", p.storage("F32", "/etc/passwd", 4))
    of("key-nul", p.storage("F32", "0\0", 4))
    of("key-empty", p.storage("F32", "", 4))
    of("key-escape", p.storage("F32", "\x1b[2J", 4))
    of("key-long", p.storage("F32", "0" * 5000, 4))
    of("count-more", p.storage("F32", "0", 400))
    of("count-fewer", p.storage("F32", "0", 3))
    of("count-negative", p.storage("F32", "0", -4))
    of("count-wraps", p.storage("F32", "0", 2 ** 62 + 4))
    of("count-max", p.storage("F32", "0", 2 ** 63 - 1))
    of("count-2-70", p.storage("F32", "0", 2 ** 70))
    of("count-text", identity(p.text("storage"), f32, p.text("0"), p.text("cpu"), p.text("4")))
    of("count-bool", identity(p.text("storage"), f32, p.text("0"), p.text("cpu"), p.TRUE))
    of("location-number", identity(p.text("storage"), f32, p.text("0"), p.integer(1), p.integer(4)))
    run("storage-two-classes", p.ordered((p.text("a"), W), (p.text("b"), p.tensor(p.storage("I32", "0", 4), (4,)))), "")
    run("storage-two-counts", p.ordered((p.text("a"), W), (p.text("b"), p.tensor(p.storage("F32", "0", 3), (3,)))), "")
    run("storage-unused-missing", p.storage("F32", "9", 4) + b"0" + GOOD, "")

    def shaped(name, shape, strides, offset=0, words="", verdict="refuse"):
        run("tensor-" + name, p.ordered((p.text("w"), p.tensor(OF, shape, strides, offset))), words, verdict)

    shaped("past-storage", (5,), (1,))
    shaped("past-by-offset", (2,), (1,), 3)
    shaped("offset-past", (1,), (1,), 4)
    shaped("offset-negative", (2,), (1,), -1)
    shaped("offset-max", (1,), (1,), 2 ** 62)
    shaped("offset-2-63", (1,), (1,), 2 ** 63)
    shaped("offset-2-64", (1,), (1,), 2 ** 64)
    shaped("stride-past", (2,), (4,))
    shaped("stride-negative", (2,), (-1,), 3)
    shaped("stride-wraps", (3,), (2 ** 63,))
    shaped("stride-wraps-to-0", (2 ** 32 + 1,), (2 ** 32,))
    shaped("strides-sum-wraps", (2, 2, 2), (2 ** 63 - 1, 2 ** 63 - 1, 2))
    shaped("size-negative", (-2, -2), (1, 1))
    shaped("size-2-64", (2 ** 64 + 4,), (1,))
    shaped("elements-wrap", (2 ** 32, 2 ** 32), (0, 0))
    shaped("elements-wrap-to-4", (2 ** 62 + 1, 4), (0, 1))
    shaped("elements-2-41", (2 ** 41,), (0,))
    shaped("elements-2-40-and-1", (2 ** 40 + 1,), (0,))
    shaped("bytes-wrap", (2 ** 62 + 1,), (0,))
    shaped("rank-differs", (2, 2), (1,))
    shaped("rank-differs-more", (2,), (1, 1))
    shaped("rank-65", (1,) * 65, (1,) * 65)
    shaped("rank-1000", (1,) * 1000, (1,) * 1000)
    shaped("rank-64", (1,) * 63 + (4,), (1,) * 64, verdict="accept")
    shaped("nothing-far-away", (0,), (1,), 2 ** 40)
    shaped("stride-huge-of-one", (1, 4), (2 ** 62, 1), verdict="accept")

    rebuild = lambda name, *arguments: run("tensor-" + name,
                                           p.ordered((p.text("w"), p.call("torch._utils", "_rebuild_tensor_v2",
                                                                          *arguments))), "")
    four, ones = p.sequence(p.integer(4)), p.sequence(p.integer(1))
    rebuild("no-arguments")
    rebuild("two-arguments", OF, p.integer(0))
    rebuild("three-arguments", OF, p.integer(0), four)
    rebuild("texts", p.text("a"), p.text("b"), p.text("c"), p.text("d"), p.FALSE, p.ORDERED)
    rebuild("storage-none", p.NONE, p.integer(0), four, ones, p.FALSE, p.ORDERED)
    rebuild("storage-tensor", W, p.integer(0), four, ones, p.FALSE, p.ORDERED)
    rebuild("offset-text", OF, p.text("0"), four, ones, p.FALSE, p.ORDERED)
    rebuild("offset-float", OF, p.real(0.0), four, ones, p.FALSE, p.ORDERED)
    rebuild("shape-list", OF, p.integer(0), p.array(p.integer(4)), ones, p.FALSE, p.ORDERED)
    rebuild("shape-number", OF, p.integer(0), p.integer(4), p.integer(1), p.FALSE, p.ORDERED)
    rebuild("shape-of-text", OF, p.integer(0), p.sequence(p.text("4")), ones, p.FALSE, p.ORDERED)
    rebuild("shape-of-none", OF, p.integer(0), p.sequence(p.NONE), ones, p.FALSE, p.ORDERED)
    rebuild("shape-of-big", OF, p.integer(0), p.sequence(p.integer(2 ** 80)), ones, p.FALSE, p.ORDERED)
    v3 = lambda name, kind, count, dtype: run("tensor-v3-" + name, p.ordered((p.text("w"), p.call(
        "torch._utils", "_rebuild_tensor_v3", p.storage("F32", "0", count, kind=kind), p.integer(0), four, ones, p.FALSE,
        p.ORDERED, dtype))), "")
    untyped = p.name("torch.storage", "UntypedStorage")
    v3("dtype-text", untyped, 16, p.text("float32"))
    v3("dtype-class", untyped, 16, p.name("torch", "FloatStorage"))
    v3("dtype-unknown", untyped, 16, p.name("torch", "float7"))
    v3("too-few-bytes", untyped, 16, p.name("torch", "float64"))
    v3("count-more", untyped, 17, p.name("torch", "float32"))
    run("tensor-v3-no-dtype",
        p.ordered((p.text("w"), p.call("torch._utils", "_rebuild_tensor_v3", p.storage("F32", "0", 16, kind=untyped),
                                       p.integer(0),
                                                             four, ones, p.FALSE, p.ORDERED))), "")
    run("parameter-of-text", p.call("torch._utils", "_rebuild_parameter", p.text("w"), p.TRUE, p.ORDERED), "")
    run("parameter-of-nothing", p.call("torch._utils", "_rebuild_parameter"), "")


def containers(put, run):
    """What the archive itself may say."""
    program = p.program(GOOD)
    put("no-program", zipped(None), "")
    put("no-storages", archive(program, {})[0], "")
    put("two-programs", zipped(program, extra=[("other/data.pkl", p.program(p.dictionary()))]), "")
    put("two-programs-same", zipped(program, extra=[("archive/data.pkl", p.program(p.dictionary()))]), "")
    put("program-deeper", zipped(None, extra=[("a/b/data.pkl", program)]), "")
    put("program-at-top", zipped(None, extra=[("data.pkl", program)]), "")
    put("torchscript", zipped(program, extra=[("archive/constants.pkl", p.program(p.sequence())),
                                              ("archive/code/__torch__.py", b"class M: pass")]),
        "TorchScript")
    put("torchscript-class", zipped(p.program(p.name("__torch__.m", "M") + b")\x81" + p.dictionary() + p.BUILD),
                                    extra=[("archive/constants.pkl", p.program(p.sequence()))]), "TorchScript")
    put("byteorder-middle", zipped(program, byteorder=b"middle"), "")
    put("byteorder-empty", zipped(program, byteorder=b""), "")
    put("byteorder-long", zipped(program, byteorder=b"little" * 1000), "")
    put("byteorder-escape", zipped(program, byteorder=b"\x1b[2J"), "")
    put("version-text", zipped(program, version=b"three"), "", "accept")
    put("version-huge", zipped(program, version=b"9" * 400), "", "accept")
    put("storage-other-prefix", zipped(program, {}, extra=[("other/data/0", RAW)]), "")
    put("storage-twice", zipped(program, extra=[("archive/data/0", RAW)]), "")
    put("storage-cut", zipped(program, {"0": RAW[:-1]}), "")
    put("storage-longer", zipped(program, {"0": RAW + b"more"}), "")
    z = Zip()
    z.add("archive/data.pkl", program, flags=1)
    z.add("archive/data/0", RAW)
    put("encrypted", z.done(), "encrypted")
    z = Zip()
    z.add("archive/data.pkl", program, central={"crc": 1}, local={"crc": 1})
    z.add("archive/data/0", RAW, central={"crc": 2}, local={"crc": 2})
    put("crc", z.done(), "", "accept")
    good = zipped(program)
    put("cut", good[:-30], "")
    put("text", b"these are no weights\n", "")
    put("empty-file", b"", "the file is empty")
    put("bare-pickle", p.program(GOOD), "")
    put("bare-exec", p.program(p.name("os", "system") + p.sequence(p.text("id")) + p.REDUCE), "")
    for name in ("sys_info", "storages"):
        archive_of = io.BytesIO()
        with tarfile.open(fileobj=archive_of, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            tar.addfile(tarfile.TarInfo(name))
        put("tar-" + name, archive_of.getvalue()[:1024], "")
    run("escape", p.dictionary(*[(p.text(attack), p.dictionary((p.text("w" + attack), W))) for attack in HOSTILE.values()]),
        "", "accept")
    run("name-huge", p.dictionary((p.text("n" * 60000), W)), "", "accept")


def before_16(corpus):
    def put(name, blob, words, verdict="refuse"):
        corpus.bad("legacy-%s.pt" % name, blob, words, verdict)

    one = weights("bad legacy", ("w", "F32", 4))
    program, raw = p.program(state(one, more=(p.NONE,))), one[0][3]
    good = legacy(program, {"0": (4, raw)})[0]
    magic = len(p.program(p.integer(0x1950a86a20f9469cfc6c)))
    put("magic-only", good[:magic], "")
    put("magic-cut", good[:magic - 2], "")
    put("version-1002", good.replace(p.program(p.integer(1001)), p.program(p.integer(1002)), 1), "")
    put("version-text", good.replace(p.program(p.integer(1001)), p.program(p.text("1001")), 1), "")
    put("big-endian", good.replace(p.text("little_endian") + p.TRUE, p.text("little_endian") + p.FALSE), "", "accept")
    for name, info, words in (("list", p.array(), ""), ("exec", p.call("os", "system", p.text("id")), "os.system")):
        begin = magic + len(p.program(p.integer(1001)))
        put("system-info-" + name, good[:begin] + p.program(info) + good[len(NOT_ZIPPED):], words)
    put("exec", legacy(p.program(p.call("os", "system", p.text("id"))), {})[0], "os.system")
    put("exec-in-keys", NOT_ZIPPED + program + p.program(p.call("os", "system", p.text("id"))), "os.system")
    put("keys-dict", NOT_ZIPPED + program + p.program(p.dictionary()), "")
    put("keys-numbers", NOT_ZIPPED + program + p.program(p.array(p.integer(0))) + struct.pack("<q", 4) + raw, "")
    put("keys-missing", NOT_ZIPPED + program + p.program(p.array()), "")
    put("keys-none", NOT_ZIPPED + program, "")
    put("keys-twice", legacy(program, {"0": (4, raw)}, ["0", "0"])[0], "")
    put("keys-unknown", legacy(program, {"0": (4, raw), "1": (4, raw)})[0], "")
    for name, count in (("more", 5), ("fewer", 3), ("negative", -4), ("max", 2 ** 63 - 1), ("wraps", 2 ** 62 + 4)):
        put("count-" + name, good[:-24] + struct.pack("<q", count) + raw, "")
    put("five-fields", legacy(p.program(state(one)), {"0": (4, raw)})[0], "", "accept")
    put("data-cut", good[:-1], "")
    put("data-missing", good[:-16], "")
    put("count-cut", good[:-20], "")
    put("rest", good + b"more", "")
    viewed = lambda *view: p.program(p.ordered((p.text("w"), p.tensor(p.storage("F32", "0", 4, more=(p.sequence(*view),)),
                                                                      (4,)))))
    put("view", legacy(viewed(p.text("1"), p.integer(0), p.integer(4)), {"0": (4, raw)})[0], "", "accept")
    put("view-past", legacy(viewed(p.text("1"), p.integer(2), p.integer(4)), {"0": (4, raw)})[0], "")
    put("view-wraps", legacy(viewed(p.text("1"), p.integer(2 ** 62), p.integer(4)), {"0": (4, raw)})[0], "")
    put("view-text", legacy(viewed(p.text("1"), p.text("0"), p.text("4")), {"0": (4, raw)})[0], "")
    put("escape", legacy(p.program(p.ordered((p.text("\x1b[2J"), p.tensor(p.storage("F32", "0", 4, more=(p.NONE,)),
                                                                          (4,))))), {"0": (4, raw)})[0],
        "", "accept")
