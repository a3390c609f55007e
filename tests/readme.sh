#!/bin/sh
# Checks README.md against the program: what it shows is what the program prints.
#
#   tests/readme.sh            fails when README.md differs from the real output
#   tests/readme.sh --update   writes the real output into README.md
#
# In a ```console block a line "$ COMMAND" is run as typed, and the lines below it are its output. A line
# "<!-- from: COMMAND -->" is followed by the output of COMMAND up to "<!-- end -->". $QLOUPE is the program under test (default
# build/qloupe); what stands beside it is used too. Commands run in a copy of the tree's surface, so that they may write files.
set -u
QLOUPE=${QLOUPE:-build/qloupe}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/tree" "$work/tree/build" "$work/tree/screenshots"
for program in qloupe keys; do
    if [ ! -x "$(dirname "$QLOUPE")/$program" ]; then
        echo "readme: $(dirname "$QLOUPE")/$program is not built; run: make all $(dirname "$QLOUPE")/keys"
        exit 1
    fi
    ln -s "$(realpath "$(dirname "$QLOUPE")/$program")" "$work/tree/build/$program"
done
ln -s "$(realpath data)" "$work/tree/data"
export LC_ALL=C.UTF-8 QLOUPE_NO_STATE=1 COLUMNS=120

run() # command
{
    (cd "$work/tree" && timeout 60 sh -c "$1") </dev/null 2>&1
}

# README as it should be.
state=text
while IFS= read -r line; do
    case $state:$line in
    text:'```console') state=console ;;
    console:'```') state=text ;;
    console:'$ '*)
        printf '%s\n' "$line"
        run "${line#\$ }"
        continue
        ;;
    console:*) continue ;; # the old output
    text:'<!-- from: '*' -->')
        command=${line#<!-- from: }
        printf '%s\n\n' "$line"
        run "${command% -->}"
        echo
        state=part
        continue
        ;;
    part:'<!-- end -->') state=text ;;
    part:*) continue ;;
    esac
    printf '%s\n' "$line"
done <README.md >"$work/README.md"

wrong=0
complain()
{
    echo "readme: $*"
    wrong=1
}

[ "$state" = text ] || complain "README.md ends inside a block"
if [ "${1-}" = --update ] && [ "$wrong" = 0 ]; then
    cat "$work/README.md" >README.md
elif ! diff -u --label README.md --label "what the program prints" README.md "$work/README.md"; then
    complain "README.md is out of date; after a look at the difference: sh tests/readme.sh --update"
fi

# The targets of make and the files that it names exist.
for target in $(grep -oE '(^|`)make [a-z-]+' README.md | sed 's/.* //' | sort -u); do
    grep -q "^$target:" Makefile || complain "no target '$target' in the Makefile"
done
for file in $(grep -oE '\]\([a-zA-Z][^):#]*\)' README.md | sed 's/^](//; s/)$//' | sort -u); do
    [ -e "$file" ] || complain "$file does not exist"
done

# So do the tests that the table of rules names.
for name in $(sed -n 's/^| .* | \(.*\) |$/\1/p' tests/tui/README.md | grep -oE '`[a-z0-9_]+`' | tr -d '`'); do
    grep -qE "^static void $name\(" tests/test_*.c || complain "tests/tui/README.md: there is no test $name"
done

commands=$(grep -c '^\$ ' README.md) parts=$(grep -c '^<!-- from: ' README.md)
[ "$commands" -gt 0 ] && [ "$parts" -gt 0 ] || complain "nothing found to check"
[ "$wrong" = 0 ] && echo "readme: $commands commands and $parts tables print what README.md shows"
exit "$wrong"
