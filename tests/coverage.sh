#!/bin/sh
# Which lines of the parsers the tests and the fuzzers' inputs reach: tests/coverage.sh OUT [CORPUS].
#
# OUT: a build with CC=clang BUILD=coverage (`make coverage`); CORPUS: what the fuzzers kept, build-fuzz/corpus. The table is
# printed, lines that nothing reached are listed in OUT/missed.txt.
out=$1 corpus=$2
profiles=$out/profiles
rm -rf "$profiles"
mkdir -p "$profiles"
LLVM_PROFILE_FILE=$PWD/$profiles/%4m.profraw QLOUPE=$out/qloupe LC_ALL=C.UTF-8 QLOUPE_NO_STATE=1
export LLVM_PROFILE_FILE QLOUPE LC_ALL QLOUPE_NO_STATE
objects=
for test in "$out"/tests/test_*; do
    case $test in *.[od]|*.log) continue ;; esac
    "$test" >"$test.log" 2>&1 </dev/null || { cat "$test.log"; echo "coverage: $test failed"; exit 1; }
    objects="$objects -object $test"
done
sh tests/fuzz/seeds.sh "$out" || exit
for target in $("$out/replay"); do
    [ ! -d "$corpus/$target" ] || "$out/replay" "$target" "$corpus/$target" || exit
done
version=$(clang --version | sed -n 's/.*version \([0-9]*\).*/\1/p')
tool() # name, arguments
{
    name=$1
    shift
    if command -v "$name-$version" >/dev/null; then "$name-$version" "$@"; else "$name" "$@"; fi
}
tool llvm-profdata merge -o "$profiles/all" "$profiles"/*.profraw || exit
parsers='src/formats src/base/cursor.c src/base/head.c src/base/text.c src/quant/spec.c'
# shellcheck disable=SC2086
set -- "$out/replay" -object "$out/qloupe" $objects -instr-profile "$profiles/all" $parsers
tool llvm-cov show "$@" | sed -n -e '/^[^ ].*:$/p' -e '/^ *[0-9]*| *0|/p' >"$out/missed.txt"
tool llvm-cov report "$@" | awk '
    /^Filename/ { printf "%-40s %8s %8s %8s\n", "file", "lines", "missed", "covered" }
    /^[^-F]/ && $8 > 0 { printf "%-40s %8s %8s %8s\n", $1, $8, $9, $10 }'
