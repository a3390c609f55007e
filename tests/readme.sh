#!/bin/sh
# Checks README.md against the program.
#
#   tests/readme.sh            the commands of its ```sh blocks run as typed; the generated parts are what the program prints
#   tests/readme.sh --update   writes the generated parts
#
# A line "<!-- from: COMMAND -->" is followed by the output of COMMAND up to "<!-- end -->". $QLOUPE is the program under test
# (default build/qloupe). Commands write into a copy of the tree's surface, never into the tree. Lines after "#" are comments;
# a block that starts with "# elsewhere" is not run (make demo, make test, installation).
set -u
QLOUPE=${QLOUPE:-build/qloupe}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/build" "$work/screenshots"
ln -s "$(realpath "$QLOUPE")" "$work/build/qloupe"
ln -s "$(realpath data)" "$work/data"
wrong=0 commands=0 parts=0

# The generated parts: README as it should be.
(
    cd "$work" || exit 1
    while IFS= read -r line; do
        printf '%s\n' "$line"
        case $line in
        '<!-- from: '*' -->')
            command=${line#<!-- from: }
            printf '\n'
            sh -c "${command% -->}" </dev/null 2>&1
            printf '\n'
            while IFS= read -r line && [ "$line" != '<!-- end -->' ]; do :; done
            printf '%s\n' "$line"
            ;;
        esac
    done
) <README.md >"$work/README.md"
parts=$(grep -c '^<!-- from: ' README.md)
if [ "${1-}" = --update ]; then
    cp "$work/README.md" README.md
elif ! diff -u README.md "$work/README.md" >"$work/diff"; then
    cat "$work/diff"
    echo "readme: README.md is not what the program prints; run: sh tests/readme.sh --update"
    wrong=1
fi

# The commands. A continued line ends in "\"; "$?" of the example before it is shown by "# exit N".
awk '/^```sh$/ { inside = 1; next } /^```/ { inside = 0 } inside' README.md | sed -e ':join' -e '/\\$/ { N; s/\\\n *//; b join' -e '}' >"$work/commands"
while IFS= read -r line; do
    case $line in '' | '#'*) continue ;; make\ *) continue ;; esac
    want=$(printf '%s\n' "$line" | sed -n 's/.*# exit \([0-9]*\).*/\1/p')
    (cd "$work" && PATH=$work/build:$PATH timeout 60 sh -c "$line") >"$work/log" 2>&1 </dev/null
    status=$?
    commands=$((commands + 1))
    if [ "$status" != "${want:-0}" ]; then
        cat "$work/log"
        echo "readme: exit $status instead of ${want:-0}: $line"
        wrong=1
    fi
done <"$work/commands"

# Targets of make that it names exist.
for target in $(grep -o '`make [a-z-]*' README.md | sed 's/.* //') $(sed -n 's/^ *make \([a-z-]*\).*/\1/p' README.md); do
    grep -q "^$target:" Makefile || { echo "readme: no target $target in the Makefile"; wrong=1; }
done

[ "$commands" -gt 0 ] || { echo "readme: no command found"; wrong=1; }
[ "$wrong" = 0 ] && echo "readme: $commands commands and $parts generated parts are right"
exit "$wrong"
