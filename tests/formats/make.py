#!/usr/bin/env python3
"""Writes good/, bad/, good.tsv and bad.tsv in this folder: weight files as they should be and as they must not be, every one
made here byte by byte, with what a reader must find in it or say about it. Needs Python's standard library only.

    make.py            writes everything again
    make.py --check    says whether what is there is what would be written

The same bytes every time (deflated ones come from zlib; zlib-ng packs otherwise). Files that NumPy and PyTorch wrote are in
real/.
"""
import os
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from writers import corpus, foreign, gguf, npy, npz, safetensors, sharded, torch, torch_bad  # noqa: E402

WRITERS = [safetensors, sharded, gguf, npy, npz, torch, torch_bad, foreign]


def everything():
    made = corpus.Corpus()
    for writer in WRITERS:
        for write in filter(None, (getattr(writer, kind, None) for kind in ("good", "bad"))):
            write(made)
    return {**made.files, **made.tables()}


def there():
    for folder in ("good", "bad"):
        for path, _, names in os.walk(os.path.join(HERE, folder)):
            for name in names:
                yield os.path.relpath(os.path.join(path, name), HERE)


def read(path):
    try:
        with open(os.path.join(HERE, path), "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def main():
    wanted = everything()
    extra = sorted(set(there()) - set(wanted))
    different = sorted(path for path, blob in wanted.items() if read(path) != blob)
    if "--check" in sys.argv[1:]:
        for path in extra + different:
            print("make.py: %s is not what make.py writes" % path)
        print("make.py: %d files, %d differ" % (len(wanted), len(extra) + len(different)))
        return 1 if extra or different else 0
    for path in extra:
        os.remove(os.path.join(HERE, path))
    for path in different:
        os.makedirs(os.path.dirname(os.path.join(HERE, path)), exist_ok=True)
        with open(os.path.join(HERE, path), "wb") as file:
            file.write(wanted[path])
    print("make.py: %d files, %d bytes" % (len(wanted), sum(map(len, wanted.values()))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
