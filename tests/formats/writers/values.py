"""Element types: the exact float64 value of every stored element, and random bytes of a type."""
import math
import random
import struct

BITS = {"BOOL": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8,
        "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32,
        "C64": 64, "F64": 64, "I64": 64, "U64": 64}
STRUCT = {"U8": "B", "I8": "b", "I16": "h", "U16": "H", "F16": "e", "I32": "i", "U32": "I", "F32": "f", "F64": "d",
          "I64": "q", "U64": "Q"}
LISTED_ONLY = {"F6_E2M3", "F6_E3M2", "C64"}

# Small floats: exponent bits, mantissa bits, bias, and what the largest exponent means: "ieee" infinity and NaN, "fn" NaN
# when all ones, "fnuz" numbers (NaN is the negative zero), "finite" numbers.
SMALL = {"F8_E5M2": (5, 2, 15, "ieee"), "F8_E4M3": (4, 3, 7, "fn"), "F8_E4M3FNUZ": (4, 3, 8, "fnuz"),
         "F8_E5M2FNUZ": (5, 2, 16, "fnuz"), "F4": (2, 1, 1, "finite")}


def small_float(code, kind):
    exponent_bits, mantissa_bits, bias, special = SMALL[kind]
    sign = -1.0 if code >> (exponent_bits + mantissa_bits) & 1 else 1.0
    exponent = code >> mantissa_bits & ((1 << exponent_bits) - 1)
    mantissa = code & ((1 << mantissa_bits) - 1)
    last_exponent, last_mantissa = (1 << exponent_bits) - 1, (1 << mantissa_bits) - 1
    if special == "fnuz" and sign < 0 and exponent == 0 and mantissa == 0:
        return math.nan
    if special == "ieee" and exponent == last_exponent:
        return sign * math.inf if mantissa == 0 else math.nan
    if special == "fn" and exponent == last_exponent and mantissa == last_mantissa:
        return math.nan
    if exponent == 0:
        return sign * math.ldexp(mantissa, 1 - bias - mantissa_bits)
    return sign * math.ldexp(mantissa + (1 << mantissa_bits), exponent - bias - mantissa_bits)


def half(code):
    return struct.unpack("<e", struct.pack("<H", code))[0]


def f32(value):
    """The nearest float32; a product or sum of two of them is rounded once by this."""
    try:
        return struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)


def decode(dtype, raw, big_endian=False):
    """All elements as floats, None where the type is listed only."""
    order = ">" if big_endian else "<"
    if dtype in LISTED_ONLY:
        return None
    if dtype == "BOOL":
        return [float(b != 0) for b in raw]
    if dtype == "BF16":
        return [struct.unpack("<f", struct.pack("<I", code << 16))[0]
                for code in struct.unpack("%s%dH" % (order, len(raw) // 2), raw)]
    if dtype == "F4":
        return [small_float(code, dtype) for byte in raw for code in (byte & 15, byte >> 4)]
    if dtype == "F8_E8M0":
        return [math.nan if b == 255 else math.ldexp(1.0, b - 127) for b in raw]
    if dtype in SMALL:
        return [small_float(b, dtype) for b in raw]
    return [float(v) for v in struct.unpack("%s%d%s" % (order, len(raw) // struct.calcsize(STRUCT[dtype]), STRUCT[dtype]),
                                            raw)]


def normal(rng, count):
    """Bell-shaped, from uniform numbers only: the same in every version of Python."""
    return [sum(rng.random() for _ in range(12)) - 6.0 for _ in range(count)]


def random_raw(dtype, count, rng):
    if dtype == "BOOL":
        return bytes(rng.getrandbits(1) for _ in range(count))
    if dtype in ("F16", "F32", "F64"):
        return struct.pack("<%d%s" % (count, STRUCT[dtype]), *normal(rng, count))
    if dtype == "BF16":
        return b"".join(struct.pack("<f", v)[2:] for v in normal(rng, count))
    return bytes(rng.getrandbits(8) for _ in range((count * BITS[dtype] + 7) // 8))


def random_for(name):
    """Each file has numbers of its own: another file more or less changes no other."""
    return random.Random("qloupe " + name)
