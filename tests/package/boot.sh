#!/bin/sh
# Becomes the systemd of a root directory, as its process 1; run by booted.py in namespaces of its own.
set -eu
root=$1

mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
for place in run tmp dev; do mount -t tmpfs -o mode=755 "$place" "$root/$place"; done
chmod 1777 "$root/tmp"
# shellcheck source=devices.sh
. "$(dirname "$0")/devices.sh"
mkdir -p "$root/run/systemd/system"
ln -s /dev/null "$root/run/systemd/system/console-getty.service" # there is no console
: >"$root/console.log"
: >"$root/dev/console"
mount --bind "$root/console.log" "$root/dev/console"
grep " $root/sys/fs/cgroup" /proc/mounts | cut -d' ' -f2 | sort -r | while read -r place; do umount -l "$place"; done
mkdir -p "$root/sys/fs/cgroup"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
ip link set lo up
hostname charger
cd "$root"
mkdir -p old
pivot_root . old
umount -l /old
export container=other
exec /lib/systemd/systemd --system --show-status=0
