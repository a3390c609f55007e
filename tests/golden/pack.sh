#!/bin/sh
# Makes golden.tar.gz and more.tar.gz anew: the same vectors give the same bytes. Needs python3-numpy.
#
#   pack.sh [golden|more]      only that one
set -eu
here=$(cd "$(dirname "$0")" && pwd)
for name in ${1:-golden more}; do
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    (cd "$here" && PYTHONDONTWRITEBYTECODE=1 python3 "make_$name.py" "$work")
    tar -C "$work" --sort=name --format=ustar --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX -cf - \
        in index.json index.tsv out | gzip -9n >"$here/$name.tar.gz"
    rm -rf "$work"
done
