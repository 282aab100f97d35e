#!/bin/sh
# Makes sure that a tool which pip cannot bring is there: installs Debian's package where it may, else says the one command.
# Usage: need.sh venv PYTHON | need.sh mosquitto | need.sh openssl | need.sh mbpoll | need.sh debhelper
#        need.sh chromium | need.sh lintian | need.sh debootstrap | need.sh proot
set -eu

apt_install() {
    if [ "$(id -u)" = 0 ]; then
        sudo=
    elif sudo -n true 2>/dev/null; then
        sudo=sudo
    else
        echo "evsed: $1 is missing. Please type:  sudo apt install $1" >&2
        exit 1
    fi
    echo "evsed: installing $1 with apt"
    # shellcheck disable=SC2086
    $sudo apt-get -qq update && $sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $1 >/dev/null || {
        echo "evsed: apt could not install $1. Please type:  sudo apt install $1" >&2
        exit 1
    }
}

case "$1" in
venv)
    "$2" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || {
        echo "evsed: needs Python 3.11 or newer, but \"$2\" is $("$2" --version 2>&1 || echo missing). Try: make PYTHON=python3.11" >&2
        exit 1
    }
    "$2" -c 'import venv, ensurepip' 2>/dev/null || apt_install python3-venv
    ;;
mosquitto)
    command -v mosquitto >/dev/null || [ -x /usr/sbin/mosquitto ] || apt_install mosquitto
    command -v mosquitto_sub >/dev/null || apt_install mosquitto-clients
    ;;
openssl)
    command -v openssl >/dev/null || apt_install openssl
    ;;
mbpoll)
    command -v mbpoll >/dev/null || apt_install mbpoll
    ;;
chromium)
    command -v chromium >/dev/null || apt_install "chromium fonts-dejavu-core"
    ;;
debhelper)
    { command -v dh && command -v dpkg-buildpackage && command -v readelf && command -v fakeroot; } >/dev/null ||
        apt_install "debhelper dpkg-dev binutils fakeroot"
    ;;
lintian)
    command -v lintian >/dev/null || apt_install lintian
    ;;
debootstrap)
    [ -x /usr/sbin/debootstrap ] || apt_install debootstrap
    ;;
proot)
    { command -v proot && command -v qemu-aarch64-static; } >/dev/null || apt_install "proot qemu-user-static"
    ;;
*)
    echo "usage: need.sh venv PYTHON | mosquitto | openssl | mbpoll | chromium | debhelper | lintian | debootstrap | proot" >&2
    exit 2
    ;;
esac
