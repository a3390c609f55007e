#!/bin/sh
# Makes golden.tar.gz anew: the same vectors give the same bytes. Needs python3-numpy.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$here" && PYTHONDONTWRITEBYTECODE=1 python3 make_golden.py "$work")
tar -C "$work" --sort=name --format=ustar --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX -cf - \
    in index.json index.tsv out | gzip -9n >"$here/golden.tar.gz"
