#!/bin/sh
# Sees to the programs that the tests run against: a real OpenSSH server, the login shells that the wire form must
# survive, strace, and what makes a real journal; with `hosts` also those that build and start hosts in containers, with
# `machines` those and QEMU. Installs what is missing where it may (root on Debian and kin); else names the exact command,
# and what needs it says so.
set -eu

missing=""
need() { # program, Debian package
    command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || missing="$missing $2"
}
need sshd openssh-server
need ssh openssh-client
need ssh-agent openssh-client
need mandoc mandoc
need zsh zsh
need tcsh tcsh
need fish fish
need ksh93 ksh93u+m
need mksh mksh
need busybox busybox-static
need dropbear dropbear-bin
need strace strace
need visudo sudo
need ip iproute2
need ps procps
need ping iputils-ping
[ -x /lib/systemd/systemd-journal-remote ] || missing="$missing systemd-journal-remote"
case "${1-}" in hosts | machines)
    need mmdebstrap mmdebstrap
    need systemd-nspawn systemd-container
    need mkfs.ext4 e2fsprogs
    need nft nftables
    ;;
esac
if [ "${1-}" = machines ]; then
    need qemu-system-x86_64 qemu-system-x86
    need qemu-img qemu-utils
    need zstd zstd
fi

[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing for the tests:$missing" >&2
    apt-get update -qq
    # A package that starts a service must not: the tests start their own.
    policy=/usr/sbin/policy-rc.d
    made=""
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
        made=yes
    fi
    # shellcheck disable=SC2086 # a list of package names
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing >/dev/null ||
        echo "some of them could not be installed; the tests that need them will say so" >&2
    [ -z "$made" ] || rm -f "$policy"
else
    echo "some tests will skip; to run them all: sudo apt-get install$missing" >&2
fi
