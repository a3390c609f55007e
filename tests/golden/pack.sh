#!/bin/sh
# Makes golden.tar.gz, more.tar.gz and blocks.tar.gz anew: the same vectors give the same bytes. The first two need python3-numpy.
#
#   pack.sh [golden|more|blocks]      only that one
set -eu
here=$(cd "$(dirname "$0")" && pwd)
for name in ${1:-golden more blocks}; do
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    (cd "$here" && PYTHONDONTWRITEBYTECODE=1 python3 "make_$name.py" "$work")
    tar -C "$work" --sort=name --format=ustar --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX -cf - \
        in index.json index.tsv out | gzip -9n >"$here/$name.tar.gz"
    rm -rf "$work"
done
