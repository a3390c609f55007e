#!/usr/bin/env python3
"""Vectors for what make_golden.py leaves out.   Run:  python3 make_more.py [OUTDIR]     (default ./more)

The same layout. A case gives the spec of the program itself (spec=..., and file=INPUT where a spec has a file); its scheme is the
name of the subject: aciq, fp8, formats, outliers, codebook, rounding, thresholds. Needs numpy.
"""
import math
import os
import sys

import numpy as np
import refq as R
from make_golden import INT, MET, TOL_MEAN, GoldenSet
from refq import F32, F64

BNB_FP4_T = np.array([0.00260417, 0.0859375, 0.20833333, 0.29166667, 0.4166667, 0.583333, 0.8333333], F32)
TOL_ACIQ = dict(TOL_MEAN, metrics="close:1e-5:1e-9")


# ---------------------------------------------------------------- clip=aciq (Banner et al. 2019)
def minimum(condition, lo, hi):
    """root of an ascending function"""
    for _ in range(200):
        mid = (lo + hi) / 2
        lo, hi = (lo, mid) if condition(mid) > 0 else (mid, hi)
    return lo


def aciq_factor(dist, bits):
    """alpha / scale that minimises clipping plus rounding error, with 2^bits steps over [-alpha, alpha]; four decimals.

    Laplace: error 2 e^-a + a^2 / (3 4^bits).   Gauss: 2 integral from a of (x - a)^2 phi(x), plus the same."""
    steps = 3 * 4.0 ** bits
    if dist == "laplace":
        a = minimum(lambda a: a / steps - math.exp(-a), 0, 50)
    else:
        tail = lambda a: math.exp(-a * a / 2) / math.sqrt(2 * math.pi) - a * math.erfc(a / math.sqrt(2)) / 2
        a = minimum(lambda a: a / (2 * steps) - tail(a), 0, 50)
    return round(a, 4)


def aciq_alpha(v, dist, bits):
    v = v.astype(F64)
    spread = np.mean(np.abs(v - v.mean())) if dist == "laplace" else math.sqrt(np.mean((v - v.mean()) ** 2))
    return aciq_factor(dist, bits) * float(spread)


# ---------------------------------------------------------------- rounding
def chance(seed, index):
    """uniform in [0, 1) by seed and flat index: the finaliser of splitmix64 over seed * 0xD134... + (index + 1) * 0x9E37..., top 53 bits"""
    with np.errstate(over="ignore"):
        z = np.uint64(seed) * np.uint64(0xD1342543DE82EF95) + (index.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(11)).astype(F64) * 2.0 ** -53


def rounded(v, how, seed, index):
    """even; away: half away from zero; stochastic: down or up, by chance in proportion to the distance"""
    return np.rint(v) if how == "even" else R.rha(v) if how == "away" else np.floor(v + chance(seed, index))


# ---------------------------------------------------------------- quantizers
def uniform(x, bits=8, gran="tensor", how="even", seed=0, params=None):
    """params(values of a group, lo, hi) -> (step, zero, lowest code, highest code)"""
    f = x.ravel(); codes = np.zeros(f.size, np.int8); deq = np.zeros(f.size, F32); sc, zps, ncl = [], [], 0
    for g in R.groups(x.shape, gran):
        d, z, lo, hi = params(f[g])
        r = rounded(f[g].astype(F64) / F64(d), how, seed, g) + z
        q = np.clip(r, lo, hi) + 0.0
        codes[g] = q; deq[g] = ((q - z) * F64(d)).astype(F32)
        sc.append(d); zps.append(z); ncl += int(((r < lo) | (r > hi)).sum())
    return dict(codes=codes.reshape(x.shape), scales=np.array(sc, F32), zps=np.array(zps, np.int32), deq=deq.reshape(x.shape),
                _clipped=ncl, _levels=hi - lo + 1, _bits=bits * f.size)


def symmetric(x, bits=8, gran="tensor", how="even", seed=0, range="restricted", alpha=lambda v: float(np.abs(v.astype(F64)).max())):
    lo, hi = R.sym_range(bits, range)
    r = uniform(x, bits, gran, how, seed, lambda v: (R.sym_step(alpha(v), bits, range), 0, lo, hi))
    del r["zps"]
    r["_bits"] += 32 * len(r["scales"])
    return r


def asymmetric(x, bits=8, gran="tensor", how="even", seed=0):
    lo, hi = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    r = uniform(x, bits, gran, how, seed, lambda v: (*R.asym_params(v.min(), v.max(), lo, hi), lo, hi))
    r["_bits"] += (32 + bits) * len(r["scales"])
    return r


def float_format(x, fmt, gran=None):
    """nearest value of a format; with gran: of x / d, d = absmax / largest"""
    f = x.ravel(); table = R.fmt_table(fmt); largest = R.fmt_max(fmt)[1]
    codes = np.zeros(f.size, np.uint16); deq = np.zeros(f.size, F32); sc = []; ncl = 0
    half = table.size // 2
    for g in R.groups(x.shape, gran or "tensor"):
        d = R.f32_step(float(np.abs(f[g].astype(F64)).max()), largest) if gran else F32(1)
        v = (f[g].astype(F64) / F64(d)).astype(F32)
        codes[g] = R.fmt_encode(v, fmt); deq[g] = (table[codes[g]] * F64(d)).astype(F32); sc.append(d)
        over = R.fmt_encode(v, fmt, False)                      # infinity or NaN where the rounded value is beyond the largest
        ncl += int((~np.isfinite(table[over])).sum())
    u = codes.copy(); u[u == half] = 0
    bits = int(math.log2(table.size))
    r = dict(codes=codes.reshape(x.shape), deq=deq.reshape(x.shape), _clipped=ncl, _ucodes=u,
             _levels=np.unique(table[np.isfinite(table)]).size, _bits=bits * f.size + (32 * len(sc) if gran else 0))
    if gran:
        r["scales"] = np.array(sc, F32)
    return r


def codebook(x, levels, gran="tensor"):
    """nearest of the ascending levels to x / absmax; a tie: the lower one"""
    lv = np.sort(levels.astype(F32).ravel())
    f = x.ravel(); codes = np.zeros(f.size, np.uint8); deq = np.zeros(f.size, F32); sc = []
    for g in R.groups(x.shape, gran):
        a = F32(np.abs(f[g]).max())
        codes[g] = R.nearest(f[g].astype(F64) / F64(a) if a > 0 else np.zeros(g.size), lv)
        deq[g] = (lv[codes[g]].astype(F64) * F64(a)).astype(F32); sc.append(a)
    bits = max(1, math.ceil(math.log2(lv.size)))
    return dict(codes=codes.reshape(x.shape), scales=np.array(sc, F32), deq=deq.reshape(x.shape), _clipped=0, _levels=lv.size,
                _bits=bits * f.size + 32 * len(sc) + 32 * lv.size)


def block_floats(x, block, code):
    r = R.q_fp4(x, block) if code == "fp4" else R.q_nf4(x, block, code=code)
    if "absmax" in r:
        r["scales"] = r.pop("absmax")
    return r


def without_outliers(x, mode, quantize):
    """the rest, with 0 for the outliers, through `quantize`; the outliers in half precision, 48 bits each"""
    f = x.ravel(); o = R.outlier_set(f, mode)
    rest = f.copy(); rest[o] = 0
    r = quantize(rest.reshape(x.shape))
    value = R.f16(f[o]); deq = r["deq"].ravel().copy(); deq[o] = value.astype(F32)
    r.update(deq=deq.reshape(x.shape), out_idx=o.astype(np.int64), out_val=value, _bits=r["_bits"] + 48 * o.size)
    return r


# ---------------------------------------------------------------- the cases
def spec_of(mapping, **keys):
    return mapping + (":" + ",".join("%s=%s" % kv for kv in keys.items()) if keys else "")


GRAN = {"tensor": {}, "row": dict(per="row"), "col": dict(per="col"), "group:16": dict(per="block", block=16),
        "flat:50": dict(per="flat", block=50), "tile:4x8": dict(per="tile", block="4x8")}


def add(S, scheme, name, spec, r, tol=None, file=None):
    o = {k: v for k, v in r.items() if not k.startswith("_")}
    o["metrics"] = R.metrics(S.x(name), r)
    params = dict(spec=spec, **({"file": file} if file else {}))
    S.case(scheme, name, o, params, dict({"metrics": MET, "*": INT}, **(tol or {})))


def add_aciq(S):
    for dist, key in (("laplace", {}), ("gauss", dict(dist="gauss"))):
        for bits in range(2, 9):
            alpha = lambda v: aciq_alpha(v, dist, bits)
            add(S, "aciq", "student", spec_of("absmax", bits=bits, clip="aciq", **key), symmetric(S.x("student"), bits, alpha=alpha), TOL_ACIQ)
        for gran in ("row", "col", "group:16", "flat:50", "tile:4x8"):
            alpha = lambda v: aciq_alpha(v, dist, 4)
            add(S, "aciq", "shifted", spec_of("absmax", bits=4, clip="aciq", **key, **GRAN[gran]),
                symmetric(S.x("shifted"), 4, gran, alpha=alpha), TOL_ACIQ)
        for name in ("one", "zeros", "const"):
            alpha = lambda v: aciq_alpha(v, dist, 8)
            add(S, "aciq", name, spec_of("absmax", clip="aciq", **key), symmetric(S.x(name), alpha=alpha), TOL_ACIQ)


def add_floats(S):
    for mapping, fmt in (("fp8_e4m3", "e4m3fn"), ("fp8_e5m2", "e5m2")):
        for name in ("student", "half", "zerorow", "one", "zeros", "denorm", "huge", "cube"):
            for gran in ("tensor", "row"):
                add(S, "fp8", name, spec_of(mapping, per=gran), float_format(S.x(name), fmt, gran))
        for gran in ("col", "group:16", "flat:50", "tile:4x8"):
            add(S, "fp8", "brain", spec_of(mapping, **GRAN[gran]), float_format(S.x("brain"), fmt, gran))
    for mapping, fmt in (("fp8_e4m3", "e4m3fn"), ("fp8_e5m2", "e5m2"), ("fp16", "fp16"), ("bf16", "bf16")):
        for name in ("student", "wide", "negzero", "denorm", "huge"):
            add(S, "formats", name, spec_of(mapping, **(dict(scale=0) if "fp8" in mapping else {})), float_format(S.x(name), fmt))


def add_outliers(S):
    ways = {
        "zeropoint": (dict(bits=4, per="row"), lambda v: asymmetric(v, 4, "row")),
        "nf4": (dict(block=64), lambda v: block_floats(v, 64, None)),
        "bnbfp4": (dict(block=64), lambda v: block_floats(v, 64, "bnbfp4")),
        "fp4": (dict(block=32), lambda v: block_floats(v, 32, "fp4")),
        "absmax": (dict(bits=4, clip="percentile", p=99), lambda v: symmetric(v, 4, alpha=lambda w: R.sym_alpha(w, 4, "restricted", "pct:99"))),
    }
    for mapping, (keys, quantize) in ways.items():
        for name in ("student", "shifted", "half", "odd", "ties"):
            for mode, text in (("pct:1", "1%"), ("pct:12.5", "12.5%"), ("thr:0.1", "0.1")):
                add(S, "outliers", name, spec_of(mapping, **keys, outliers=text), without_outliers(S.x(name), mode, quantize),
                    dict(scales="ulp:1", deq="close:3e-7:0") if mapping == "absmax" else None)
    for gran in ("tensor", "col", "group:16", "flat:50", "tile:4x8"):
        add(S, "outliers", "student", spec_of("zeropoint", bits=8, **GRAN[gran], outliers="2%"),
            without_outliers(S.x("student"), "pct:2", lambda v: asymmetric(v, 8, gran)))
    # Ties across chunks of 65,536 elements: the first ones by index belong.
    add(S, "outliers", "tiled", spec_of("absmax", bits=3, per="row", outliers="0.37%"),
        without_outliers(S.x("tiled"), "pct:0.37", lambda v: symmetric(v, 3, "row")))
    S.error("outliers", "huge", dict(spec="zeropoint:outliers=5%"), "an outlier does not fit half precision")
    S.error("outliers", "huge", dict(spec="nf4:outliers=1e30"), "an outlier does not fit half precision")


def add_codebooks(S):
    S.inp("levels_16", R.NF4[::-1]); S.inp("levels_5", [0.0, -1.0, 1.0, 0.25, -0.4]); S.inp("levels_1", [0.5])
    S.inp("levels_grid", np.linspace(-1, 1, 9)); S.inp("levels_many", np.random.default_rng(31).uniform(-1, 1, 256))
    S.inp("levels_twice", [0.5, -0.5, 0.5, -0.5, 0.0, 1.0, -1.0]); S.inp("levels_half", [-1.0, -0.3, 0.3, 1.0], "f16")
    for levels in ("levels_16", "levels_5", "levels_1", "levels_grid", "levels_many", "levels_twice", "levels_half"):
        add(S, "codebook", "student", "codebook:per=row", codebook(S.x("student"), S.x(levels), "row"), file=levels)
    for gran in ("tensor", "col", "group:16", "flat:50", "tile:4x8"):
        add(S, "codebook", "zerorow", spec_of("codebook", **(GRAN[gran] or dict(per="tensor"))), codebook(S.x("zerorow"), S.x("levels_5"), gran),
            file="levels_5")
    for name in ("ties", "half", "zeros", "one", "negzero"):
        add(S, "codebook", name, "codebook:per=tensor", codebook(S.x(name), S.x("levels_grid")), file="levels_grid")
    S.inp("levels_nan", [0.0, np.nan, 1.0]); S.inp("levels_none", np.zeros(0)); S.inp("levels_257", np.linspace(-1, 1, 257))
    for levels in ("levels_nan", "levels_none", "levels_257"):
        S.error("codebook", "odd", dict(spec="codebook:per=tensor", file=levels), "levels are 1 to 256 finite numbers")


def add_rounding(S):
    for how, seeds in (("away", (0,)), ("stochastic", (0, 1, 12345678901))):
        for seed in seeds:
            key = dict(round=how, **(dict(seed=seed) if seed else {}))
            for name in ("ties", "odd", "half"):
                x = S.x(name)
                add(S, "rounding", name, spec_of("absmax", bits=8, **key), symmetric(x, 8, "tensor", how, seed))
                add(S, "rounding", name, spec_of("absmax", bits=4, per="row", **key), symmetric(x, 4, "row", how, seed))
                add(S, "rounding", name, spec_of("absmax", bits=3, per="tensor", range="torchobs", **key),
                    symmetric(x, 3, "tensor", how, seed, "torchobs"))
                add(S, "rounding", name, spec_of("zeropoint", bits=8, **key), asymmetric(x, 8, "tensor", how, seed))
                add(S, "rounding", name, spec_of("zeropoint", bits=4, per="col", **key), asymmetric(x, 4, "col", how, seed))
            add(S, "rounding", "tiesasym", spec_of("zeropoint", bits=8, **key), asymmetric(S.x("tiesasym"), 8, "tensor", how, seed))
        add(S, "rounding", "tiled", spec_of("absmax", bits=2, per="row", round=how, **(dict(seed=7) if seeds[-1] else {})),
            symmetric(S.x("tiled"), 2, "row", how, 7))


def add_thresholds(S):
    """values exactly at the decision thresholds of the 4-bit codebooks and one step to each side: a tie takes the lower code"""
    for name, thresholds in (("nf4", R.NF4_T), ("bnbfp4", BNB_FP4_T)):
        t = np.concatenate([thresholds, np.nextafter(thresholds, F32(-2)), np.nextafter(thresholds, F32(2))])
        t = np.concatenate([t, -t]) if name == "bnbfp4" else t
        block = np.concatenate([[1.0], t, np.zeros(63 - t.size)]).astype(F32)
        n = S.inp("at_" + name, np.stack([block, block * F32(0.5), block * F32(2.0 ** 20)]))      # times 1/A is exact
        add(S, "thresholds", n, spec_of(name, block=64), block_floats(S.x(n), 64, None if name == "nf4" else name))
    S.inp("eighths", np.arange(-8, 9) / 8)                          # every other one is halfway between two levels of the grid
    add(S, "thresholds", "eighths", "codebook:per=tensor", codebook(S.x("eighths"), S.x("levels_grid")), file="levels_grid")


def more(out):
    S = GoldenSet(out)
    g = np.random.default_rng(20240202)
    sm = (33, 65)
    S.inp("student", g.standard_t(3, sm) * 0.02)
    S.inp("shifted", g.laplace(0.03, 0.02, sm))
    S.inp("half", g.standard_normal(sm) * 0.1, "f16")
    S.inp("brain", g.standard_normal(sm) * 0.1, "bf16")
    S.inp("odd", g.standard_normal((7, 13)))
    S.inp("cube", g.standard_normal((4, 5, 6)))
    S.inp("one", np.array(-1.7)); S.inp("zeros", np.zeros((7, 13))); S.inp("const", np.full((7, 13), 0.3))
    S.inp("negzero", np.array([-0.0, 0.0, 1.0, -1.0, -0.0]))
    S.inp("denorm", g.standard_normal((7, 13)) * 1e-42)
    S.inp("huge", g.standard_normal((7, 13)) * 1e38)
    S.inp("wide", g.standard_normal(sm) * 10.0 ** g.uniform(-9, 6, sm))
    t = np.arange(-254, 255) * 0.5
    S.inp("ties", np.concatenate([t, [127.0, -127.0, 0.5]]).reshape(16, 32))
    ta = np.arange(0, 511) * 0.5
    S.inp("tiesasym", np.concatenate([ta - 100, [155.0]]).reshape(16, 32))
    z = g.standard_normal(sm) * 0.02; z[5] = 0; z[:, 9] = 0; z[7, :32] = 0
    S.inp("zerorow", z)
    S.inp("tiled", np.tile(g.standard_normal(401 * 10) * 0.05, 30).reshape(300, 401), "f16")
    add_aciq(S); add_floats(S); add_outliers(S); add_codebooks(S); add_rounding(S)
    add_thresholds(S)
    S.finish("more golden vectors; see README.md")
    return S


if __name__ == "__main__":
    out = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "more")
    s = more(out)
    print(len(s.cases), "cases,", len(s.inputs), "inputs ->", os.path.basename(out))
