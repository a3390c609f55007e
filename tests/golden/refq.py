"""Reference quantizers (numpy, float64 arithmetic on float32 data).

The definition of every scheme, which the C code must meet to the bit.  It is
written for clarity, not speed.  Rounding is round-half-to-even (np.rint) unless
a comment says otherwise.  Nothing here depends on summation order except
where noted (means, Lloyd centroids, metrics): those carry tolerances.
"""
import math
import numpy as np

F32, F64 = np.float32, np.float64
TINY32 = F32(2.0 ** -149)
E2M1 = np.array([0, .5, 1, 1.5, 2, 3, 4, 6, -0.0, -.5, -1, -1.5, -2, -3, -4, -6], F32)
NF4 = np.array([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
                -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
                0.07958029955625534, 0.16093020141124725, 0.24611230194568634,
                0.33791524171829224, 0.44070982933044434, 0.5626170039176941,
                0.7229568362236023, 1.0], F32)
# decision thresholds, float32 midpoints: code = number of thresholds strictly below the scaled value.
# Do not take them from decimal literals: as float literals some of them round the other way.
NF4_T = ((NF4[:-1] + NF4[1:]) * F32(0.5)).astype(F32)
BNB_FP4 = np.array([0, 0.0625, 8, 12, 4, 6, 2, 3], F64) / 12.0
BNB_FP4 = np.concatenate([BNB_FP4, -BNB_FP4]).astype(F32)

# ---------------------------------------------------------------- formats
FORMATS = {  # name: (exponent bits, mantissa bits, bias, special)
    "fp32": (8, 23, 127, "ieee"), "fp16": (5, 10, 15, "ieee"), "bf16": (8, 7, 127, "ieee"),
    "e5m2": (5, 2, 15, "ieee"), "e4m3fn": (4, 3, 7, "fn"), "e2m1": (2, 1, 1, "none")}


def fmt_decode(code, fmt):
    """value (float64) of one code of a format; exact"""
    e, m, bias, sp = FORMATS[fmt]
    s = (code >> (e + m)) & 1
    ex = (code >> m) & ((1 << e) - 1)
    ma = code & ((1 << m) - 1)
    sg = -1.0 if s else 1.0
    if sp == "ieee" and ex == (1 << e) - 1:
        return sg * math.inf if ma == 0 else math.nan
    if sp == "fn" and ex == (1 << e) - 1 and ma == (1 << m) - 1:
        return math.nan
    if ex == 0:
        return sg * math.ldexp(ma, 1 - bias - m)
    return sg * math.ldexp((1 << m) + ma, ex - bias - m)


def fmt_max(fmt):
    e, m, bias, sp = FORMATS[fmt]
    n = (1 << (e + m)) - 1
    while not math.isfinite(fmt_decode(n, fmt)):
        n -= 1
    return n, fmt_decode(n, fmt)


def fmt_encode1(x, fmt, saturate=True):
    """nearest-even encode of one float64 that holds a float32; saturate=True clamps
    finite overflow AND infinities to the largest finite value; False follows IEEE
    (inf where the format has one, NaN for e4m3fn; e2m1 always saturates).
    NaN: quiet NaN code; e2m1 has none -> ValueError."""
    e, m, bias, sp = FORMATS[fmt]
    x = float(x)
    sbit = (1 << (e + m)) if math.copysign(1.0, x) < 0 else 0
    maxcode, maxval = fmt_max(fmt)
    if math.isnan(x):
        if sp == "none":
            raise ValueError("NaN has no e2m1 code")
        if sp == "fn":
            return sbit | ((1 << (e + m)) - 1)
        return sbit | (((1 << e) - 1) << m) | (1 << (m - 1))
    a = abs(x)
    if a == 0:
        return sbit
    if math.isinf(a):
        over = True
    else:
        ex = math.frexp(a)[1] - 1                       # a = f * 2^ex, 1 <= f < 2
        q = math.ldexp(1.0, max(ex, 1 - bias) - m)      # spacing at a
        n = round(a / q)                                # exact quotient, Python round = half-even
        v = n * q
        over = v > maxval
    if over:
        if saturate or sp == "none":
            return sbit | maxcode
        if sp == "fn":
            return sbit | ((1 << (e + m)) - 1)
        return sbit | (((1 << e) - 1) << m)
    ex = max(math.frexp(v)[1] - 1, 1 - bias) if v else 1 - bias
    k = int(v / math.ldexp(1.0, ex - m))                # integer significand
    if k < (1 << m):
        return sbit | k                                 # subnormal / zero
    return sbit | ((ex + bias) << m) | (k - (1 << m))


def fmt_encode(x, fmt, saturate=True):
    a = np.asarray(x, F64)
    dt = np.uint8 if FORMATS[fmt][0] + FORMATS[fmt][1] < 8 else np.uint16
    return np.array([fmt_encode1(v, fmt, saturate) for v in a.ravel()], dt).reshape(a.shape)


def fmt_table(fmt):
    e, m, *_ = FORMATS[fmt]
    return np.array([fmt_decode(c, fmt) for c in range(1 << (1 + e + m))], F64)


def f16(x):
    return np.asarray(x, F64).astype(np.float16)         # single rounding f64->f16, RNE


def bf16_bits(x):
    u = np.asarray(x, F32).view(np.uint32).astype(np.uint64)
    r = ((u + 0x7FFF + ((u >> 16) & 1)) >> 16).astype(np.uint16)
    nan = np.isnan(np.asarray(x, F32))
    return np.where(nan, ((u >> 16) | 0x40).astype(np.uint16), r)


def bf16_to_f32(b):
    return (np.asarray(b, np.uint32) << 16).view(F32)


# ---------------------------------------------------------------- groups
def rc(shape):
    if len(shape) == 0:
        return 1, 1
    if len(shape) == 1:
        return 1, shape[0]
    return shape[0], int(np.prod(shape[1:]))


def groups(shape, gran):
    """list of flat index arrays, in scale order"""
    r, c = rc(shape)
    ix = np.arange(r * c).reshape(r, c)
    if gran == "tensor":
        return [ix.ravel()]
    if gran == "row":
        return [ix[i] for i in range(r)]
    if gran == "col":
        return [ix[:, j] for j in range(c)]
    kind, _, arg = gran.partition(":")
    if kind == "group":                                  # along the row, short tail block
        g = int(arg)
        return [ix[i, j:j + g] for i in range(r) for j in range(0, c, g)]
    if kind == "flat":                                   # over the flattened tensor
        g = int(arg)
        return [ix.ravel()[j:j + g] for j in range(0, r * c, g)]
    if kind == "tile":
        tr, tc = (int(v) for v in arg.split("x"))
        return [ix[i:i + tr, j:j + tc].ravel() for i in range(0, r, tr) for j in range(0, c, tc)]
    raise ValueError(gran)


def check(x):
    x = np.asarray(x)
    if x.size == 0:
        raise ValueError("empty tensor")
    bad = ~np.isfinite(x)
    if bad.any():
        raise ValueError("non-finite value at flat index %d (%d in all)"
                         % (int(np.argmax(bad.ravel())), int(bad.sum())))


# ---------------------------------------------------------------- range choice
def quantile_linear(v, p):
    """p in percent; linear interpolation between order statistics, float64"""
    a = np.sort(np.asarray(v, F64))
    h = (p / 100.0) * (a.size - 1)
    lo = int(math.floor(h))
    hi = min(lo + 1, a.size - 1)
    return a[lo] + (h - lo) * (a[hi] - a[lo])


def kl_hist(v, bins=2048):
    a = np.abs(np.asarray(v, F64))
    mx = a.max()
    idx = np.minimum(np.floor(a * bins / mx), bins - 1).astype(np.int64)
    return np.bincount(idx, minlength=bins), mx


def kl_threshold(v, bits=8, bins=2048, want_curve=False):
    """entropy calibration; returns alpha (float64)"""
    if np.abs(v).max() == 0:
        return (0.0, None) if want_curve else 0.0
    c, mx = kl_hist(v, bins)
    L = 1 << (bits - 1)
    N = float(c.sum())
    cum = np.concatenate([[0], np.cumsum(c)])
    best, besti, curve = math.inf, bins, {}
    for i in range(bins, L - 1, -1):
        raw = c[:i].astype(F64)
        M = float(cum[i])
        p = raw.copy()
        p[i - 1] += N - M
        if raw[i - 1] == 0 and p[i - 1] > 0:
            d = math.inf                                 # P > 0 where Q = 0
        else:
            lev = (np.arange(i) * L) // i                # integer arithmetic
            S = np.bincount(lev, weights=raw, minlength=L)
            nz = np.bincount(lev, weights=(raw > 0), minlength=L)
            k = raw > 0
            ratio = (p[k] * nz[lev[k]] * M) / (N * S[lev[k]])
            d = float(np.sum(p[k] / N * np.log(ratio)))
        curve[i] = d
        if d < best - 1e-12:                             # ties keep the larger i
            best, besti = d, i
    alpha = min((besti + 0.5) * (mx / bins), mx)
    return (alpha, curve) if want_curve else alpha


MSE_N = 256


def f32_step(rng, steps):
    """float32 step size from a float64 range; never zero"""
    if rng == 0:
        return F32(1.0)
    d = F32(rng / steps)
    return d if d > 0 else TINY32


def sym_range(bits, rng):
    q = (1 << (bits - 1)) - 1
    return (-q if rng == "restricted" else -q - 1), q


def sym_step(alpha, bits, rng):
    q = (1 << (bits - 1)) - 1
    return f32_step(alpha, q + 0.5 if rng == "torchobs" else q)


def sym_codes(v, d, qmin, qmax):
    r = np.rint(np.asarray(v, F64) / F64(d))
    return np.clip(r, qmin, qmax) + 0.0, (r < qmin) | (r > qmax)      # + 0.0: no negative zero


def sym_mse_alpha(v, bits, rng):
    v = np.asarray(v, F64)
    amax = np.abs(v).max()
    if amax == 0:
        return 0.0
    qmin, qmax = sym_range(bits, rng)
    best, ba = math.inf, amax
    for k in range(MSE_N, 0, -1):
        al = amax * k / MSE_N
        d = sym_step(al, bits, rng)
        q, _ = sym_codes(v, d, qmin, qmax)
        e = float(np.sum((v - q * F64(d)) ** 2))
        if best == math.inf or e < best * (1 - 1e-9):
            best, ba = e, al
    return ba


def sym_alpha(v, bits, rng, clip):
    kind, _, arg = clip.partition(":")
    if kind == "absmax":
        return float(np.abs(v.astype(F64)).max())
    if kind == "manual":
        return float(arg)
    if kind == "pct":
        return float(quantile_linear(np.abs(v.astype(F64)), float(arg)))
    if kind == "kl":
        return kl_threshold(v, bits)
    if kind == "mse":
        return sym_mse_alpha(v, bits, rng)
    raise ValueError(clip)


# ---------------------------------------------------------------- uniform
def q_sym(x, bits=8, gran="tensor", clip="absmax", range="restricted"):
    x = np.asarray(x, F32); check(x)
    if bits == 1:
        return q_sign(x, gran)
    qmin, qmax = sym_range(bits, range)
    f = x.ravel(); codes = np.zeros(f.size, np.int8); deq = np.zeros(f.size, F32)
    scales, alphas, ncl = [], [], 0
    for g in groups(x.shape, gran):
        a = sym_alpha(f[g], bits, range, clip)
        d = sym_step(a, bits, range)
        q, cl = sym_codes(f[g], d, qmin, qmax)
        codes[g] = q; deq[g] = (q * F64(d)).astype(F32)
        scales.append(d); alphas.append(a); ncl += int(cl.sum())
    G = len(scales)
    return dict(codes=codes.reshape(x.shape), scales=np.array(scales, F32), deq=deq.reshape(x.shape),
                _clipped=ncl, _levels=qmax - qmin + 1, _bits=bits * f.size + 32 * G)


def q_sign(x, gran="tensor"):
    x = np.asarray(x, F32); check(x)
    f = x.ravel(); codes = np.zeros(f.size, np.int8); deq = np.zeros(f.size, F32); sc = []
    for g in groups(x.shape, gran):
        d = F32(np.mean(np.abs(f[g].astype(F64))))
        q = np.where(f[g] >= 0, 1, -1)                   # sign(0) = sign(-0) = +1
        codes[g] = q; deq[g] = (q * F64(d)).astype(F32); sc.append(d)
    return dict(codes=codes.reshape(x.shape), scales=np.array(sc, F32), deq=deq.reshape(x.shape),
                _clipped=0, _levels=2, _bits=f.size + 32 * len(sc))


def asym_params(lo, hi, qmin, qmax, zero="include"):
    lo, hi = float(lo), float(hi)
    if zero == "include":
        lo, hi = min(lo, 0.0), max(hi, 0.0)
    d = f32_step(hi - lo, qmax - qmin)
    zp = float(np.rint(qmin - lo / F64(d)))
    if zero == "include":
        zp = min(max(zp, qmin), qmax)
    zp = min(max(zp, -2147483648.0), 2147483647.0)
    return d, int(zp)


def asym_codes(v, d, zp, qmin, qmax):
    r = np.rint(np.asarray(v, F64) / F64(d)) + zp
    return np.clip(r, qmin, qmax) + 0.0, (r < qmin) | (r > qmax)      # + 0.0: no negative zero


def asym_range(v, clip, bits, zero):
    v = v.astype(F64)
    kind, _, arg = clip.partition(":")
    if kind == "minmax":
        return v.min(), v.max()
    if kind == "manual":
        return tuple(float(t) for t in arg.split(","))
    if kind == "pct":
        a, b = (float(t) for t in arg.split(","))
        return quantile_linear(v, a), quantile_linear(v, b)
    if kind == "mse":
        qmin, qmax = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
        lo0, hi0 = v.min(), v.max()
        if zero == "include":
            lo0, hi0 = min(lo0, 0.0), max(hi0, 0.0)
        best, r = math.inf, (lo0, hi0)
        for k in range(MSE_N, 0, -1):
            lo, hi = lo0 * k / MSE_N, hi0 * k / MSE_N
            d, zp = asym_params(lo, hi, qmin, qmax, zero)
            q, _ = asym_codes(v, d, zp, qmin, qmax)
            e = float(np.sum((v - (q - zp) * F64(d)) ** 2))
            if best == math.inf or e < best * (1 - 1e-9):
                best, r = e, (lo, hi)
        return r
    raise ValueError(clip)


def q_asym(x, bits=8, gran="tensor", clip="minmax", zero="include"):
    x = np.asarray(x, F32); check(x)
    qmin, qmax = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    f = x.ravel(); codes = np.zeros(f.size, np.int8); deq = np.zeros(f.size, F32)
    sc, zps, ncl = [], [], 0
    for g in groups(x.shape, gran):
        d, zp = asym_params(*asym_range(f[g], clip, bits, zero), qmin, qmax, zero)
        q, cl = asym_codes(f[g], d, zp, qmin, qmax)
        codes[g] = q; deq[g] = ((q - zp) * F64(d)).astype(F32)
        sc.append(d); zps.append(zp); ncl += int(cl.sum())
    G = len(sc)
    return dict(codes=codes.reshape(x.shape), scales=np.array(sc, F32), zps=np.array(zps, np.int32),
                deq=deq.reshape(x.shape), _clipped=ncl, _levels=1 << bits,
                _bits=bits * f.size + (32 + (bits if zero == "include" else 32)) * G)


def q_int4g(x, group=128, bits=4):
    """GPTQ-style storage: unsigned codes, fp16 scale, unsigned zero, group along the row"""
    x = np.asarray(x, F32); check(x)
    maxq = (1 << bits) - 1
    f = x.ravel(); codes = np.zeros(f.size, np.uint8); deq = np.zeros(f.size, F32)
    sc, zs, ncl = [], [], 0
    for g in groups(x.shape, "group:%d" % group):
        v = f[g].astype(F64)
        lo, hi = min(v.min(), 0.0), max(v.max(), 0.0)
        if lo == hi:
            lo, hi = -1.0, 1.0
        s = (hi - lo) / maxq
        if s > 65504.0:
            raise ValueError("scale does not fit fp16")
        h = f16(s)
        if h == 0:
            h = np.float16(2.0 ** -24)
        d = F64(h)
        z = min(max(float(np.rint(-lo / d)), 0), maxq)
        r = np.rint(v / d) + z
        q = np.clip(r, 0, maxq)
        codes[g] = q; deq[g] = ((q - z) * d).astype(F32)
        sc.append(h); zs.append(int(z)); ncl += int(((r < 0) | (r > maxq)).sum())
    G = len(sc)
    return dict(codes=codes.reshape(x.shape), scales=np.array(sc, np.float16), zps=np.array(zs, np.uint8),
                deq=deq.reshape(x.shape), _clipped=ncl, _levels=maxq + 1,
                _bits=bits * f.size + (16 + bits) * G)


# ---------------------------------------------------------------- 4-bit codebooks
def blk_scaled(v):
    """float32 arithmetic on purpose: x * (1/absmax), as the CUDA kernel does"""
    am = F32(np.abs(v).max())
    inv = F32(1.0) / max(am, F32(1e-38))
    return am, np.clip((v.astype(F32) * inv).astype(F32), F32(-1), F32(1))


def q_nf4(x, block=64, layout="flat", dq=False, code=None):
    x = np.asarray(x, F32); check(x)
    f = x.ravel(); codes = np.zeros(f.size, np.uint8); am = []
    gs = groups(x.shape, ("flat:%d" if layout == "flat" else "group:%d") % block)
    for g in gs:
        a, s = blk_scaled(f[g])
        if code == "bnbfp4":
            codes[g] = bnb_fp4_codes(s)
        else:
            codes[g] = (s[:, None] > NF4_T[None, :]).sum(1)
        am.append(a)
    am = np.array(am, F32)
    tab = BNB_FP4 if code == "bnbfp4" else NF4
    out = dict(codes=codes.reshape(x.shape), absmax=am)
    use, bits = am, 4 * f.size + 32 * am.size
    if dq:
        o = F32(np.mean(am.astype(F64)))
        cen = (am - o).astype(F32)
        qa, am2 = dyn8_quant(cen, 256)
        use = (dyn8_dequant(qa, am2, 256) + o).astype(F32)
        bits = 4 * f.size + 8 * am.size + 32 * am2.size + 32
        out.update(absmax_q=qa, absmax2=am2, offset=np.array([o], F32), absmax_deq=use)
    deq = np.zeros(f.size, F32)
    for i, g in enumerate(gs):
        deq[g] = (tab[codes[g]].astype(F64) * F64(use[i])).astype(F32)
    c = codes.copy()
    if code == "bnbfp4":
        c[c == 8] = 0
    out.update(deq=deq.reshape(x.shape), _clipped=0, _levels=15 if code == "bnbfp4" else 16, _bits=bits,
               _ucodes=c)
    return out


def bnb_fp4_codes(s):
    a = np.abs(s)
    order = np.array([0, 1, 6, 7, 4, 5, 2, 3], np.uint8)          # codes by magnitude
    t = np.array([0.00260417, 0.0859375, 0.20833333, 0.29166667, 0.4166667, 0.583333, 0.8333333], F32)
    return order[(a[:, None] > t[None, :]).sum(1)] + np.where(s < 0, 8, 0).astype(np.uint8)


def dyn8_map():
    """signed 8-bit dynamic map, 7 exponent steps: evaluated in float64, rounded once to float32"""
    d = [0.0, 1.0]
    for i, p in enumerate((1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)):
        n = 1 << i
        for j in range(n):
            v = p * (0.1 + 0.9 * (2 * j + 1) / (2 * n))
            d += [v, -v]
    return np.array(sorted(d), F64).astype(F32)


DYN8 = dyn8_map()
DYN8_MID = ((DYN8[:-1] + DYN8[1:]) / F32(2)).astype(F32)


def dyn8_quant(v, block):
    v = np.asarray(v, F32).ravel()
    q, am = np.zeros(v.size, np.uint8), []
    for j in range(0, v.size, block):
        a, s = blk_scaled(v[j:j + block])
        q[j:j + block] = (s[:, None] > DYN8_MID[None, :]).sum(1)
        am.append(a)
    return q, np.array(am, F32)


def dyn8_dequant(q, am, block):
    o = np.zeros(q.size, F32)
    for b in range(am.size):
        sl = slice(b * block, (b + 1) * block)
        o[sl] = (DYN8[q[sl]].astype(F64) * F64(am[b])).astype(F32)
    return o


def e2m1_codes(r):
    """r float64 (already divided by the scale): nearest-even, saturating, keeps the sign of zero"""
    r = np.asarray(r, F64)
    a = np.abs(r)
    c = np.zeros(a.shape, np.uint8)
    # midpoints; ">" or ">=" chosen so that ties go to the even mantissa
    for t, strict in ((.25, 1), (.75, 0), (1.25, 1), (1.75, 0), (2.5, 1), (3.5, 0), (5.0, 1)):
        c += ((a > t) if strict else (a >= t)).astype(np.uint8)
    return c | (np.signbit(r).astype(np.uint8) << 3)


def q_fp4(x, block=32, layout="row"):
    """E2M1 with one float32 scale = absmax/6 per block"""
    x = np.asarray(x, F32); check(x)
    f = x.ravel(); codes = np.zeros(f.size, np.uint8); deq = np.zeros(f.size, F32); sc = []; ncl = 0
    for g in groups(x.shape, ("flat:%d" if layout == "flat" else "group:%d") % block):
        d = f32_step(float(np.abs(f[g].astype(F64)).max()), 6.0)
        r = f[g].astype(F64) / F64(d)
        codes[g] = e2m1_codes(r); deq[g] = (E2M1[codes[g]].astype(F64) * F64(d)).astype(F32)
        ncl += int((np.abs(r) > 7.0).sum()); sc.append(d)
    u = codes.copy(); u[u == 8] = 0
    return dict(codes=codes.reshape(x.shape), scales=np.array(sc, F32), deq=deq.reshape(x.shape),
                _clipped=ncl, _levels=15, _ucodes=u, _bits=4 * f.size + 32 * len(sc))


def q_mxfp4(x, block=32):
    x = np.asarray(x, F32); check(x)
    f = x.ravel(); codes = np.zeros(f.size, np.uint8); deq = np.zeros(f.size, F32); sc = []; ncl = 0
    for g in groups(x.shape, "group:%d" % block):
        am = float(np.abs(f[g].astype(F64)).max())
        e = -127 if am == 0 else min(max(math.frexp(am)[1] - 1 - 2, -127), 127)
        d = math.ldexp(1.0, e)
        r = f[g].astype(F64) / d
        codes[g] = e2m1_codes(r); deq[g] = (E2M1[codes[g]].astype(F64) * d).astype(F32)
        ncl += int((np.abs(r) > 6.0).sum()); sc.append(e + 127)
    u = codes.copy(); u[u == 8] = 0
    return dict(codes=codes.reshape(x.shape), scales=np.array(sc, np.uint8), deq=deq.reshape(x.shape),
                _clipped=ncl, _levels=15, _ucodes=u, _bits=4 * f.size + 8 * len(sc))


def q_nvfp4(x, block=16):
    x = np.asarray(x, F32); check(x)
    f = x.ravel(); codes = np.zeros(f.size, np.uint8); deq = np.zeros(f.size, F32); sc = []; ncl = 0
    T = f32_step(float(np.abs(f.astype(F64)).max()), 6.0 * 448.0)
    for g in groups(x.shape, "group:%d" % block):
        am = float(np.abs(f[g].astype(F64)).max())
        b = fmt_encode1((am / 6.0) / F64(T), "e4m3fn", True)
        s = fmt_decode(b, "e4m3fn")
        sc.append(b)
        if s == 0:
            r = np.copysign(np.zeros(g.size), f[g].astype(F64))
            ncl += int((f[g] != 0).sum())
        else:
            r = f[g].astype(F64) / (s * F64(T))
            ncl += int((np.abs(r) > 6.0 * (1 + 2.0 ** -20)).sum())
        codes[g] = e2m1_codes(r)
        deq[g] = (E2M1[codes[g]].astype(F64) * (s * F64(T))).astype(F32)
    u = codes.copy(); u[u == 8] = 0
    return dict(codes=codes.reshape(x.shape), scales=np.array(sc, np.uint8), tscale=np.array([T], F32),
                deq=deq.reshape(x.shape), _clipped=ncl, _levels=15, _ucodes=u,
                _bits=4 * f.size + 8 * len(sc) + 32)


# ---------------------------------------------------------------- learned codebooks
def nearest(v, cb):
    """index of the nearest entry of an ascending codebook; exact ties to the lower index"""
    v, cb = np.asarray(v, F64), np.asarray(cb, F64)
    return (v[:, None] > ((cb[:-1] + cb[1:]) / 2)[None, :]).sum(1)


def q_kmeans(x, bits=4, iters=100, gran="tensor"):
    x = np.asarray(x, F32); check(x)
    K = 1 << bits
    f = x.ravel(); codes = np.zeros(f.size, np.uint8); deq = np.zeros(f.size, F32); cbs = []; its = []
    gs = groups(x.shape, gran)
    for g in gs:
        v = f[g].astype(F64)
        c = np.array([quantile_linear(v, 100.0 * (i + 0.5) / K) for i in range(K)])
        old = None
        for it in range(iters):
            a = nearest(v, c)
            if old is not None and np.array_equal(a, old):
                break
            old = a
            for k in range(K):
                m = a == k
                if m.any():
                    c[k] = v[m].mean()
            c = np.sort(c)
        cb = c.astype(F32)
        codes[g] = nearest(v, cb); deq[g] = cb[codes[g]]
        cbs.append(cb); its.append(it)
    return dict(codes=codes.reshape(x.shape), codebook=np.array(cbs, F32), deq=deq.reshape(x.shape),
                _clipped=0, _levels=K, _bits=bits * f.size + 32 * K * len(gs), _iters=its)


def q_quantile(x, bits=4, gran="tensor"):
    """balanced codebook: equal-population bins, bin mean as the level"""
    x = np.asarray(x, F32); check(x)
    K = 1 << bits
    f = x.ravel(); codes = np.zeros(f.size, np.uint8); deq = np.zeros(f.size, F32); cbs, eds = [], []
    gs = groups(x.shape, gran)
    for g in gs:
        v = f[g].astype(F64)
        e = np.array([quantile_linear(v, 100.0 * i / K) for i in range(K + 1)])
        a = (v[:, None] >= e[1:-1][None, :]).sum(1)
        cb = np.array([v[a == k].mean() if (a == k).any() else 0.5 * (e[k] + e[k + 1]) for k in range(K)]).astype(F32)
        codes[g] = a; deq[g] = cb[a]; cbs.append(cb); eds.append(e.astype(F32))
    return dict(codes=codes.reshape(x.shape), codebook=np.array(cbs, F32), edges=np.array(eds, F32),
                deq=deq.reshape(x.shape), _clipped=0, _levels=K, _bits=bits * f.size + 32 * K * len(gs))


def q_ternary(x, gran="tensor", eps=1e-5):
    x = np.asarray(x, F32); check(x)
    f = x.ravel(); codes = np.zeros(f.size, np.int8); deq = np.zeros(f.size, F32); sc = []; ncl = 0
    for g in groups(x.shape, gran):
        d = F32(max(float(np.mean(np.abs(f[g].astype(F64)))), eps))
        q, cl = sym_codes(f[g], d, -1, 1)
        codes[g] = q; deq[g] = (q * F64(d)).astype(F32); sc.append(d); ncl += int(cl.sum())
    return dict(codes=codes.reshape(x.shape), scales=np.array(sc, F32), deq=deq.reshape(x.shape),
                _clipped=ncl, _levels=3, _bits=2 * f.size + 32 * len(sc))


# ---------------------------------------------------------------- outliers
def outlier_set(f, mode):
    kind, _, arg = mode.partition(":")
    a = np.abs(f.astype(F64))
    if kind == "thr":
        return np.flatnonzero(a >= float(arg))
    k = int(math.floor(float(arg) * f.size / 100.0))
    order = np.lexsort((np.arange(f.size), -a))          # |w| descending, then index ascending
    return np.sort(order[:k])


def q_split(x, outliers="pct:1", bits=4, gran="tensor"):
    """sparse fp16 outliers + symmetric absmax of the rest (outlier codes are 0)"""
    x = np.asarray(x, F32); check(x)
    f = x.ravel(); o = outlier_set(f, outliers)
    mask = np.zeros(f.size, bool); mask[o] = True
    if np.abs(f[o]).max(initial=0) >= 65520.0:
        raise ValueError("outlier does not fit fp16")
    rest = np.where(mask, F32(0), f).astype(F32)
    r = q_sym(rest.reshape(x.shape), bits, gran)
    val = f16(f[o])
    deq = r["deq"].ravel().copy(); deq[o] = val.astype(F32)
    r.update(deq=deq.reshape(x.shape), out_idx=o.astype(np.int32), out_val=val,
             _bits=r["_bits"] + (16 + 32) * o.size)
    return r


def llm_int8(X, W, threshold=6.0):
    """Y = X @ W, X (m,k) row-wise, W (k,n) column-wise; split first, then quantize"""
    X, W = np.asarray(X, F32), np.asarray(W, F32)
    check(X); check(W)
    o = np.flatnonzero((np.abs(X) >= F32(threshold)).any(0))
    keep = np.setdiff1d(np.arange(X.shape[1]), o)
    Xo, Wo = f16(X[:, o]).astype(F64), f16(W[o]).astype(F64)
    Y = Xo @ Wo if o.size else np.zeros((X.shape[0], W.shape[1]))
    if keep.size:
        qx = q_sym(X[:, keep], 8, "row"); qw = q_sym(W[keep], 8, "col")
        acc = qx["codes"].astype(np.int64) @ qw["codes"].astype(np.int64)
        Y = Y + acc * (qx["scales"].astype(F64)[:, None] * qw["scales"].astype(F64)[None, :])
        xc, sx, wc, sw = qx["codes"], qx["scales"], qw["codes"], qw["scales"]
    else:
        xc = np.zeros((X.shape[0], 0), np.int8); wc = np.zeros((0, W.shape[1]), np.int8)
        sx = np.ones(X.shape[0], F32); sw = np.ones(W.shape[1], F32)
        acc = np.zeros((X.shape[0], W.shape[1]), np.int64)
    return dict(outlier_cols=o.astype(np.int32), x_codes=xc, x_scales=sx, w_codes=wc, w_scales=sw,
                acc=acc.astype(np.int32), y=Y.astype(F32))


# ---------------------------------------------------------------- integer-only
def quantize_multiplier(M):
    """real M > 0 -> (int32 M0 in [2^30, 2^31), shift), M ~ M0 * 2^(shift-31)"""
    if M == 0:
        return 0, 0
    q, e = math.frexp(M)
    m = int(math.floor(q * 2147483648.0 + 0.5))           # half away from zero, q > 0
    if m == 1 << 31:
        m >>= 1; e += 1
    if e < -31:
        return 0, 0
    if e > 30:
        return (1 << 31) - 1, 30
    return m, e


def srdhm(a, b):
    if a == b == -(1 << 31):
        return (1 << 31) - 1
    ab = a * b
    nudge = (1 << 30) if ab >= 0 else 1 - (1 << 30)
    t = ab + nudge
    return t >> 31 if t >= 0 else -((-t) >> 31)           # C division truncates toward zero


def rdbpot(x, n):
    mask = (1 << n) - 1
    rem = x & mask
    thr = (mask >> 1) + (1 if x < 0 else 0)
    return (x >> n) + (1 if rem > thr else 0)


def mbqm(x, m, shift):
    left, right = max(shift, 0), max(-shift, 0)
    y = x << left
    if not -(1 << 31) <= y < (1 << 31):
        raise OverflowError("left shift overflows int32")
    return rdbpot(srdhm(y, m), right)


def int_linear(xq, sx, zx, wq, sw, bias, sy, zy, qmin=-128, qmax=127):
    """xq (m,k) int8 with zero point, wq (n,k) int8 symmetric per row, float bias (n)"""
    bq = np.rint(bias.astype(F64) / (F64(sx) * sw.astype(F64))).astype(np.int64)
    acc = (xq.astype(np.int64) - zx) @ wq.astype(np.int64).T + bq
    M = F64(sx) * sw.astype(F64) / F64(sy)
    ms = [quantize_multiplier(float(v)) for v in M]
    out = np.zeros(acc.shape, np.int64)
    for i in range(acc.shape[0]):
        for j in range(acc.shape[1]):
            out[i, j] = min(max(mbqm(int(acc[i, j]), *ms[j]) + zy, qmin), qmax)
    ref = np.clip(np.rint(acc * M) + zy, qmin, qmax)
    return dict(bias_q=bq.astype(np.int32), acc=acc.astype(np.int32), m0=np.array([a for a, _ in ms], np.int32),
                shift=np.array([b for _, b in ms], np.int32), y_codes=out.astype(np.int8),
                y_codes_float=ref.astype(np.int8))


# ---------------------------------------------------------------- ggml blocks
def rha(x):
    """round half away from zero (C roundf) on float32 values"""
    x = np.asarray(x, F64)
    return np.copysign(np.floor(np.abs(x) + 0.5), x)


def h2b(h):
    return np.frombuffer(np.float16(h).tobytes(), np.uint8)


def ggml_quant(x, kind):
    """x float32 (rows, cols), cols % 32 == 0 -> bytes (uint8). float32 arithmetic as in ggml's reference rows"""
    out = []
    v = np.asarray(x, F32).reshape(-1, 32)
    for b in v:
        if kind == "q8_0":
            d = F32(np.abs(b).max() / F32(127)); i = F32(1) / d if d else F32(0)
            out += [h2b(d), rha((b * i).astype(F32)).astype(np.int8).view(np.uint8)]
            continue
        if kind in ("q4_0", "q5_0"):
            n = 8 if kind == "q4_0" else 16
            m = b[int(np.argmax(np.abs(b)))] if np.abs(b).max() > 0 else F32(0)
            d = F32(m / F32(-n)); i = F32(1) / d if d else F32(0)
            q = np.minimum(2 * n - 1, np.trunc(((b * i).astype(F32) + F32(n + 0.5)).astype(F32)).astype(np.int64))
            head = [h2b(d)]
        else:
            n = 15 if kind == "q4_1" else 31
            mn, mx = b.min(), b.max()
            d = F32((mx - mn) / F32(n)); i = F32(1) / d if d else F32(0)
            q = np.minimum(n, np.trunc((((b - mn).astype(F32) * i).astype(F32) + F32(0.5)).astype(F32)).astype(np.int64))
            head = [h2b(d), h2b(mn)]
        q = q.astype(np.uint8)
        if kind in ("q5_0", "q5_1"):
            qh = sum(int(q[j] >> 4) << j for j in range(32))
            head.append(np.frombuffer(int(qh).to_bytes(4, "little"), np.uint8))
        out += head + [(q[:16] & 15) | ((q[16:] & 15) << 4)]
    return np.concatenate(out).astype(np.uint8)


def _h(b):
    return F32(np.frombuffer(bytes(b), "<f2")[0])


def _mul(q, d, sub=None):
    """float32: (q * d) rounded, then minus sub rounded (two roundings, no fused multiply-add)"""
    p = (np.asarray(q, F32) * F32(d)).astype(F32)
    return p if sub is None else (p - F32(sub)).astype(F32)


def k4_scale(j, s):
    if j < 4:
        return int(s[j] & 63), int(s[j + 4] & 63)
    return int(s[j + 4] & 15) | (int(s[j - 4] >> 6) << 4), int(s[j + 4] >> 4) | (int(s[j] >> 6) << 4)


GGML_BLOCK = {"q4_0": (32, 18), "q4_1": (32, 20), "q5_0": (32, 22), "q5_1": (32, 24), "q8_0": (32, 34),
              "q2_K": (256, 84), "q3_K": (256, 110), "q4_K": (256, 144), "q5_K": (256, 176), "q6_K": (256, 210)}


def ggml_dequant(raw, kind):
    n, sz = GGML_BLOCK[kind]
    raw = np.asarray(raw, np.uint8).reshape(-1, sz)
    res = []
    for b in raw:
        y = np.zeros(n, F32)
        if kind == "q8_0":
            y[:] = _mul(b[2:].view(np.int8).astype(F32), _h(b[:2]))
        elif kind in ("q4_0", "q4_1"):
            o = 2 if kind == "q4_0" else 4
            q = np.concatenate([b[o:] & 15, b[o:] >> 4]).astype(int)
            y[:] = _mul(q - 8, _h(b[:2])) if o == 2 else _mul(q, _h(b[:2]), -_h(b[2:4]))
        elif kind in ("q5_0", "q5_1"):
            o = 2 if kind == "q5_0" else 4
            qh = int.from_bytes(bytes(b[o:o + 4]), "little")
            q = np.concatenate([b[o + 4:] & 15, b[o + 4:] >> 4]).astype(int)
            q = q + np.array([((qh >> j) & 1) << 4 for j in range(32)])
            y[:] = _mul(q - 16, _h(b[:2])) if o == 2 else _mul(q, _h(b[:2]), -_h(b[2:4]))
        elif kind == "q2_K":
            sc, qs, d, dm = b[:16], b[16:80], _h(b[80:82]), _h(b[82:84])
            for h in range(2):
                for s in range(4):
                    for t in range(2):
                        i = h * 8 + s * 2 + t
                        q = (qs[h * 32 + t * 16:h * 32 + t * 16 + 16] >> (2 * s)) & 3
                        p = h * 128 + s * 32 + t * 16
                        y[p:p + 16] = _mul(q, F32(d * F32(sc[i] & 15)), F32(dm * F32(sc[i] >> 4)))
        elif kind == "q3_K":
            hm, qs, s12, d = b[:32], b[32:96], b[96:108].astype(int), _h(b[108:110])
            sc = [((s12[i % 8] >> (0 if i < 8 else 4)) & 15) | (((s12[8 + i % 4] >> (2 * (i // 4))) & 3) << 4) for i in range(16)]
            for h in range(2):
                for s in range(4):
                    for t in range(2):
                        i = h * 8 + s * 2 + t
                        q = ((qs[h * 32 + t * 16:h * 32 + t * 16 + 16] >> (2 * s)) & 3).astype(int)
                        hb = (hm[t * 16:t * 16 + 16] >> (h * 4 + s)) & 1
                        p = h * 128 + s * 32 + t * 16
                        y[p:p + 16] = _mul(q - np.where(hb, 0, 4), F32(d * F32(sc[i] - 32)))
        elif kind in ("q4_K", "q5_K"):
            d, dm, s = _h(b[:2]), _h(b[2:4]), b[4:16]
            o = 16 if kind == "q4_K" else 48
            for j in range(8):
                sc, m = k4_scale(j, s)
                c = b[o + 32 * (j // 2):o + 32 * (j // 2) + 32]
                q = ((c >> 4) if j & 1 else (c & 15)).astype(int)
                if kind == "q5_K":
                    q = q + (((b[16:48] >> j) & 1).astype(int) << 4)
                y[32 * j:32 * j + 32] = _mul(q, F32(d * F32(sc)), F32(dm * F32(m)))
        elif kind == "q6_K":
            ql, qh, sc, d = b[:128], b[128:192], b[192:208].view(np.int8), _h(b[208:210])
            for h in range(2):
                for t in range(4):
                    lo = ql[h * 64 + 32 * (t & 1):h * 64 + 32 * (t & 1) + 32]
                    lo = (lo >> 4) if t >= 2 else (lo & 15)
                    hi = (qh[h * 32:h * 32 + 32] >> (2 * t)) & 3
                    q = (lo.astype(int) | (hi.astype(int) << 4)) - 32
                    for u in range(2):
                        p = h * 128 + t * 32 + u * 16
                        y[p:p + 16] = _mul(q[u * 16:u * 16 + 16], F32(d * F32(sc[h * 8 + t * 2 + u])))
        res.append(y)
    return np.concatenate(res)


# ---------------------------------------------------------------- metrics
METRICS = ["mae", "mse", "rmse", "max_abs", "sqnr_db", "cosine", "rel_fro", "kl_hist", "frac_clipped",
           "zero_frac", "levels_used", "utilisation", "entropy_bits", "worst_row_mse", "bpw"]
KL_BINS, KL_EPS = 256, 0.5


def hist_fixed(v, lo, hi, bins):
    if hi == lo:
        return np.bincount(np.zeros(v.size, int), minlength=bins)
    return np.bincount(np.clip(np.floor((v - lo) * bins / (hi - lo)), 0, bins - 1).astype(int), minlength=bins)


def kl_metric(x, y):
    x, y = x.astype(F64).ravel(), y.astype(F64).ravel()
    lo, hi = x.min(), x.max()
    P = hist_fixed(x, lo, hi, KL_BINS) + KL_EPS
    Q = hist_fixed(y, lo, hi, KL_BINS) + KL_EPS
    P, Q = P / P.sum(), Q / Q.sum()
    return float(np.sum(P * np.log(P / Q)))


def metrics(x, r):
    x = np.asarray(x, F32)
    a, b = x.astype(F64).ravel(), r["deq"].astype(F64).ravel()
    e = a - b
    n = a.size
    se, sx, sy = float(np.sum(e * e)), float(np.sum(a * a)), float(np.sum(b * b))
    sq = math.inf if se == 0 else (-math.inf if sx == 0 else 10 * math.log10(sx / se))
    cos = 1.0 if sx == 0 and sy == 0 else (0.0 if sx == 0 or sy == 0 else float(np.sum(a * b)) / (math.sqrt(sx) * math.sqrt(sy)))
    rel = 0.0 if se == 0 else (math.inf if sx == 0 else math.sqrt(se / sx))
    u = np.asarray(r.get("_ucodes", r["codes"])).ravel().astype(np.int64)
    _, cnt = np.unique(u, return_counts=True)
    p = cnt / n
    R, C = rc(x.shape)
    worst = float(np.max(np.mean((e * e).reshape(R, C), 1)))
    return np.array([np.mean(np.abs(e)), se / n, math.sqrt(se / n), np.max(np.abs(e)), sq, cos, rel,
                     kl_metric(a, b), r["_clipped"] / n, float(np.mean(b == 0)), cnt.size,
                     cnt.size / r["_levels"], abs(float(-np.sum(p * np.log2(p)))), worst, r["_bits"] / n], F64)
