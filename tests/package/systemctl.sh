#!/bin/sh
# Starts, stops and shows evsed and its guard where no systemd runs, as systemctl and systemd-run would: as much of them as
# evsed-update asks for. Put there under both names by unbooted.py.
set -u
state=/run/as-systemctl
mkdir -p "$state"

as_evsed() {
    set -- setpriv --reuid=evsed --regid=evsed --init-groups --inh-caps=+net_bind_service --ambient-caps=+net_bind_service "$@"
    exec "$@"
}

process() { # UNIT: its process, if it lives
    pid=$(cat "$state/$1" 2>/dev/null) || return 1
    grep -q '^State:[[:space:]]*[^ZX]' "/proc/$pid/status" 2>/dev/null || return 1
    echo "$pid"
}

start() { # UNIT
    process "$1" >/dev/null && return
    case $1 in
    evsed.service) set -- "$1" /usr/bin/python3 -I /usr/bin/evsed run ;;
    *) set -- "$1" /usr/sbin/evsed-guard ;;
    esac
    unit=$1
    shift
    echo "start $unit $(date +%s)" >>"$state/log"
    (umask 077 && as_evsed setsid "$@") >>"/var/log/$unit.log" 2>&1 </dev/null &
    echo $! >"$state/$unit"
}

stop() { # UNIT
    pid=$(process "$1") || return 0
    echo "stop $1 $(date +%s)" >>"$state/log"
    kill "$pid"
    while process "$1" >/dev/null; do sleep 0.1; done
    case $1 in evsed.service | evsed-guard.service) runuser -u evsed -- /usr/sbin/evsed-safe >/dev/null 2>&1 ;; esac
}

if [ "${0##*/}" = systemd-run ]; then
    while [ "${1#-}" != "$1" ]; do shift; done
    as_evsed "$@"
fi
verb=$1
shift
case $verb in
start | stop) for unit in "$@"; do "$verb" "$unit"; done ;;
show)
    asked=$1
    for unit in "$@"; do :; done
    if pid=$(process "$unit"); then active=active; else pid=0 active=inactive; fi
    case $asked in
    *MainPID*) printf 'ActiveState=%s\nMainPID=%s\n' "$active" "$pid" ;;
    *) echo "$active" ;;
    esac
    ;;
*) exit 1 ;;
esac
