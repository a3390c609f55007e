#!/bin/sh
# Runs tests from the project root, all of them whatever happens, then a summary.
#
#   tests/run.sh OUT TEST...      a TEST is a program, or a shell script that gets OUT as its argument
#
# OUT holds the programs under test. The closing lines of a test are shown, all of its output when it fails (or with V=1), and all of
# it is kept in OUT/tests/NAME.log.
out=$1
shift
QLOUPE=$out/qloupe GOLDEN=$out/golden LC_ALL=C.UTF-8 QLOUPE_NO_STATE=1
LSAN_OPTIONS=suppressions=$PWD/tests/lsan.supp:print_suppressions=0 # of the asan build
export QLOUPE GOLDEN LC_ALL QLOUPE_NO_STATE LSAN_OPTIONS

tests=0 cases=0 failed=
for test; do
    name=$(basename "$test" .sh)
    log=$out/tests/$name.log
    case $test in
    *.sh) set -- sh "$test" "$out" ;;
    *) set -- "$test" ;;
    esac
    echo "-- $name"
    timeout -k 5 600 "$@" >"$log" 2>&1 </dev/null
    status=$?
    if [ "$status" != 0 ]; then
        cat "$log"
        echo "$name: failed (exit $status)"
        failed="$failed $name"
    elif [ -n "$V" ]; then
        cat "$log"
    else
        grep -E '^\[(==========|  PASSED  )\]|^[a-z_]+: ' "$log"
    fi
    tests=$((tests + 1))
    passed=$(sed -n 's/^[a-z_]*: \([0-9]*\) passed, 0 failed$/\1/p' "$log")
    cases=$((cases + $(grep -c '^\[       OK \]' "$log") + ${passed:-0}))
done

echo
if [ -n "$failed" ]; then
    echo "$tests tests, $cases cases passed, FAILED:$failed"
    exit 1
fi
echo "$tests tests, $cases cases, all passed"
