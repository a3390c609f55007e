"""Python pickles put together opcode by opcode, as torch.save writes them and as it never would."""
import struct

STORAGES = {"F32": "FloatStorage", "F64": "DoubleStorage", "F16": "HalfStorage", "BF16": "BFloat16Storage",
            "I64": "LongStorage",
            "I32": "IntStorage", "I16": "ShortStorage", "I8": "CharStorage", "U8": "ByteStorage", "BOOL": "BoolStorage",
            "C64": "ComplexFloatStorage"}
NONE, TRUE, FALSE, MARK, POP, REDUCE, BUILD, PERSID, STOP = b"N", b"\x88", b"\x89", b"(", b"0", b"R", b"b", b"Q", b"."


def text(string):
    raw = string.encode("utf-8", "surrogatepass") if isinstance(string, str) else string
    return b"X" + struct.pack("<I", len(raw)) + raw


def integer(i):
    if 0 <= i < 256:
        return b"K" + bytes([i])
    if 0 <= i < 65536:
        return b"M" + struct.pack("<H", i)
    if -2 ** 31 <= i < 2 ** 31:
        return b"J" + struct.pack("<i", i)
    size = i.bit_length() // 8 + 1
    return b"\x8a" + bytes([size]) + i.to_bytes(size, "little", signed=True)


def real(value):
    return b"G" + struct.pack(">d", value)


def name(module, attribute):
    return b"c" + module.encode() + b"\n" + attribute.encode() + b"\n"


def sequence(*items):
    """A tuple."""
    if not items:
        return b")"
    return b"".join(items) + bytes([0x84 + len(items)]) if len(items) < 4 else b"(" + b"".join(items) + b"t"


def array(*items):
    return b"](" + b"".join(items) + b"e" if items else b"]"


def dictionary(*pairs):
    return b"}(" + b"".join(k + v for k, v in pairs) + b"u" if pairs else b"}"


ORDERED = name("collections", "OrderedDict") + b")R"


def ordered(*pairs):
    return ORDERED + (b"(" + b"".join(k + v for k, v in pairs) + b"u" if pairs else b"")


def call(module, attribute, *arguments):
    return name(module, attribute) + sequence(*arguments) + REDUCE


def storage(dtype, key, count, location="cpu", kind=None, more=()):
    kind = kind or name("torch", STORAGES[dtype])
    return sequence(text("storage"), kind, text(key) if isinstance(key, str) else key, text(location), integer(count),
                    *more) + PERSID


def contiguous(shape):
    strides, step = [], 1
    for size in reversed(shape):
        strides.insert(0, step)
        step *= max(size, 1)
    return strides


def tensor(of, shape, strides=None, offset=0):
    strides = contiguous(shape) if strides is None else strides
    return call("torch._utils", "_rebuild_tensor_v2", of, integer(offset), sequence(*map(integer, shape)),
                sequence(*map(integer, strides)), FALSE, ORDERED)


def program(body, protocol=2):
    return b"\x80" + bytes([protocol]) + body + STOP
