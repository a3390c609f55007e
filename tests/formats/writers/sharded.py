"""A model in several files: model.safetensors.index.json says which tensor is in which."""
import json

from .safetensors import HOSTILE, entry, frame, model, tensor
from .values import random_for

INDEX = "model.safetensors.index.json"


def good(corpus):
    def put(folder, parts, names, index=None, listed=INDEX, described=(INDEX, "")):
        """parts: the tensors of each file; names: of the files."""
        folder, rng = "sharded" + folder, random_for(folder)
        placed, weight_map, total = [], {}, 0
        for file, specs in sorted(zip(names, parts)):
            blob, found = model([tensor(rng, *spec) for spec in specs], {"format": "pt"})
            corpus.put("good/%s/%s" % (folder, file), blob)
            for t in found:
                t.file = file
                weight_map[t.name] = file
                total += len(t.raw)
                placed.append(t)
        written = index(weight_map, total)
        metadata = [(k, "string" if isinstance(v, str) else "number", v) for k, v in written.get("metadata", {}).items()
                    if isinstance(v, (str, int, float))]
        corpus.put("good/%s/%s" % (folder, listed), json.dumps(written, indent=2).encode())
        for place in described:
            corpus.describe(folder + ("/" + place if place else ""), "safetensors-index", placed, metadata)

    three = [[("model.embed.weight", "F16", 32, 8), ("model.layers.0.attn.q.weight", "F16", 8, 8)],
             [("model.layers.0.mlp.up.weight", "F16", 16, 8)],
             [("model.norm.weight", "F16", 8), ("lm_head.weight", "F16", 32, 8)]]
    names = ["model-%05d-of-00003.safetensors" % (i + 1) for i in range(3)]
    put("", three, names, lambda m, total: {"metadata": {"total_size": total}, "weight_map": m})
    put("-no-metadata", three[:2], names[:2], lambda m, total: {"weight_map": dict(reversed(m.items()))})
    put("-odd-metadata", three[:1], ["only one.safetensors"], lambda m, total: {"weight_map": m,
                                                                                "metadata": {"total_size": -1.5, "x": [{}],
                                                                                             "format": "pt\n"}, "more": 1},
        described=(INDEX,))
    put("-empty", [], [], lambda m, total: {"metadata": {}, "weight_map": m}, described=(INDEX,))
    put("-twelve", [[("layer.%d.w" % i, "F32", i % 3 + 1), ("layer.%d.b" % i, "BF16", 2)] for i in range(12)],
        ["s%d.safetensors" % i for i in range(12)], lambda m, total: {"weight_map": m})


def bad(corpus):
    shard = model([("w", "F32", (4,), bytes(range(16)))])[0]

    def put(name, index, words, files=(("a.safetensors", shard),), verdict="refuse"):
        name = "sharded-" + name
        for file, blob in files:
            corpus.put("bad/%s/%s" % (name, file), blob)
        corpus.bad("%s/%s" % (name, INDEX), index if isinstance(index, bytes) else json.dumps(index).encode(), words,
                   verdict)

    def names(name, file, words, **options):
        put(name, {"weight_map": {"w": file}}, words, **options)

    for name, file in (("up", "../model.safetensors"), ("up-up", "../../../../../../../../etc/passwd"),
                       ("absolute", "/etc/passwd"), ("device", "/dev/zero"),
                       ("folder-up", "sub/../../a.safetensors"), ("folder", "sub/a.safetensors"),
                       ("this-folder", "./a.safetensors"), ("dot", "."),
                       ("dots", ".."), ("empty", ""), ("backslash", "..\\a.safetensors"), ("nul", "a.safetensors\0.txt"),
                       ("nul-first", "\0"),
                       ("newline", "a.safetensors\n"), ("long", "a" * 300), ("longer", "a" * 5000),
                       ("missing", "b.safetensors"), ("itself", INDEX),
                       ("url", "https://evil.example/a.safetensors"), ("slash-end", "a.safetensors/"),
                       ("case", "A.safetensors"), ("space", " a.safetensors")):
        names("name-" + name, file, "")
    for name in ("title", "cr", "bidi", "c1-csi", "osc52", "format"):
        names("escape-" + name, HOSTILE[name] + ".safetensors", "")
    for name, file, kind in (("number", 1, "a number"), ("null", None, "null"), ("true", True, "true"),
                             ("array", ["a.safetensors"], "an array"),
                             ("object", {"file": "a.safetensors"}, "an object")):
        names("file-" + name, file, kind)
    for name, value, kind in (("array", ["a.safetensors"], "an array"), ("null", None, "null"), ("text", "a.safetensors",
            "a string"), ("number", 1, "a number")):
        put("map-" + name, {"weight_map": value}, kind)
    put("map-missing", {"metadata": {"total_size": 16}}, "weight_map")
    put("map-twice", b'{"weight_map":{"w":"a.safetensors"},"weight_map":{}}', "weight_map")
    put("map-twice-escaped", b'{"weight_map":{},"weight\\u005fmap":{"w":"a.safetensors"}}', "weight_map")
    put("tensor-twice", b'{"weight_map":{"w":"a.safetensors","w":"a.safetensors"}}', "'w'")
    put("tensor-twice-escaped", b'{"weight_map":{"w":"a.safetensors","\\u0077":"a.safetensors"}}', "'w'")
    put("tensor-absent", {"weight_map": {"w": "a.safetensors", "v": "a.safetensors"}}, "'v'")
    put("tensor-absent-escape", {"weight_map": {"w": "a.safetensors", "\x1b[2J": "a.safetensors"}}, "\\x1b[2J")
    other = model([("v", "F32", (4,), bytes(16))])[0]
    put("tensors-exchanged", {"weight_map": {"w": "b.safetensors", "v": "a.safetensors"}}, "", (("a.safetensors", shard),
            ("b.safetensors", other)))
    put("top-array", b"[]", "an array")
    put("top-empty", b"", "empty")
    put("cut", b'{"weight_map":{"w":"a.safe', "JSON")
    put("rest", b'{"weight_map":{}} x', "JSON")
    put("deep", b'{"metadata":' + b"[" * 5000, "metadata must be an object, not an array")
    put("deep-inside", b'{"metadata":{"x":' + b"[" * 5000, "nested")
    put("not-utf8", b'{"weight_map":{"\xff":"a.safetensors"}}', "UTF-8")
    put("nul-bytes", b'{"weight_map":{"w":"a.safetensors"}}\0\0', "JSON")
    put("shard-cut", {"weight_map": {"w": "a.safetensors"}}, "a.safetensors", (("a.safetensors", shard[:-3]),))
    put("shard-empty", {"weight_map": {"w": "a.safetensors"}}, "a.safetensors", (("a.safetensors", b""),))
    put("shard-web-page", {"weight_map": {"w": "a.safetensors"}}, "a web page",
        (("a.safetensors", b"<!DOCTYPE html><title>401</title>"),))
    put("shard-pointer", {"weight_map": {"w": "a.safetensors"}}, "Git LFS",
        (("a.safetensors", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),))
    put("shard-gguf", {"weight_map": {"w": "a.safetensors"}}, "", (("a.safetensors", b"GGUF\3\0\0\0" + bytes(16)),))
    put("shard-index", {"weight_map": {"w": "a.safetensors"}}, "",
        (("a.safetensors", json.dumps({"weight_map": {"w": "a.safetensors"}}).encode()),))
    put("same-name-in-two", {"weight_map": {"w": "a.safetensors"}}, "", (("a.safetensors", shard),
                                                                         ("b.safetensors", shard)), "accept")
    more = frame(json.dumps({"w": entry("U8", (1,), 0, 1), "unlisted": entry("U8", (1,), 1, 2)}), b"ab")
    put("tensor-unlisted", {"weight_map": {"w": "a.safetensors"}}, "", (("a.safetensors", more),), "accept")
    put("total-size-wrong", {"metadata": {"total_size": 10 ** 30}, "weight_map": {"w": "a.safetensors"}}, "",
        verdict="accept")
    put("many-files", {"weight_map": {"w%d" % i: "s%05d.safetensors" % i for i in range(2000)}}, "s00000.safetensors")
