#!/bin/sh
# Puts everything of this directory where it belongs below DESTDIR: systemd/install.sh DESTDIR
set -eu

mkdir -p "${1:?usage: systemd/install.sh DESTDIR}"
to=$(cd "$1" && pwd)
cd "$(dirname "$0")"

put() { # MODE FILE PLACE
    install -D -m "$1" "$2" "$to/$3"
}

for unit in evsed.service evsed-guard.service evsed-safe.service evsed-update.service evsed-update.path \
    evsed-dhcp-name.service; do
    put 0644 "$unit" "usr/lib/systemd/system/$unit"
done
put 0644 pigpiod.service.d/evsed.conf usr/lib/systemd/system/pigpiod.service.d/evsed.conf
put 0644 watchdog.conf usr/lib/systemd/system.conf.d/evsed-watchdog.conf
put 0644 tmpfiles.conf usr/lib/tmpfiles.d/evsed.conf
put 0644 60-evsed.rules usr/lib/udev/rules.d/60-evsed.rules
put 0755 evsed-update usr/sbin/evsed-update
put 0755 evsed-dhcp-name usr/libexec/evsed-dhcp-name
put 0755 networkmanager usr/lib/NetworkManager/dispatcher.d/60-evsed
