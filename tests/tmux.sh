#!/bin/sh
# The terminal interface inside tmux, end to end: start, keys, resize-window, ^Z and fg, quit, signals, keys beside a pipe, terminals with
# few colours or none; and what the shell finds afterwards.
#
#   tests/tmux.sh [OUT]      OUT: folder with the program (default build)
#
# Waits until the screen shows what it should, at most 30 seconds each. Without tmux there is nothing to test: exit 0 in words.
set -u
out=${1:-build}
command -v tmux >/dev/null || { echo "tmux: not installed, skipped"; exit 0; }

program=$out/qloupe
case $program in /*) ;; *) program=$PWD/$program ;; esac
work=$(mktemp -d) || exit 1
socket=$work/tmux
tm() { tmux -S "$socket" -f /dev/null "$@"; }
trap 'tm kill-server 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

steps=0
fail()
{
    echo "tmux: $*; the screen is"
    tm capture-pane -p -t q
    exit 1
}
keys() { tm send-keys -t q "$@"; }
sees() # TEXT: waits until it is on the screen
{
    steps=$((steps + 1))
    for _ in $(seq 300); do
        tm capture-pane -p -t q | grep -qF -- "$1" && return 0
        sleep 0.1
    done
    fail "'$1' did not appear"
}
sees_no_more() # TEXT: waits until it is gone
{
    steps=$((steps + 1))
    for _ in $(seq 300); do
        tm capture-pane -p -t q | grep -qF -- "$1" || return 0
        sleep 0.1
    done
    fail "'$1' is still there"
}

as_before() # WHEN: the shell has its terminal back, and can be used
{
    keys "stty -g >after; echo usable \$((6 * 7))" Enter
    sees 'usable 42'
    cmp -s "$work/before" "$work/after" || fail "$1: stty: $(cat "$work/before") before, $(cat "$work/after") after"
    test "$(tm display-message -p -t q '#{cursor_flag} #{alternate_on} #{mouse_any_flag} #{keypad_cursor_flag}')" = '1 0 0 0' ||
        fail "$1: cursor hidden, or the other screen, the mouse or the keypad left on"
    keys clear Enter
    sees_no_more 'usable'
}

unset TMUX
LC_ALL=C.UTF-8 TERM=xterm-256color QLOUPE_NO_STATE=1 PS1='ready> ' ENV='' tm new-session -d -s q -x 120 -y 36 \
    "cd '$work' && exec bash --norc --noprofile" || { echo "tmux: cannot start, skipped"; exit 0; }
keys "PS1='ready> '; clear" Enter
sees 'ready>'
keys 'stty -g >before' Enter
keys "echo a line that stays" Enter
sees 'a line that stays'

keys "'$program' '$PWD/data/storyteller.safetensors' -t h.2.mlp.c_fc.weight" Enter
sees 'SQNR  36.56 dB'
sees 'Try '
keys bbbb
sees 'absmax:bits=4'
sees 'SQNR  11.39 dB'
keys g
sees 'absmax:bits=4,per=row'
keys u u
sees 'absmax:bits=5'
keys J
sees 'Distribution · h.2.mlp.c_proj.bias'
keys Escape
keys '&' c_fc.weight Enter
sees '4 of 52'
keys '?'
sees 'search:'
keys Escape
sees_no_more 'search:'

tm resize-window -t q -x 80 -y 24
sees '[Distribution]'
sees 'q quit'
tm resize-window -t q -x 40 -y 10
sees 'has 40x10'
tm resize-window -t q -x 120 -y 36
sees '4 of 52'

keys w
sees 'figure histogram'
keys C-u "$work/figure.png" Enter
sees 'wrote '
test -s "$work/figure.png" || fail "no figure was written"

test "$(tm display-message -p -t q '#{mouse_any_flag} #{mouse_sgr_flag}')" = '1 1' || fail "the mouse is not asked for"
keys C-z
sees 'Stopped'
test "$(tm display-message -p -t q '#{mouse_any_flag}')" = 0 || fail "the mouse was left on by ^Z"
sees 'a line that stays'
keys 'fg' Enter
sees '4 of 52'
keys C-c
sees 'nothing to stop'
keys ':op' Tab "$PWD/data/storyteller-q" Tab Enter
sees 'storyteller-qat-int3.safetensors │'
keys q
sees 'ready> '
sees 'a line that stays'
sees_no_more 'Distribution'
keys 'echo status $?' Enter
sees 'status 0'
as_before 'after q'

# Each signal ends it as it ends any program, and the shell says so.
demo=$PWD/data/storyteller.safetensors
keys 'ulimit -c 0' Enter
for row in TERM:Terminated HUP:Hangup QUIT:Quit SEGV:Segmentation ABRT:Aborted BUS:Bus FPE:Floating INT:; do
    signal=${row%:*}
    keys "clear; sh -c 'echo \$\$ >pid; exec \"\$@\"' sh '$program' '$demo'; echo left by \$?" Enter
    sees 'SQNR  '
    kill -"$signal" "$(cat "$work/pid")"
    sees 'left by '
    sees "${row#*:}"
    sees_no_more 'Distribution'
    as_before "after SIG$signal"
done

# Keys come from the terminal when something else comes through the pipe.
keys "clear; yes b | '$program' '$demo' -t h.2.mlp.c_fc.weight; echo left by \$?" Enter
sees 'SQNR  36.56 dB'
keys b
sees 'absmax:bits=7'
keys q
sees 'left by 0'
as_before 'after a pipe'

# Terminals with eight colours, with none, and of no use; NO_COLOR.
colours() # ENVIRONMENT PATTERN: whether what is on the screen then has colours that match
{
    keys "clear; env $1 '$program' '$demo' -t h.2.mlp.c_fc.weight; echo left by \$?" Enter
    sees 'Try '
    tm capture-pane -e -p -t q | grep -q "$(printf '\033')\\[[0-9;]*$2"
    has=$?
    keys q
    sees 'left by 0'
    return "$has"
}
colours TERM=screen-256color '38;5;75' || fail "no 256 colours where there are as many"
colours TERM=screen '36m' || fail "no eight colours where there are as many"
! colours TERM=screen '38;5;' || fail "more colours than the terminal has"
! colours TERM=vt100 '3[0-8]' || fail "colours where there are none"
! colours NO_COLOR=1 '3[0-8]' || fail "colours in spite of NO_COLOR"
keys "clear; TERM=dumb '$program' '$demo'; echo left by \$?" Enter
sees 'left by 2'
sees 'TERM is unknown or cannot place text'
as_before 'after a terminal of no use'

echo "tmux: $steps steps passed"
