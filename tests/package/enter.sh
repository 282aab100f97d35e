#!/bin/sh
# Runs a program in a root directory as on a machine without systemd running and without a network: enter.sh ROOT PROGRAM...
# Called by roots.py in namespaces of its own, which end with it.
set -eu
root=$1
shift
mount --make-rprivate /
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 dev "$root/dev"
# shellcheck source=devices.sh
. "$(dirname "$0")/devices.sh"
ip link set lo up
exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive "$@"
