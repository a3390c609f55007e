#!/bin/sh
# Every fuzz target over its seeds, with any compiler: seeds.sh OUT.
find tests/formats/good tests/formats/bad tests/formats/real -type f | LC_ALL=C sort | xargs "$1/replay" --all
