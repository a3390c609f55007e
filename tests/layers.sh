#!/bin/sh
# Checks how the folders depend on each other, and what the library may not do.
#
#   tests/layers.sh [OUT]      OUT: folder with libqloupe.a, for the second part
#
# Every quoted include is written "folder/file.h" from src/ or ui/. The table says which folders a folder may include besides
# itself and qloupe.h, the public interface. A new folder needs a row.
set -u
allowed() # folder
{
    case $1 in
    src/base)     echo ;;
    src/kernels)  echo base ;;
    src/tensor)   echo base kernels ;;
    src/formats)  echo base tensor ;;
    src/quant)    echo base tensor kernels ;;
    src/matmul)   echo base tensor kernels ;;
    src/analysis) echo base tensor kernels quant matmul ;;
    src/plot)     echo base tensor kernels quant analysis ;;
    ui)           echo text cli tui ;;
    ui/text)      echo ;;
    ui/sheet)     echo text ;;
    ui/cli)       echo text sheet ;;
    ui/tui)       echo text sheet ;;
    *)            return 1 ;;
    esac
}

wrong=0 checked=0
complain()
{
    echo "layers: $*"
    wrong=$((wrong + 1))
}

for file in src/*.[ch] src/*/*.[ch] ui/*.[ch] ui/*/*.[ch]; do
    [ -f "$file" ] || continue
    folder=${file%/*}
    if [ "$folder" = src ]; then
        [ "$file" = src/qloupe.h ] || complain "$file: only qloupe.h stands in src/ itself"
        grep -q '#include *"' "$file" && complain "$file includes another of our headers; it must stand alone"
        continue
    fi
    may=$(allowed "$folder") || { complain "$file: folder $folder has no row in tests/layers.sh"; continue; }
    checked=$((checked + 1))
    for include in $(sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*"\([^"]*\)".*/\1/p' "$file"); do
        [ "$include" = qloupe.h ] && continue
        case " ${folder##*/} $may " in
        *" ${include%%/*} "*) ;;
        *) complain "$file includes \"$include\": not an allowed direction" ;;
        esac
    done
    case $folder in
    ui/tui) ;;
    *) grep -nE '#[[:space:]]*include[[:space:]]*<n?cursesw?(/|\.h)' "$file" | sed "s|^|layers: $file: only ui/tui calls curses: |" |
           grep . && wrong=$((wrong + 1)) ;;
    esac
done

# What a library that never prints, exits or touches terminal, locale and signals does not call.
if [ $# -gt 0 ]; then
    forbidden='printf vprintf puts putchar perror psignal stdout stderr stdin exit _exit _Exit quick_exit abort setlocale signal
        sigaction isatty system popen initscr newterm endwin'
    pattern=$(echo $forbidden | tr ' ' '|')
    calls=$(nm -A -u "$1/libqloupe.a" | grep -E " U (__)?($pattern)(_chk)?(@.*)?\$")
    if [ -n "$calls" ]; then
        echo "$calls" | sed 's/^/layers: the library must not use: /'
        wrong=$((wrong + 1))
    fi
fi

[ "$wrong" = 0 ] && echo "layers: $checked files, every include goes in an allowed direction"
exit $((wrong != 0))
