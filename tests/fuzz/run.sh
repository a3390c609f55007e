#!/bin/sh
# Runs fuzz targets, each for SECONDS, JOBS at a time (default 1): what is found fails, and is kept.
#
#   tests/fuzz/run.sh OUT SECONDS [TARGET...]       all targets when none is named
#
# OUT holds fuzz and replay, built with the sanitizers (`make fuzz`), and gets corpus/NAME, which later runs begin with,
# NAME.log, and findings/NAME-*.
one() # target
{
    name=$1 log=$out/$1.log
    dictionary=tests/fuzz/$name.dict
    rm -rf "$out/seeds/$name"
    mkdir -p "$out/corpus/$name" "$out/seeds/$name" "$out/findings"
    find tests/formats/good tests/formats/bad tests/formats/real -type f | LC_ALL=C sort |
        xargs "$out/replay" --seeds "$name" "$out/seeds/$name" || return
    ln -f "$out/fuzz" "$out/fuzz-$name"
    if ! "$out/fuzz-$name" -max_total_time="$seconds" -rss_limit_mb=1024 -timeout=5 -max_len=20000 -print_final_stats=1 \
        $([ -f "$dictionary" ] && echo "-dict=$dictionary") -artifact_prefix="$out/findings/$name-" \
        "$out/corpus/$name" "$out/seeds/$name" >"$log" 2>&1 </dev/null; then
        grep -v '^#' "$log" | tail -n 40
        echo "fuzz: $name: a finding: $(sed -n 's/.*Test unit written to //p' "$log"), see $log"
        echo "fuzz: to repeat it: $out/replay $name FINDING"
        return 1
    fi
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    reached=$(sed -n 's/^#.* cov: \([0-9]*\) ft: [0-9]* corp: \([0-9]*\).*/\1 edges, \2 inputs kept/p' "$log" | tail -n 1)
    echo "fuzz: $name: $runs executions, $reached"
}

if [ "$1" = --one ]; then
    out=$2 seconds=$3
    one "$4"
    exit
fi
out=$1 seconds=$2
shift 2
[ $# -gt 0 ] || set -- $("$out/replay")
printf '%s\n' "$@" | xargs -P "${JOBS:-1}" -n 1 sh "$0" --one "$out" "$seconds"
status=$?
[ "$status" = 0 ] && echo "fuzz: $# targets, $seconds s each: nothing found"
exit $((status != 0))
