"""Which paths may be read, listed or read through, and what the mount table says about them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tai.errors import ConfigError, PolicyRefusal
from tai.policy import PathKind, mount_guard, path_allowed
from tai.policy.globs import translate, union
from tai.policy.paths import load, normalise

MOUNTS = """\
21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
22 21 0:5 / /proc rw,nosuid - proc proc rw
23 22 0:60 /proc/meminfo /proc/meminfo rw - fuse.lxcfs lxcfs rw
30 21 0:41 / /srv/share rw - nfs4 files:/export rw,vers=4.2
31 21 0:42 / /mnt/with\\040space rw - cifs //win/share rw
32 21 0:43 / /home rw - autofs systemd-1 rw,fd=30
33 32 8:3 / /home/local rw - ext4 /dev/sda3 rw
34 21 0:44 / /data rw - ext4 /dev/sdb1 rw
35 21 0:45 / /data rw - fuse.sshfs host:/ rw
36 21 0:46 / /srv/sharedlib rw - xfs /dev/sdc1 rw
not a mount line
"""


def allowed(path: str, kind: PathKind) -> bool:
    try:
        path_allowed(path, kind)
    except PolicyRefusal:
        return False
    return True


@pytest.mark.parametrize(
    "path",
    [
        "/var/log/syslog", "/var/log/nginx/error.log", "/etc/hosts", "/etc/ssh/sshd_config", "/etc/nginx/sites-enabled/default", "/etc/os-release", "/usr/lib/os-release",
        "/proc/meminfo", "/proc/1234/limits", "/proc/self/mountinfo", "/proc/net/sockstat", "/proc/4711/mounts", "/proc/pressure/memory", "/proc/sys/vm/swappiness",
        "/sys/class/net/eth0/statistics/rx_errors", "/sys/devices/pci0000:00/0000:00:03.0/virtio0/net/eth0/statistics/rx_errors", "/sys/block/sda/queue/scheduler",
        "/sys/fs/cgroup/system.slice/nginx.service/memory.current", "/sys/devices/system/cpu/vulnerabilities/meltdown", "/run/systemd/resolve/stub-resolv.conf",
        "/etc/letsencrypt/live/site/fullchain.pem", "/etc/kubernetes/pki/apiserver.crt", "/etc/ssh/ssh_host_ed25519_key.pub",
        "/var/lib/docker/containers/abc/abc-json.log",
    ],
)  # fmt: skip
def test_evidence_may_be_read(path: str) -> None:
    path_allowed(path, "file")


@pytest.mark.parametrize(
    "path",
    [
        "/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/sudoers", "/etc/sudoers.d/app", "/etc/ssh/ssh_host_rsa_key", "/etc/ssl/private/site.key", "/etc/pki/tls/private/x.key",
        "/etc/letsencrypt/live/site/privkey.pem", "/etc/letsencrypt/archive/site/privkey1.pem", "/etc/nginx/ssl/site.key", "/etc/nginx/.htpasswd", "/etc/app/.env", "/etc/app/prod.env",
        "/etc/kubernetes/admin.conf", "/etc/kubernetes/pki/ca.key", "/etc/rancher/k3s/k3s.yaml", "/etc/mysql/debian.cnf", "/etc/krb5.keytab", "/etc/wireguard/wg0.conf", "/etc/sssd/sssd.conf",
        "/etc/NetworkManager/system-connections/wifi.nmconnection", "/etc/postfix/sasl_passwd", "/etc/ppp/chap-secrets", "/etc/machine-id", "/etc/.git-credentials", "/etc/app/id_rsa",
        "/root/.ssh/id_ed25519", "/root/.bash_history", "/home/bob/.ssh/id_rsa", "/home/bob/notes.txt", "/var/log/app/.env", "/var/log/backup/server.p12", "/opt/app/conf/store.jks",
        "/proc/1/environ", "/proc/self/environ", "/proc/1/mem", "/proc/1/maps", "/proc/1/root/etc/hosts", "/proc/1/cwd/x", "/proc/1/fd/3", "/proc/1/task/1/environ", "/proc/kmsg", "/proc/kcore",
        "/proc/kallsyms", "/proc/sysrq-trigger", "/proc/keys", "/proc/sys/kernel/random/uuid", "/proc/sys/net/ipv6/conf/all/stable_secret", "/proc/bus/pci/00/00.0",
        "/sys/kernel/debug/tracing/trace_pipe", "/sys/kernel/tracing/trace_pipe", "/sys/firmware/efi/efivars/x", "/sys/power/state", "/sys/devices/pci0000:00/0000:00:1f.0/config",
        "/dev/sda", "/dev/kmsg", "/dev/watchdog", "/dev/zero", "/run/docker.sock", "/run/secrets/token", "/run/user/1000/bus", "/var/lib/kubelet/pki/kubelet-client-current.pem",
        "/var/lib/sss/db/cache.ldb", "/var/spool/cron/crontabs/root", "/boot/grub/user.cfg", "/", "/etc", "/tmp/x", "/data/db/users.csv",
    ],
)  # fmt: skip
def test_secrets_devices_and_files_with_effects_may_not_be_read(path: str) -> None:
    assert not allowed(path, "file")
    assert not allowed(path, "any")


def test_attributes_of_a_secret_may_be_seen() -> None:
    path_allowed("/etc/shadow", "meta")
    path_allowed("/home/bob/.ssh", "meta")
    path_allowed("/dev/sda", "meta")
    path_allowed("/", "meta")


@pytest.mark.parametrize(
    "path", ["/proc/1/root", "/proc/1/root/etc", "/proc/1/cwd/x", "/proc/7/fd/3/x", "/sys/kernel/debug/x"]
)
def test_other_roots_may_not_even_be_listed(path: str) -> None:
    assert not allowed(path, "meta")


def test_only_directories_without_secrets_may_be_read_through() -> None:
    path_allowed("/var/log", "dir")
    path_allowed("/etc/systemd/system", "dir")
    for path in ("/", "/etc", "/etc/ssl", "/home", "/root", "/proc", "/opt/app/conf", "/etc/kubernetes"):
        assert not allowed(path, "dir"), path


def test_refusal_offers_to_list_what_may_not_be_read() -> None:
    with pytest.raises(PolicyRefusal) as caught:
        path_allowed("/etc/shadow", "file")
    assert caught.value.nearest == "ls -l /etc/shadow"


@pytest.mark.parametrize(
    "path",
    [
        "etc/hosts",
        "",
        "/etc/../etc/shadow",
        "/var/log/..",
        "//etc/hosts",
        "/etc/hosts/",
        "/etc/./hosts",
        "/etc/ho\nsts",
    ],
)
def test_path_that_is_not_normalised_is_refused(path: str) -> None:
    assert not allowed(path, "file")
    assert not allowed(path, "meta")


def test_normalising_never_resolves_two_dots() -> None:
    assert normalise("//var/./log//") == "/var/log"
    assert normalise("/") == "/"
    with pytest.raises(PolicyRefusal):
        normalise("/var/log/../../etc/hosts")


@given(st.lists(st.sampled_from(["", ".", "a", "b c", "...", "etc"]), max_size=6))
def test_normalising_twice_changes_nothing(parts: list[str]) -> None:
    once = normalise("/" + "/".join(parts))
    assert normalise(once) == once
    assert "//" not in once


@pytest.mark.parametrize(
    ("glob", "matching", "other"),
    [
        ("/etc/*", ["/etc/hosts", "/etc/.x"], ["/etc", "/etc/a/b", "/etcx"]),
        ("/etc/**", ["/etc/hosts", "/etc/a/b"], ["/etc", "/etcetera/x"]),
        ("**/.ssh/**", ["/.ssh/x", "/home/b/.ssh/id", "/a/.ssh/b/c"], ["/home/b/.ssh", "/home/b.ssh/x"]),
        ("/sys/**/vpd", ["/sys/vpd", "/sys/a/b/vpd"], ["/sys/a/vpdx", "/sysx/vpd"]),
        (
            "/proc/{self,[0-9]+}/{a,b*}",
            ["/proc/self/a", "/proc/12/bx"],
            ["/proc/x1/a", "/proc//a", "/proc/1/c"],
        ),
        ("/a{,/**}", ["/a", "/a/b"], ["/ab"]),
        ("/x?.log", ["/xy.log"], ["/x/.log", "/x.log", "/xyzlog"]),
        ("/a.b+c", ["/a.b+c"], ["/axb+c", "/a.bbc"]),
    ],
)
def test_globs(glob: str, matching: list[str], other: list[str]) -> None:
    pattern = union([glob])
    assert [path for path in matching if not pattern.fullmatch(path)] == []
    assert [path for path in other if pattern.fullmatch(path)] == []


@pytest.mark.parametrize("glob", ["/a{b", "/a}b", "/a[bc]", "/a**b", "/[0-9]"])
def test_malformed_glob_is_an_error(glob: str) -> None:
    with pytest.raises(ValueError, match=re.escape(glob)):
        translate(glob)


def test_no_glob_matches_nothing() -> None:
    assert union([]).fullmatch("") is None


@pytest.mark.parametrize(
    ("path", "filesystem"),
    [
        ("/srv/share", "nfs4"), ("/srv/share/a/b", "nfs4"), ("/mnt/with space/x", "cifs"), ("/home/bob", "autofs"), ("/data/x", "fuse.sshfs"),
    ],
)  # fmt: skip
def test_path_on_a_remote_file_system_is_guarded(path: str, filesystem: str) -> None:
    assert filesystem in mount_guard(path, MOUNTS)


@pytest.mark.parametrize(
    "path", ["/", "/var/log/syslog", "/srv/sharedlib/x", "/home/local/x", "/proc/meminfo", "/srv/sharex"]
)
def test_path_on_a_local_file_system_is_not_guarded(path: str) -> None:
    assert mount_guard(path, MOUNTS) == ""


def test_empty_or_foreign_mount_table_guards_nothing() -> None:
    assert mount_guard("/etc", "") == ""
    assert mount_guard("/etc", "garbage - \n - - -\n1 2 3 - nfs") == ""


@given(st.text(), st.text())
def test_mount_guard_never_raises(path: str, table: str) -> None:
    assert isinstance(mount_guard(path, table), str)


@pytest.mark.parametrize("text", ["read = 1", "[read", "other = []"])
def test_malformed_path_lists_are_a_config_error(text: str) -> None:
    with pytest.raises(ConfigError):
        load(text)
