#!/bin/sh
# Runs tests from the project root, one for each core at a time, all of them whatever happens, then a summary.
#
#   tests/run.sh OUT TEST...      a TEST is a program, or a shell script that gets OUT as its argument
#
# OUT holds the programs under test. The closing lines of a test are shown, all of its output when it fails (or with V=1), and all of
# it is kept in OUT/tests/NAME.log. JOBS=1 runs one after the other.
QLOUPE_NO_STATE=1 LC_ALL=C.UTF-8
LSAN_OPTIONS=suppressions=$PWD/tests/lsan.supp:print_suppressions=0 # of the asan build

# Runs a test; its log ends up in place, how it ended in NAME.status, and a summary on standard output in one piece.
one() # OUT TEST
{
    out=$1 test=$2 name=$(basename "$2" .sh)
    log=$out/tests/$name.log
    case $test in
    *.sh) set -- sh "$test" "$out" ;;
    *) set -- "$test" ;;
    esac
    begin=$(date +%s)
    timeout -k 5 600 "$@" >"$log" 2>&1 </dev/null
    status=$?
    seconds=$(($(date +%s) - begin))
    echo "$status" >"$out/tests/$name.status"
    {
        flock 9
        echo "-- $name, $seconds s"
        if [ "$status" != 0 ]; then
            cat "$log"
            echo "$name: failed (exit $status)"
        elif [ -n "$V" ]; then
            cat "$log"
        else
            grep -E '^\[(==========|  PASSED  )\]|^[a-z_]+: ' "$log"
        fi
    } 9>"$out/tests/lock"
}

if [ "$1" = --one ]; then
    one "$2" "$3"
    exit 0
fi
out=$1
shift
QLOUPE=$out/qloupe GOLDEN=$out/golden
export QLOUPE GOLDEN LC_ALL QLOUPE_NO_STATE LSAN_OPTIONS
for test; do
    rm -f "$out/tests/$(basename "$test" .sh).status"
done
printf '%s\n' "$@" | xargs -P "${JOBS:-$(nproc)}" -n 1 sh "$0" --one "$out"

tests=0 cases=0 failed=
for test; do
    name=$(basename "$test" .sh)
    log=$out/tests/$name.log
    [ "$(cat "$out/tests/$name.status")" = 0 ] || failed="$failed $name"
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
