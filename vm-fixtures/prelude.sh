# What every script of an incident may use; it is sent in front of each.

# fail WORDS: the host is not as it was meant to be.
fail() { echo "not as meant: $1" >&2; exit 1; }

# await SECONDS COMMAND...: run it until it succeeds, or fail.
await() {
    tries=$(($1 * 5))
    shift
    for _ in $(seq "$tries"); do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.2
    done
    fail "this did not come: $*"
}

# now: for the ticket, `2026-01-31 08:15` in UTC.
now() { date --utc '+%F %H:%M'; }

# logged UNIT PATTERN: whether the unit's journal has such a line.
logged() { journalctl --quiet --boot --unit "$1" --grep "$2" --lines 1 | grep -q .; }

# answers STATUS URL: whether a request gets this HTTP status.
answers() { [ "$(curl -sk -m 5 -o /dev/null -w '%{http_code}' "$2")" = "$1" ]; }

# failed UNIT, running UNIT
failed() { systemctl is-failed --quiet "$1"; }
running() { systemctl is-active --quiet "$1"; }

# program NAME TITLE: the Python program on standard input as NAME.service, neither enabled nor started.
program() {
    cat >"/opt/$1.py"
    cat >"/etc/systemd/system/$1.service" <<UNIT
[Unit]
Description=$2

[Service]
ExecStart=/usr/bin/python3 /opt/$1.py

[Install]
WantedBy=multi-user.target
UNIT
    systemctl daemon-reload
}
