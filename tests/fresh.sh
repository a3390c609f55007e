#!/bin/sh
# A fresh machine: a minimal Debian 12 root with git and make and nothing else, a clone of the last commit in it, and README's two
# commands, timed. Needs root, debootstrap and the network; packages come from where this machine's apt gets them.
set -eu
suite=bookworm
[ "$(id -u)" = 0 ] || { echo "fresh: must be root (debootstrap and chroot)"; exit 2; }
command -v debootstrap >/dev/null || { echo "fresh: debootstrap is missing; apt-get install debootstrap"; exit 2; }

# A mount namespace of our own: the mounts end with the script.
[ "${1-}" = inside ] || exec unshare --mount sh "$0" inside

mirror=$(apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages' |
         awk -v suite="$suite" '$1 == suite && $2 ~ /^http/ { print $2; exit }')
[ -n "$mirror" ] || { echo "fresh: apt of this machine knows no mirror of $suite"; exit 2; }
eval "$(apt-config shell http_proxy Acquire::http::Proxy https_proxy Acquire::https::Proxy)"
[ -z "${http_proxy-}" ] || export http_proxy
[ -z "${https_proxy-}" ] || export https_proxy

root=$(mktemp -d "${TMPDIR:-/var/tmp}/qloupe-fresh-XXXXXX")
trap 'umount -l "$root/proc" "$root/dev/pts" 2>/dev/null || true; rm -rf --one-file-system "$root"' EXIT INT TERM

say() { echo "fresh: $*"; }
timed() # what, command...
{
    what=$1
    shift
    begin=$(date +%s)
    "$@"
    say "$what: good, $(($(date +%s) - begin)) s"
}
bootstrap()
{
    debootstrap --variant=minbase --include=git,make,ca-certificates "$suite" "$root" "$mirror" >"$root.log" 2>&1 || {
        tail -5 "$root.log" | sed 's#[a-z]*://[^ ]*#...#g'
        rm -f "$root.log"
        exit 1
    }
    rm -f "$root.log"
}
inside() # shell command
{
    chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=xterm sh -euc "cd /root/qloupe && $1" </dev/null
}

timed "minimal root" bootstrap
rm -rf "$root/etc/apt/sources.list" "$root/etc/apt/sources.list.d"
for part in sources.list sources.list.d apt.conf apt.conf.d auth.conf auth.conf.d keyrings trusted.gpg.d; do
    [ ! -e "/etc/apt/$part" ] || cp -rL "/etc/apt/$part" "$root/etc/apt/"
done
cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
[ ! -d /usr/local/share/ca-certificates ] || cp -rL /usr/local/share/ca-certificates "$root/usr/local/share/"
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
mount -t proc proc "$root/proc"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
for tool in cc gcc pkg-config tmux python3; do
    ! chroot "$root" sh -c "command -v $tool" >/dev/null || say "note: $tool is there already"
done

git clone --quiet --no-local . "$root/root/qloupe"
timed "make demo" inside "make demo"
timed "make demo again" inside "make demo"
timed "make test" inside "make test"
inside "git status --porcelain" | grep . && { say "the build leaves files in the tree"; exit 1; }
say "all good"
