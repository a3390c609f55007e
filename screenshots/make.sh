#!/bin/sh
# Makes NAME.png of every NAME.keys here, whose first line is the command line of the picture.
#
#   screenshots/make.sh PROGRAM
set -eu
program=$1
for keys in screenshots/*.keys; do
    arguments=$(sed -n '1s/^# qloupe //p' "$keys")
    echo "  screen  ${keys%.keys}.png"
    # The line is one of ours: words without quotes.
    # shellcheck disable=SC2086
    LC_ALL=C.UTF-8 "$program" --no-state $arguments --screenshot "${keys%.keys}.png"
done
