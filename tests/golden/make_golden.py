#!/usr/bin/env python3
"""Generates the golden vectors.   Run:  python3 make_golden.py [OUTDIR]     (default ./golden)

Needs numpy; scipy and torch (1.13 was used) only for the independent cross-checks,
whose results are recorded in index.json under "oracle".  Deterministic: inputs come
from numpy's PCG64 with the seeds below, so a re-run gives byte-identical inputs with
the same numpy major version.
"""
import json
import os
import sys

import numpy as np
import refq as R
from refq import F32, F64

try:
    import torch
    torch.set_num_threads(1)
except ImportError:
    torch = None
try:
    import scipy.stats
    import scipy.cluster.vq
except ImportError:
    scipy = None

INT = "exact"
MET = "close:1e-6:1e-12"


def save(path, a):
    a = np.ascontiguousarray(a) if np.ndim(a) else np.asarray(a)
    np.save(path, a.astype(a.dtype.newbyteorder("<")))


class GoldenSet:
    def __init__(self, out):
        self.out, self.cases, self.inputs, self.n = out, [], {}, 0
        os.makedirs(os.path.join(out, "in"), exist_ok=True)
        os.makedirs(os.path.join(out, "out"), exist_ok=True)

    # ---- inputs
    def inp(self, name, a, dtype="f32"):
        a = np.asarray(a)
        if dtype == "f32":
            raw, v = a.astype(F32), a.astype(F32)
        elif dtype == "f16":
            raw = a.astype(np.float16); v = raw.astype(F32)
        elif dtype == "bf16":
            raw = R.bf16_bits(a.astype(F32)); v = R.bf16_to_f32(raw).reshape(a.shape)
        else:
            raw = v = a
        save(os.path.join(self.out, "in", name + ".npy"), raw)
        self.inputs[name] = dict(dtype=dtype, shape=list(a.shape), value=v)
        return name

    def x(self, name):
        return self.inputs[name]["value"]

    # ---- cases
    def case(self, scheme, inputs, outputs, params, tol, oracle=None, tag=None):
        self.n += 1
        names = inputs if isinstance(inputs, (list, tuple)) else [inputs]
        cid = "%03d_%s_%s" % (self.n, scheme, tag or names[0])
        files = {}
        for k, v in outputs.items():
            f = "%s.%s.npy" % (cid, k)
            save(os.path.join(self.out, "out", f), v)
            files[k] = dict(file=f, tol=tol.get(k, tol.get("*", INT)), dtype=str(np.asarray(v).dtype),
                            shape=list(np.shape(v)))
        self.cases.append(dict(id=cid, scheme=scheme, inputs=list(names),
                               params={k: v for k, v in params.items()}, outputs=files, oracle=oracle or {}))

    def error(self, scheme, name, params, why):
        self.n += 1
        self.cases.append(dict(id="%03d_%s_%s" % (self.n, scheme, name), scheme=scheme, inputs=[name], params=params,
                               outputs={}, expect_error=why, oracle={}))

    def q(self, scheme, name, tol=None, oracle=None, **p):
        """one quantization of a tensor with metrics"""
        x = self.x(name)
        fn = dict(sym=R.q_sym, asym=R.q_asym, int4g=R.q_int4g, nf4=R.q_nf4, fp4=R.q_fp4, mxfp4=R.q_mxfp4,
                  nvfp4=R.q_nvfp4, kmeans=R.q_kmeans, quantile=R.q_quantile, ternary=R.q_ternary, split=R.q_split)
        kw = dict(p)
        base = scheme
        if scheme == "nf4dq":
            base, kw["dq"] = "nf4", True
        if scheme == "bnbfp4":
            base, kw["code"] = "nf4", "bnbfp4"
        r = fn[base](x, **kw)
        m = R.metrics(x, r)
        o = {k: v for k, v in r.items() if not k.startswith("_")}
        o["metrics"] = m
        t = {"metrics": MET, "deq": INT, "scales": INT, "*": INT}
        t.update(tol or {})
        orc = check(scheme, x, p, r) if oracle is None else oracle
        self.case(scheme, name, o, p, t, orc)
        return r

    def finish(self, note):
        js = dict(note=note, metrics=R.METRICS, kl_bins=R.KL_BINS, mse_n=R.MSE_N,
                  inputs={k: dict(dtype=v["dtype"], shape=v["shape"], file=k + ".npy") for k, v in self.inputs.items()},
                  cases=self.cases)
        with open(os.path.join(self.out, "index.json"), "w") as f:
            json.dump(js, f, indent=1, sort_keys=False)
        with open(os.path.join(self.out, "index.tsv"), "w") as f:
            f.write("#id\tscheme\tinputs\tparams\toutputs(field=tolerance)\n")
            for c in self.cases:
                outs = ",".join("%s=%s" % (k, v["tol"]) for k, v in c["outputs"].items()) or "ERROR"
                f.write("\t".join([c["id"], c["scheme"],
                                   ",".join("%s:%s" % (n, self.inputs[n]["dtype"]) for n in c["inputs"]),
                                   ";".join("%s=%s" % kv for kv in c["params"].items()) or "-", outs]) + "\n")


# ---------------------------------------------------------------- independent checks
def near_tie(x, d, tol=1e-5):
    r = np.abs(np.asarray(x, F64) / d)
    return np.abs(r - np.floor(r) - 0.5) <= tol * np.maximum(r, 1)


def check(scheme, x, p, r):
    """compare with torch/scipy; raises if a difference is not explained by a near tie"""
    o = {}
    if torch is None or x.size == 0:
        return o
    t = torch.from_numpy(np.array(x, F32, copy=True))
    bits = p.get("bits", 8 if scheme in ("sym", "asym") else 4)
    gran = p.get("gran", "tensor")
    if scheme in ("sym", "asym") and bits > 1 and gran in ("tensor", "row", "col") and r["scales"].min() > 1e-30 \
            and (scheme == "sym" or (r["zps"].min() >= -(1 << (bits - 1)) and r["zps"].max() < (1 << (bits - 1)))):
        qmin = -(1 << (bits - 1)) if scheme == "asym" or p.get("range", "restricted") != "restricted" else -(1 << (bits - 1)) + 1
        qmax = (1 << (bits - 1)) - 1
        zp = r.get("zps", np.zeros(len(r["scales"]), np.int32))
        if gran == "tensor":
            f = torch.fake_quantize_per_tensor_affine(t, float(r["scales"][0]), int(zp[0]), qmin, qmax)
            d = np.full(x.shape, float(r["scales"][0]))
            z = np.full(x.shape, int(zp[0]))
        else:
            v = t.reshape(R.rc(x.shape)); ax = 0 if gran == "row" else 1
            f = torch.fake_quantize_per_channel_affine(v, torch.from_numpy(r["scales"].copy()),
                                                       torch.from_numpy(zp.astype(np.int32)), ax, qmin, qmax).reshape(t.shape)
            sh = (-1, 1) if ax == 0 else (1, -1)
            d = np.broadcast_to(r["scales"].astype(F64).reshape(sh), R.rc(x.shape)).reshape(x.shape)
            z = np.broadcast_to(zp.reshape(sh), R.rc(x.shape)).reshape(x.shape)
        tq = np.rint(f.numpy().astype(F64) / d) + z
        bad = tq != r["codes"]
        assert np.all(near_tie(x, d)[bad]), (scheme, p)
        o["torch_fake_quantize_differs_at_near_ties"] = int(bad.sum())
        if bits == 8 and gran == "tensor" and not p.get("range", "") == "restricted":
            q8 = torch.quantize_per_tensor(t, float(r["scales"][0]), int(zp[0]), torch.qint8).int_repr().numpy()
            lo = -127 if scheme == "sym" and p.get("range", "restricted") == "restricted" else -128
            q8 = np.maximum(q8, lo)
            bad = q8 != r["codes"]
            assert np.all(near_tie(x, d)[bad])
            o["torch_quantize_per_tensor_differs_at_near_ties"] = int(bad.sum())
    if scheme == "asym" and gran == "tensor" and p.get("clip", "minmax") == "minmax" and p.get("zero", "include") == "include" and x.min() < x.max():
        ob = torch.ao.quantization.MinMaxObserver(dtype=torch.qint8, qscheme=torch.per_tensor_affine,
                                                  quant_min=-(1 << (bits - 1)), quant_max=(1 << (bits - 1)) - 1)
        ob(t)
        if float(r["scales"][0]) > 1.2e-7:
            s, z = ob.calculate_qparams()
            rel = abs(float(s) - float(r["scales"][0])) / float(r["scales"][0])
            if np.isinf(float(s)):
                o["torch_minmax_observer"] = "max-min overflows float32 in torch; float64 here"
            else:
                assert rel < 2.5e-7, rel
                o["torch_minmax_observer_scale_rel"] = rel
                o["torch_minmax_observer_zp_diff"] = int(z) - int(r["zps"][0])
    if scheme == "sym" and gran == "tensor" and p.get("clip", "").startswith("pct") and x.size < 10 ** 6:
        q = float(torch.quantile(t.abs().double().flatten(), float(p["clip"][4:]) / 100))
        a = R.sym_alpha(x.ravel(), bits, "restricted", p["clip"])
        assert abs(q - a) <= 1e-12 * max(a, 1e-300), (q, a)
        o["torch_quantile_float64_rel"] = abs(q - a) / max(a, 1e-300)
        q32 = float(torch.quantile(t.abs().flatten(), float(p["clip"][4:]) / 100))
        o["torch_quantile_float32_rel"] = abs(q32 - a) / max(a, 1e-300)
    if scheme == "sym" and gran == "tensor" and p.get("clip") == "kl" and scipy is not None and np.abs(x).max() > 0:
        a, curve = R.kl_threshold(x.ravel(), bits, want_curve=True)
        c, mx = R.kl_hist(x.ravel())
        hh = np.histogram(np.abs(x.astype(F64)).ravel(), bins=2048, range=(0, float(mx)))[0]
        o["numpy_histogram_bins_differ"] = int((hh != c).sum())
        L = 1 << (bits - 1)
        worst = 0.0
        for i in list(range(L, 2049, 37)) + [2048]:
            P = c[:i].astype(F64).copy(); Q = np.zeros(i)
            edges = [-(-k * i // L) for k in range(L + 1)]         # first bin of each level
            for k in range(L):
                seg = slice(edges[k], edges[k + 1]); nz = P[seg] > 0
                if nz.any():
                    Q[seg] = np.where(nz, P[seg].sum() / nz.sum(), 0)
            P[-1] += c[i:].sum()
            ref = scipy.stats.entropy(P, Q) if P.sum() and Q.sum() else np.inf
            if np.isfinite(ref) or np.isfinite(curve[i]):
                worst = max(worst, abs(ref - curve[i]))
        assert worst < 1e-9, worst
        o["scipy_entropy_abs"] = worst
    if scheme == "kmeans" and scipy is not None and gran == "tensor":
        v = x.astype(F64).ravel(); K = 1 << bits
        init = np.array([R.quantile_linear(v, 100.0 * (i + .5) / K) for i in range(K)])
        if len(np.unique(init)) == K:
            cb, _ = scipy.cluster.vq.kmeans2(v[:, None], init[:, None], iter=100, minit="matrix", missing="warn")
            o["scipy_kmeans2_codebook_maxabs"] = float(np.max(np.abs(np.sort(cb.ravel()) - r["codebook"][0])))
    if scheme in ("nf4", "nf4dq", "bnbfp4"):
        blk, lay = p.get("block", 64), p.get("layout", "flat")
        tab = torch.from_numpy((R.BNB_FP4 if scheme == "bnbfp4" else R.NF4).copy())
        bad = 0
        for g in R.groups(x.shape, ("flat:%d" if lay == "flat" else "group:%d") % blk):
            v = t.flatten()[torch.from_numpy(g.copy())]
            am = v.abs().max()
            if am >= 1e-38:                                  # below that the reciprocal is capped
                s = v.double() / am.double()
                d = (s[:, None] - tab.double()[None]).abs()
                c = d.argmin(1).numpy()
                dv = d.gather(1, torch.from_numpy(r["codes"].ravel()[g].astype(np.int64))[:, None])[:, 0].numpy()
                far = dv - d.min(1).values.numpy() > 2e-6       # farther than the nearest level by more than rounding
                bad += int(far.sum())
                assert not far.any()
        o["not_nearest_level"] = bad
    if scheme == "nf4dq":
        cen = torch.from_numpy((r["absmax"] - r["offset"][0]).astype(F32))
        tot = 0
        for j in range(0, cen.numel(), 256):
            v = cen[j:j + 256]
            sc = (v * (1 / v.abs().max().clamp(min=1e-38))).clamp(-1, 1)
            code = torch.from_numpy(R.DYN8.copy())
            q = torch.bucketize(sc, (code[:-1] + code[1:]) / 2)
            tot += int((q.numpy() != r["absmax_q"][j:j + 256]).sum())
        assert tot == 0
        o["torch_bucketize_dynamic_differs"] = tot
    if scheme == "int4g":
        tot, mq = 0, (1 << bits) - 1
        for i, g in enumerate(R.groups(x.shape, "group:%d" % p["group"])):
            v = t.flatten()[torch.from_numpy(g.copy())]
            sc, z = float(r["scales"][i]), int(r["zps"][i])
            f = torch.fake_quantize_per_tensor_affine(v, sc, z, 0, mq).numpy().astype(F64)
            bad = np.rint(f / sc) + z != r["codes"].ravel()[g]
            assert np.all(near_tie(x.ravel()[g], sc)[bad])
            tot += int(bad.sum())
        o["torch_fake_quantize_differs_at_near_ties"] = tot
    if scheme == "ternary" and gran == "tensor":
        s = 1.0 / t.abs().mean().clamp(min=1e-5)
        c = (t * s).round().clamp(-1, 1).numpy()
        bad = c != r["codes"]
        assert np.all(near_tie(x, float(r["scales"][0]))[bad])
        o["bitnet_formula_differs_at_near_ties"] = int(bad.sum())
    if scheme == "quantile" and gran == "tensor":
        K = 1 << bits
        e = torch.quantile(t.double().flatten(), torch.linspace(0, 1, K + 1, dtype=torch.float64))
        c = torch.bucketize(t.double(), e[1:-1].contiguous(), right=True).numpy()
        o["torch_quantile_bucketize_differs"] = int((c != r["codes"]).sum())
        assert o["torch_quantile_bucketize_differs"] <= 2
    if scheme == "sym" and bits > 1 and gran == "tensor" and p.get("clip") == "mse" and np.abs(x).max() > 0:
        v = t.double().flatten(); am = v.abs().max(); q = (1 << (bits - 1)) - 1
        k = torch.arange(1, R.MSE_N + 1, dtype=torch.float64)
        d = (am * k / R.MSE_N / q).float().double()
        e = ((v[None] - (v[None] / d[:, None]).round().clamp(-q, q) * d[:, None]) ** 2).sum(1)
        kb = int(e.argmin()) + 1
        al = R.sym_mse_alpha(x.ravel(), bits, "restricted")
        km = int(round(al / float(am) * R.MSE_N))
        o["torch_grid_argmin"] = [kb, km]
        assert kb == km or abs(float(e[kb - 1]) - float(e[km - 1])) <= 2e-9 * float(e[kb - 1])
    if scheme in ("mxfp4", "fp4", "nvfp4"):
        blk = p.get("block", 16 if scheme == "nvfp4" else 32)
        bad = 0
        for i, g in enumerate(R.groups(x.shape, "group:%d" % blk)):
            if scheme == "mxfp4":
                s = 2.0 ** (int(r["scales"][i]) - 127)
            elif scheme == "fp4":
                s = float(r["scales"][i])
            else:
                s = R.fmt_decode(int(r["scales"][i]), "e4m3fn") * float(r["tscale"][0])
            if s == 0:
                continue
            c = R.fmt_encode(x.ravel()[g].astype(F64) / s, "e2m1")
            bad += int((c != r["codes"].ravel()[g]).sum())
        assert bad == 0
        o["second_encoder_differs"] = bad
    a = t.double().flatten(); b = torch.from_numpy(r["deq"].copy()).double().flatten()
    m = dict(zip(R.METRICS, R.metrics(x, r)))
    ms = float(torch.nn.functional.mse_loss(b, a))
    assert abs(ms - m["mse"]) <= 1e-9 * max(ms, 1e-300)
    if np.abs(x).max() > 1e-3 and float(b.abs().max()) > 1e-3:
        assert abs(float(torch.nn.functional.cosine_similarity(a, b, dim=0)) - m["cosine"]) < 1e-9
    o["torch_mse_ok"] = True
    return o


TOL_MEAN = dict(scales="ulp:1", deq="close:3e-7:0", codes="mism:0.001")
TOL_PCT = dict(scales="ulp:1", deq="close:3e-7:0", codes="mism:0.001")
TOL_CB = dict(codebook="close:1e-6:1e-12", edges="ulp:1", deq="close:1e-5:1e-9", codes="mism:0.002", metrics="close:1e-4:1e-9")
TOL_DQ = dict(offset="ulp:1", absmax_q="mism:0.01", absmax2="ulp:2", absmax_deq="close:3e-3:0", deq="close:3e-3:0",
              metrics="close:1e-3:1e-9")


def rng(seed):
    return np.random.default_rng(seed)


# ---------------------------------------------------------------- special cases (also used by other sets)
def add_fmt(S, seed):
    g = rng(seed)
    for fmt in ("fp16", "bf16", "e5m2", "e4m3fn", "e2m1"):
        tab = R.fmt_table(fmt)
        half = tab.size // 2
        fin = np.array([v for v in tab[:half] if np.isfinite(v)])
        if fin.size > 300:
            k = np.unique(np.concatenate([np.arange(40), fin.size - 1 - np.arange(40), g.integers(0, fin.size - 1, 300)]))
            k = k[k < fin.size - 1]
        else:
            k = np.arange(fin.size - 1)
        mid = ((fin[k] + fin[k + 1]) / 2)
        with np.errstate(over="ignore"):
            m32 = mid.astype(F32)
        v = np.concatenate([fin[k].astype(F32), m32, np.nextafter(m32, F32(0)), np.nextafter(m32, F32(np.inf)),
                            np.minimum(np.array([fin[-1], fin[-1] * 1.03, fin[-1] * 1.0625, fin[-1] * 1.2, 1e30, 3.4e38, 0.0, 1e-45, 1e-39, 1.17549435e-38], F64), 3.4e38).astype(F32),
                            (g.standard_normal(300) * 10.0 ** g.uniform(-10, 6, 300)).astype(F32)]).astype(F32)
        v = v[np.isfinite(v)]
        v = np.concatenate([v, -v])
        if fmt == "fp16":
            v = np.concatenate([v, np.array([65519.996, 65520.0, -65520.0, np.inf, -np.inf, np.nan], F32)])
        if fmt in ("e5m2", "e4m3fn"):
            v = np.concatenate([v, np.array([464, 464.0001, 480, 61439, 61440, 61441, np.inf, -np.inf, np.nan], F32)])
        n = S.inp("fmt_" + fmt, v)
        for sat in (True, False):
            if fmt == "e2m1" and not sat:
                continue
            c = R.fmt_encode(v, fmt, sat)
            d = tab[c]
            o = {}
            if torch is not None and fmt in ("fp16", "bf16") and not sat:
                tt = torch.from_numpy(v.copy())
                tb = (tt.half() if fmt == "fp16" else tt.bfloat16()).view(torch.int16).numpy().view(np.uint16)
                nan = np.isnan(v)
                o["torch_cast_differs"] = int((tb[~nan] != c[~nan]).sum())
                assert o["torch_cast_differs"] == 0
            S.case("fmt", n, dict(codes=c, deq=d.astype(F32)), dict(fmt=fmt, saturate=int(sat)), {"codes": "nanok"}, o)
    for fmt in ("e5m2", "e4m3fn", "e2m1", "fp16", "bf16"):
        n = S.inp("all_" + fmt, np.arange(1 << (8 if fmt[0] == "e" and fmt != "e2m1" else 4 if fmt == "e2m1" else 16), dtype=np.uint16 if fmt[0] != "e" else np.uint8), "raw") \
            if fmt in ("e5m2", "e4m3fn", "e2m1") else None
        if n:
            S.case("fmtdec", n, dict(value=R.fmt_table(fmt).astype(F32)), dict(fmt=fmt), {"*": INT})


def add_requant(S, seed):
    g = rng(seed)
    M = np.concatenate([np.array([0.0, 1e-12, 2.0 ** -31, 2.0 ** -32, 0.5, 0.25, 1 - 2.0 ** -33, 1.0, 0.99999999999, 0.0072474273418460, 1.5, 3.75]),
                        10.0 ** g.uniform(-6, 0, 40)])
    X = np.concatenate([np.array([0, 1, -1, 2, -2, 3, -3, 127, -128, 255, 2 ** 20, -2 ** 20, 2 ** 29 - 1, -2 ** 29]),
                        g.integers(-2 ** 24, 2 ** 24, 40)]).astype(np.int32)
    ms = [R.quantize_multiplier(float(v)) for v in M]
    out = np.array([[R.mbqm(int(x), m, s) if -2 ** 31 <= (int(x) << max(s, 0)) < 2 ** 31 else 0 for m, s in ms] for x in X], np.int64)
    ok = np.array([[-2 ** 31 <= (int(x) << max(s, 0)) < 2 ** 31 for m, s in ms] for x in X])
    exact = np.rint(X.astype(F64)[:, None] * M[None])
    dev = int(np.max(np.abs(out - exact)[ok & (np.abs(exact) < 2 ** 31)]))
    S.inp("requant_m", M, "f64"); S.inp("requant_x", X, "i32")
    save(os.path.join(S.out, "in", "requant_m.npy"), M)
    S.case("requant", ["requant_x", "requant_m"],
           dict(m0=np.array([a for a, _ in ms], np.int32), shift=np.array([b for _, b in ms], np.int32), y=out.astype(np.int32)),
           {}, {"*": INT}, dict(max_abs_deviation_from_real_product=dev), "table")


def add_intlinear(S, seed, m=6, k=40, n=10):
    g = rng(seed)
    x = np.maximum(g.standard_normal((m, k)) * 1.3 + 0.2, -0.4).astype(F32)
    w = (g.standard_normal((n, k)) * 10.0 ** g.uniform(-2, 0, (n, 1))).astype(F32)
    b = (g.standard_normal(n) * 0.5).astype(F32)
    qx = R.q_asym(x, 8); qw = R.q_sym(w, 8, "row")
    y = (x.astype(F64) @ w.astype(F64).T + b).astype(F32)
    qy = R.q_asym(y, 8)
    sx, zx, sy, zy = qx["scales"][0], int(qx["zps"][0]), qy["scales"][0], int(qy["zps"][0])
    r = R.int_linear(qx["codes"], sx, zx, qw["codes"], qw["scales"], b, sy, zy)
    tag = "%dx%dx%d" % (m, k, n)
    for nm, a in (("il_x_" + tag, x), ("il_w_" + tag, w), ("il_b_" + tag, b)):
        S.inp(nm, a)
    acc32 = torch.from_numpy(qx["codes"].astype(np.int32) - zx) @ torch.from_numpy(qw["codes"].astype(np.int32)).T if torch is not None else None
    o = {}
    if acc32 is not None:
        assert np.array_equal(acc32.numpy() + r["bias_q"], r["acc"])
        o["torch_int_matmul"] = "equal"
    o["codes_differ_fixed_vs_float"] = int((r["y_codes"] != r["y_codes_float"]).sum())
    fake = (qx["deq"].astype(F64) @ qw["deq"].astype(F64).T + b)
    o["codes_differ_simulated_vs_integer"] = int((np.clip(np.rint(fake / F64(sy)) + zy, -128, 127) != r["y_codes"]).sum())
    r.update(x_codes=qx["codes"], x_scale=qx["scales"], x_zp=qx["zps"], w_codes=qw["codes"], w_scales=qw["scales"],
             y_scale=qy["scales"], y_zp=qy["zps"], y_deq=((r["y_codes"].astype(F64) - zy) * F64(sy)).astype(F32))
    S.case("intlinear", ["il_x_" + tag, "il_w_" + tag, "il_b_" + tag], r, {}, {"y_scale": "ulp:1", "y_deq": "close:3e-7:0"}, o, tag)


def add_llm(S, name_x, name_w, X, W, thr):
    if name_x not in S.inputs:
        S.inp(name_x, X)
    if name_w not in S.inputs:
        S.inp(name_w, W)
    r = R.llm_int8(S.x(name_x), S.x(name_w), thr)
    full = S.x(name_x).astype(F64) @ S.x(name_w).astype(F64)
    naive = R.llm_int8(S.x(name_x), S.x(name_w), 1e30)["y"]
    o = dict(rel_fro_split=float(np.linalg.norm(r["y"] - full) / np.linalg.norm(full)),
             rel_fro_no_split=float(np.linalg.norm(naive - full) / np.linalg.norm(full)))
    S.case("llmint8", [name_x, name_w], r, dict(threshold=thr), {"y": "close:2e-3:1e-4"}, o)


def add_act(S, name, calib, test):
    S.inp(name + "_calib", calib); S.inp(name + "_test", test)
    c, t = S.x(name + "_calib"), S.x(name + "_test")
    lo, hi = float(c.min()), float(c.max())
    d, z = R.asym_params(lo, hi, -128, 127)
    cs, _ = R.asym_codes(t, d, z, -128, 127)
    elo, ehi = F32(c[0].min()), F32(c[0].max())
    for b in c[1:]:
        elo = F32(elo + F32(F32(0.01) * F32(b.min() - elo))); ehi = F32(ehi + F32(F32(0.01) * F32(b.max() - ehi)))
    de, ze = R.asym_params(float(elo), float(ehi), -128, 127)
    ce, _ = R.asym_codes(t, de, ze, -128, 127)
    dyn = R.q_asym(t, 8); tok = R.q_sym(t, 8, "row")
    o = {}
    if torch is not None:
        ob = torch.ao.quantization.MinMaxObserver(dtype=torch.qint8, qscheme=torch.per_tensor_affine)
        oe = torch.ao.quantization.MovingAverageMinMaxObserver(averaging_constant=0.01, dtype=torch.qint8, qscheme=torch.per_tensor_affine)
        for b in c:
            ob(torch.from_numpy(b.copy())); oe(torch.from_numpy(b.copy()))
        s, zz = ob.calculate_qparams(); s2, z2 = oe.calculate_qparams()
        o = dict(torch_minmax=[float(s) / float(d) - 1, int(zz) - z], torch_ema=[float(s2) / float(de) - 1, int(z2) - ze])
    mse = lambda q, dd, zz: float(np.mean((t.astype(F64) - (q - zz) * F64(dd)) ** 2))
    o.update(mse_static=mse(cs, d, z), mse_ema=mse(ce, de, ze), mse_dynamic=float(np.mean((t.astype(F64) - dyn["deq"]) ** 2)),
             mse_dynamic_token=float(np.mean((t.astype(F64) - tok["deq"]) ** 2)))
    S.case("act", [name + "_calib", name + "_test"],
           dict(static_scale=np.array([d], F32), static_zp=np.array([z], np.int32), static_codes=cs.astype(np.int8),
                ema_range=np.array([elo, ehi], F32), ema_scale=np.array([de], F32), ema_zp=np.array([ze], np.int32), ema_codes=ce.astype(np.int8),
                dyn_scale=dyn["scales"], dyn_zp=dyn["zps"], dyn_codes=dyn["codes"],
                token_scales=tok["scales"], token_codes=tok["codes"]),
           dict(ema=0.01), {"ema_range": "ulp:2", "ema_scale": "ulp:2", "ema_codes": "mism:0.002"}, o)


def add_ggml(S, seed, nb=6):
    g = rng(seed)
    x = np.concatenate([g.standard_normal((4, 64)) * 0.05, g.laplace(size=(2, 64)), np.zeros((1, 64)), np.full((1, 64), -0.7)]).astype(F32)
    n = S.inp("ggml_src_%d" % seed, x)
    for k in ("q4_0", "q4_1", "q5_0", "q5_1", "q8_0"):
        raw = R.ggml_quant(x, k)
        S.case("ggml", n, dict(bytes=raw, deq=R.ggml_dequant(raw, k).reshape(x.shape)), dict(kind=k), {"*": INT})
    for k in ("q2_K", "q3_K", "q4_K", "q5_K", "q6_K"):
        w, sz = R.GGML_BLOCK[k]
        raw = g.integers(0, 256, (nb, sz), dtype=np.uint8)
        for o in dict(q2_K=(80, 82), q3_K=(108,), q4_K=(0, 2), q5_K=(0, 2), q6_K=(208,))[k]:
            raw[:, o:o + 2] = (g.standard_normal(nb) * 0.01).astype("<f2").view(np.uint8).reshape(nb, 2)
        n2 = S.inp("ggml_%s_%d" % (k, seed), raw.ravel(), "raw")
        S.case("ggmldec", n2, dict(deq=R.ggml_dequant(raw, k)), dict(kind=k), {"*": "close:3e-7:1e-9"})


def add_errors(S):
    a = np.ones((3, 4), F32); b = a.copy(); b[1, 2] = np.nan
    S.inp("bad_nan", b); c = a.copy(); c[2, 3] = -np.inf; S.inp("bad_inf", c); S.inp("bad_empty", np.zeros((0, 5), F32))
    for sch, p in (("sym", dict(bits=8)), ("asym", dict(bits=8)), ("nf4", dict(block=64)), ("kmeans", dict(bits=2))):
        for n, why in (("bad_nan", "non-finite"), ("bad_inf", "non-finite"), ("bad_empty", "empty")):
            S.error(sch, n, p, why)


# ---------------------------------------------------------------- the set
def golden(out):
    S = GoldenSet(out)
    g = rng(20240101)
    sm = (33, 65)
    S.inp("seed002_weights", [[0.1, -0.2, 0.15], [2.5, -3.0, 2.8]])
    S.inp("seed001_tensor", [[-2.58963, -0.6127], [0.7035, 1.1729]])
    S.inp("seed003_values", [3.2, -3.0, 0.1])
    S.inp("seed002_range", [10.8, -7.59, 0.0, 3.08, 5.47, -0.59, 1.62, -4.57])
    S.inp("seed002_outlier", [256.0, 0.5, -1.2, 2.4, -3.3, 4.1, -4.9, 0.05])
    S.inp("seed000_absmax", [4.0, -1.0, 2.5, 0.3, -3.7])
    S.inp("seed000_positive", [0.0, 1.0, 2.0, 3.0, 4.0])
    S.inp("normal", g.standard_normal((64, 192)) * 0.02)
    S.inp("laplace", g.laplace(0, 0.015, (64, 192)))
    S.inp("student", g.standard_t(3, sm) * 0.02)
    S.inp("uniform", g.uniform(-0.1, 0.1, sm))
    S.inp("relu", np.maximum(g.standard_normal(sm), 0))
    S.inp("positive", g.uniform(3.0, 5.0, sm))
    S.inp("negative", -g.gamma(2.0, 0.5, sm))
    oc = g.standard_normal(sm) * 0.05; oc[:, [3, 17, 40]] *= 30
    S.inp("outcols", oc)
    S.inp("const", np.full((7, 13), 0.3))
    S.inp("constneg", np.full((5,), -2.75))
    S.inp("zeros", np.zeros((7, 13)))
    S.inp("negzero", np.array([-0.0, 0.0, 1.0, -1.0, -0.0]))
    S.inp("one", np.array([-1.7]))
    S.inp("onezero", np.array([0.0]))
    S.inp("odd", g.standard_normal((7, 13)))
    S.inp("vec", g.standard_normal(100) * 0.3)
    S.inp("cube", g.standard_normal((4, 5, 6)))
    S.inp("half", g.standard_normal(sm) * 0.1, "f16")
    S.inp("brain", g.standard_normal(sm) * 0.1, "bf16")
    S.inp("denorm", g.standard_normal((7, 13)) * 1e-42)
    S.inp("huge", g.standard_normal((7, 13)) * 1e38)
    t = np.arange(-254, 255) * 0.5
    S.inp("ties", np.concatenate([t, [127.0, -127.0, 0.5]]).reshape(16, 32))      # step is exactly 1: every odd value is a tie
    ta = np.arange(0, 511) * 0.5
    S.inp("tiesasym", np.concatenate([ta - 100, [155.0]]).reshape(16, 32))
    z = g.standard_normal(sm) * 0.02; z[5] = 0; z[:, 9] = 0; z[7, :32] = 0
    S.inp("zerorow", z)
    S.inp("bimodal", np.concatenate([g.normal(-1, .05, 700), g.normal(1, .05, 700), g.normal(0, .01, 100)])[g.permutation(1500)].reshape(30, 50))

    everything = ["seed002_weights", "seed001_tensor", "seed003_values", "seed002_range", "seed002_outlier", "seed000_absmax",
                  "seed000_positive", "normal", "laplace", "student", "uniform", "relu", "positive", "negative", "outcols", "const",
                  "constneg", "zeros", "negzero", "one", "onezero", "odd", "vec", "cube", "half", "brain", "denorm", "huge", "ties",
                  "tiesasym", "zerorow", "bimodal"]
    for n in everything:
        S.q("sym", n, bits=8)
        S.q("asym", n, bits=8)
        S.q("sym", n, bits=4, gran="row")
        S.q("nf4", n, block=64)
    for n in ("seed002_weights", "seed000_absmax"):
        S.q("sym", n, bits=8, gran="row")
    for b in (2, 3, 5, 6, 7):
        for n in ("odd", "student", "ties"):
            S.q("sym", n, bits=b); S.q("asym", n, bits=b)
    for n in ("odd", "vec", "zeros", "negzero", "half", "seed002_weights"):
        S.q("sym", n, bits=1, tol=TOL_MEAN); S.q("ternary", n, tol=TOL_MEAN)
    S.q("sym", "outcols", bits=1, gran="row", tol=TOL_MEAN); S.q("ternary", "normal", tol=TOL_MEAN)
    S.q("ternary", "student", gran="row", tol=TOL_MEAN); S.q("ternary", "student", gran="group:16", tol=TOL_MEAN)
    S.q("ternary", "denorm", tol=TOL_MEAN)
    for rg in ("full", "torchobs"):
        for n in ("odd", "ties", "seed002_weights", "student"):
            S.q("sym", n, bits=8, range=rg); S.q("sym", n, bits=3, range=rg)
    for z in ("raw",):
        for n in ("seed001_tensor", "seed003_values", "seed002_range", "positive", "negative", "relu", "odd", "tiesasym"):
            S.q("asym", n, bits=8, zero=z)
        S.q("asym", "positive", bits=4, gran="row", zero=z)
    # granularity
    for n in ("odd", "outcols", "student", "zerorow", "cube", "vec", "brain"):
        for gr in ("row", "col", "group:32", "group:5"):
            S.q("sym", n, bits=4, gran=gr); S.q("asym", n, bits=4, gran=gr)
    S.q("sym", "normal", bits=4, gran="group:128"); S.q("asym", "normal", bits=4, gran="group:64"); S.q("sym", "laplace", bits=3, gran="group:32")
    S.q("sym", "outcols", bits=8, gran="col"); S.q("sym", "student", bits=4, gran="tile:8x16"); S.q("sym", "odd", bits=8, gran="tile:4x4")
    # clipping
    for a in (5.0, 0.05, 1000.0):
        S.q("sym", "seed002_outlier", bits=8, clip="manual:%g" % a)
    S.q("sym", "student", bits=4, clip="manual:0.05"); S.q("asym", "student", bits=4, clip="manual:-0.05,0.08")
    S.q("asym", "seed002_range", bits=8, clip="manual:-7.59,10.8"); S.q("sym", "student", bits=8, clip="manual:0.05", range="full")
    for pc in ("70", "99", "99.9", "50", "100", "0"):
        S.q("sym", "student", bits=8, clip="pct:" + pc, tol=TOL_PCT)
    S.q("sym", "normal", bits=8, clip="pct:70", range="full", tol=TOL_PCT); S.q("sym", "odd", bits=4, clip="pct:95", gran="row", tol=TOL_PCT)
    S.q("sym", "one", bits=8, clip="pct:70", tol=TOL_PCT); S.q("sym", "const", bits=8, clip="pct:99", tol=TOL_PCT)
    for pc in ("1,99", "0.1,99.9", "0,100", "25,75"):
        S.q("asym", "student", bits=8, clip="pct:" + pc, tol=TOL_PCT)
    S.q("asym", "relu", bits=4, clip="pct:1,99", gran="row", tol=TOL_PCT)
    for n in ("normal", "laplace", "student", "relu", "outcols", "uniform", "odd", "one", "zeros", "const", "seed002_outlier", "bimodal"):
        S.q("sym", n, bits=8, clip="kl", tol=TOL_PCT)
    for n in ("laplace", "student"):
        S.q("sym", n, bits=4, clip="kl", tol=TOL_PCT)
    for n in ("normal", "laplace", "student", "outcols", "odd", "zeros", "one", "seed002_outlier"):
        for b in (8, 4, 2):
            S.q("sym", n, bits=b, clip="mse")
    S.q("sym", "student", bits=4, clip="mse", gran="row"); S.q("sym", "student", bits=3, clip="mse", gran="group:16")
    for n in ("student", "relu", "negative", "odd"):
        S.q("asym", n, bits=4, clip="mse")
    # int4 group
    for n in ("normal", "student", "positive", "zerorow", "odd", "const", "denorm", "one"):
        S.q("int4g", n, group=128)
    S.q("int4g", "outcols", group=32); S.q("int4g", "student", group=16, bits=3)
    # 4-bit codebooks
    for n in ("normal", "student", "outcols", "zerorow", "half", "brain", "odd"):
        S.q("nf4dq", n, block=64, tol=TOL_DQ)
        S.q("bnbfp4", n, block=64)
    S.q("nf4dq", "laplace", block=16, tol=TOL_DQ); S.q("nf4", "outcols", block=32, layout="row"); S.q("nf4", "student", block=128)
    for n in ("normal", "student", "outcols", "zeros", "one", "odd", "zerorow", "denorm", "huge", "half", "negzero", "ties"):
        S.q("fp4", n, block=32); S.q("mxfp4", n, block=32); S.q("nvfp4", n, block=16)
    mids = np.array([0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5.0, 6.0, 0.5, 1, 1.5, 2, 3, 4, 0, 7], F32)
    S.inp("e2m1ties", np.concatenate([mids, -mids, mids * 2.0 ** -5, -mids * 2.0 ** -5]).reshape(2, 32))
    for n in ("e2m1ties",):
        S.q("fp4", n, block=32); S.q("mxfp4", n, block=32); S.q("nvfp4", n, block=16)
    # learned codebooks
    for n in ("normal", "laplace", "student", "bimodal", "uniform", "odd"):
        for b in (2, 3, 4):
            S.q("kmeans", n, bits=b, tol=TOL_CB); S.q("quantile", n, bits=b, tol=TOL_CB)
    for n in ("const", "zeros", "one", "negzero", "ties"):
        S.q("kmeans", n, bits=2, tol=TOL_CB); S.q("quantile", n, bits=2, tol=TOL_CB)
    S.q("kmeans", "odd", bits=2, gran="row", tol=TOL_CB); S.q("quantile", "student", bits=4, gran="row", tol=TOL_CB)
    # weight outlier split
    for n in ("student", "outcols", "odd"):
        for om in ("pct:1", "pct:0", "pct:5"):
            S.q("split", n, outliers=om, bits=4, gran="row")
    S.q("split", "seed002_outlier", outliers="thr:6", bits=8); S.q("split", "ties", outliers="pct:2", bits=8); S.q("split", "zeros", outliers="thr:6", bits=4)
    S.q("split", "laplace", outliers="pct:0.5", bits=4, gran="group:64")
    # the rest
    add_fmt(S, 7); add_requant(S, 8); add_intlinear(S, 9); add_ggml(S, 10)
    h = rng(11)
    X = h.standard_normal((6, 24)) * 0.8; X[:, 5] *= 14; X[2, 11] = 6.0; X[0, 0] = -6.0
    W = h.standard_normal((24, 9)) * 0.05
    for thr in (6.0, 2.0, 1e30, 0.001):
        add_llm(S, "llm_x", "llm_w", X, W, thr)
    c = np.maximum(h.standard_normal((5, 4, 16)) + 0.3, 0) * np.array([1, 1.2, .8, 1.5, 1])[:, None, None]
    add_act(S, "act", c, np.maximum(h.standard_normal((6, 16)) + 0.3, 0) * 1.4)
    add_errors(S)
    save(os.path.join(out, "in", "table_nf4.npy"), R.NF4); save(os.path.join(out, "in", "table_nf4_thresholds.npy"), R.NF4_T)
    save(os.path.join(out, "in", "table_dyn8.npy"), R.DYN8); save(os.path.join(out, "in", "table_bnb_fp4.npy"), R.BNB_FP4)
    S.finish("golden vectors; see README.md")
    return S


if __name__ == "__main__":
    out = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden")
    s = golden(out)
    print(len(s.cases), "cases,", len(s.inputs), "inputs ->", os.path.basename(out))
