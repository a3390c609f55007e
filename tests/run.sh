#!/bin/sh
# Runs test programs and what else `make test` checks, from the project root; all of them run whatever happens, then a summary.
#
#   tests/run.sh OUT PROGRAM...
#
# OUT holds the programs under test. The closing lines of every program are shown, all of its output when it fails (or with V=1),
# and all of it is kept in PROGRAM.log.
out=$1
shift
QLOUPE=$out/qloupe GOLDEN=$out/golden LC_ALL=C.UTF-8 QLOUPE_NO_STATE=1
ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1} LSAN_OPTIONS=suppressions=tests/lsan.supp:print_suppressions=0
export QLOUPE GOLDEN LC_ALL QLOUPE_NO_STATE ASAN_OPTIONS LSAN_OPTIONS

programs=0 cases=0 failed=
run() # name, log, command...
{
    name=$1 log=$2
    shift 2
    printf '%s\n' "-- $name"
    if timeout -k 5 600 "$@" >"$log" 2>&1 </dev/null; then
        if [ -n "$V" ]; then cat "$log"; else grep -E '^\[( PASSED |  PASSED  |==========)\]|^[a-z]+: ' "$log"; fi
    else
        status=$?
        cat "$log"
        echo "$name: failed (exit $status)"
        failed="$failed $name"
    fi
    programs=$((programs + 1))
    cases=$((cases + $(grep -c '^\[       OK \]' "$log")))
}

for program; do
    run "$(basename "$program")" "$program.log" "$program"
done
if [ "$BUILD" != tsan ]; then
    run layers "$out/tests/layers.log" sh tests/layers.sh "$out"
    run readme "$out/tests/readme.log" sh tests/readme.sh
fi

echo
if [ -n "$failed" ]; then
    echo "$programs programs, $cases cases passed, FAILED:$failed"
    exit 1
fi
echo "$programs programs, $cases cases passed, none failed"
