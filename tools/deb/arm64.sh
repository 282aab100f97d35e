#!/bin/sh
# Installs the arm64 package of Debian 12 in an arm64 root and asks the simulated charger there; every instruction is
# interpreted by qemu, so it takes minutes. Needs root, and the network when there is no root yet. What happened is
# written to docs/arm64-install.log. EVSED_ROOTS: where the clean root is kept.
set -eu
cd "$(dirname "$0")/../.."

roots=${EVSED_ROOTS:-${XDG_CACHE_HOME:-$HOME/.cache}/evsed/roots}
clean=$roots/arm64-12
log=docs/arm64-install.log
version=$(sed -n 's/^__version__ = "\(.*\)"/\1/p' evsed/__init__.py)
package=evsed_$version+deb12_arm64.deb
python=.venv/bin/python

[ "$(id -u)" = 0 ] || {
    echo "tools/deb/arm64.sh: needs root: sudo make package-test-arm64" >&2
    exit 1
}

inside() { # ROOT PROGRAM...
    root=$1
    shift
    proot -0 -q qemu-aarch64-static -r "$root" -w /root -b /proc -b /dev /usr/bin/env -i \
        PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
}

if [ ! -e "$clean/usr/bin/py3compile" ]; then
    rm -rf "$clean"
    mkdir -p "$roots"
    debootstrap --foreign --arch=arm64 --variant=minbase --include=python3,adduser,init-system-helpers bookworm "$clean"
    if [ -L "$clean/proc" ]; then # without rights to mount, debootstrap leaves a link, which proot cannot go through
        rm "$clean/proc"
        mkdir "$clean/proc"
    fi
    inside "$clean" DEBOOTSTRAP_DIR=/debootstrap /bin/sh /debootstrap/debootstrap --second-stage
fi

$python -m tools.deb.build --no-tests deb12_arm64
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -a "$clean" "$work/root"
cp "dist/$package" "$work/root/root/"
$python -c 'from tests.package.test_install import ASK; print(ASK)' >"$work/root/root/ask.py"

{
    echo "# What tools/deb/arm64.sh saw: $package in a clean Debian 12 for arm64, under qemu"
    for command in "uname -m" "dpkg -i $package" "evsed version" "evsed-safe" "python3 ask.py 600" \
        "dpkg --remove evsed" "dpkg --purge evsed" "ls /usr/lib/evsed /var/lib/evsed /etc/evsed"; do
        echo
        echo "\$ $command"
        # shellcheck disable=SC2086
        inside "$work/root" $command 2>&1 || echo "(status $?)"
    done
} >"$work/log"
sed -e '/^proot /d' -e "s/$(hostname)/charger/g" "$work/log" >"$log"
cat "$log"
grep -q '^{"version":"'"$version"'"' "$log"
