#!/bin/sh
# Checks that instructions which not every x86-64 machine has stay where they are called after a look at the processor.
#
#   tests/no_avx.sh OUT      OUT: folder with libqloupe.a and the objects of ui/
#
# Only the objects of instruction sets in src/kernels may hold instructions of AVX (any with a VEX or EVEX prefix), and they show nothing to the outside but
# their table of kernels, so that nobody else's code can end up calling into them.
set -u
out=${1:-build}
allowed='avx2.o avx512.o product_avx2.o product_avx512.o product_vnni.o'
objects=$(find "$out/ui" -name '*.o')
[ -n "$objects" ] && [ -f "$out/libqloupe.a" ] || { echo "no_avx: $out/libqloupe.a and $out/ui/ are not built"; exit 1; }
if ! objdump -f "$out/libqloupe.a" | grep -q x86-64; then
    echo "no_avx: not built for x86-64, nothing to check"
    exit 0
fi

# "OBJECT COUNT FIRST" for every name of an object: how many of its instructions are of AVX. Their names begin with v or, of masks, with k; those of a
# few that work on general registers are listed.
count='/file format/ { sub(/:.*/, ""); sub(/.*\//, ""); object = $0; found[object] += 0; objects++ }
/^ *[0-9a-f]+:/ {
    if ($2 ~ /^([vk]|(andn|bextr|blsi|blsmsk|blsr|bzhi|mulx|pdep|pext|rorx|sarx|shlx|shrx)[lq ])|%[yz]mm/) {
        if (!found[object]++) first[object] = $2
    }
}
END { for (object in found) print object, found[object], first[object]; print "objects:", objects }'
found=$(objdump -d -M att --no-show-raw-insn "$out/libqloupe.a" $objects | awk -F '\t' "$count") || exit 1

wrong=0
complain()
{
    echo "no_avx: $*"
    wrong=1
}

stray=$(echo "$found" | awk -v allowed=" $allowed objects: " '$2 > 0 && !index(allowed, " " $1 " ") { print "no_avx: " $0 }')
[ -z "$stray" ] || complain "instructions of AVX outside of $allowed (object, how many, the first):
$stray"
for object in $allowed; do
    echo "$found" | grep -q "^$object [1-9]" || complain "no instruction of AVX found in $object: is it compiled with its flags?"
    # The address sanitizer marks every table with a name of its own.
    shown=$(nm -g --defined-only "$out/src/kernels/$object" | sed 's/.* //' | grep -v '^__odr_asan' | tr '\n' ' ')
    table=ql_kernels_$object
    case "$object" in product_*) table=ql_products_${object#product_} ;; esac
    [ "$shown" = "${table%.o} " ] || complain "$object shows to the outside: $shown"
done
[ "$wrong" = 0 ] && echo "no_avx: $(echo "$found" | sed -n 's/objects: //p') objects, instructions of AVX only in $allowed"
exit "$wrong"
