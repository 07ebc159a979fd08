"""Words of each type in the catalogue, and whole command lines made of them, for tests that walk the catalogue."""

from __future__ import annotations

from collections.abc import Iterator

from tai.policy.spec import Flag, Form, Operands, Program, Style, Takes
from tai.policy.types import ValueType

# The first word of each is the plainest; the others reach the corners of the type.
NAMED: dict[str, tuple[str, ...]] = {
    "address": ("127.0.0.1", "fe80::1"),
    "audit_time": ("today", "recent", "01/31/2026", "10:00:00"),
    "block_size": ("1M", "512", "KiB"),
    "blockdev": ("/dev/sda", "/dev/nvme0n1p2", "/dev/mapper/vg-root", "/dev/vg0/root"),
    "bootid": ("0", "-1", "all"),
    "clock": ("10:00:00", "9:30"),
    "column": ("NAME", "NAME,SIZE", "+devices"),
    "connection": ("eth0", "Wired connection 1"),
    "conntrack_table": ("conntrack", "expect"),
    "date_format": ("+%s", "+%F %T"),
    "diskname": ("sda", "ALL", "nvme0n1"),
    "dns_name": ("host.example", "1.0.0.127.in-addr.arpa"),
    "dns_server": ("@127.0.0.1",),
    "dns_type": ("A", "mx"),
    "every": ("1", "10"),
    "fields": ("ALL", "0,2", "a=b"),
    "fields_upper": ("DEV", "DEV,EDEV", "ALL"),
    "file_types": ("f", "f,d"),
    "find_mode": ("/022", "644", "-o=w"),
    "find_number": ("+1", "-7", "0"),
    "find_size": ("+500M", "0"),
    "format": ("%n", "{{.Names}} x"),
    "glob": ("*.log", "a b"),
    "host": ("localhost", "fe80::1%eth0"),
    "host_name": ("x.example",),
    "hostport": ("localhost:443", "[::1]:443"),
    "ident": ("root", "user@host/x"),
    "ident_list": ("user=root", "user=root,addr=10.0.0.5"),
    "ifname": ("lo", "eth0.100"),
    "k8s_kinds": ("pods", "deploy,svc"),
    "k8s_output": ("yaml", "jsonpath={.items[*].metadata.name}"),
    "k8s_ref": ("pod/web-0",),
    "k8s_workload": ("deploy/web", "pod/web-0"),
    "k8s_workload_kind": ("deployment",),
    "lsof_net": ("TCP", ":443", "4tcp@127.0.0.1:22"),
    "lsof_users": ("root", "^root,daemon"),
    "match": ("_PID=1", "+", "MESSAGE_ID=a b"),
    "module": ("ext4",),
    "mount_source": ("UUID=ab-cd", "server:/export"),
    "name": ("root", "a.b-c"),
    "nft_family": ("inet",),
    "number": ("1",),
    "number_list": ("1", "1,2-4"),
    "package": ("bash", "linux-image*"),
    "package_or_path": ("bash", "/bin/bash"),
    "pattern": ("x", "", "^[a-z]+ 'q' \\d$", "-x"),
    "pid": ("1",),
    "pids": ("1", "1,2"),
    "port": ("80", "80/tcp"),
    "prefix": ("default", "10.0.0.0/8"),
    "priority": ("err", "0..4"),
    "process_names": ("bash", "a,b"),
    "prop": ("Id", "Id,MainPID"),
    "ps_columns": ("pid,comm", "pid=,args=X", "user:32,pid"),
    "ps_sort": ("-rss", "+pid,-%cpu"),
    "rpm_format": ("%{NAME}",),
    "signed": ("5", "+5", "-5"),
    "size": ("10", "+1M"),
    "ss_filter": ("dst", "127.0.0.1", ":22", "( dport = :22 or sport = :22 )", "established"),
    "sysctl_key": ("vm.swappiness", "net/ipv4/ip_forward"),
    "text": ("x", "a b", "-x"),
    "time": ("yesterday", "-15min", "2026-01-31 10:00:00", "2 hours ago"),
    "times": ("1", "10"),
    "ufw_view": ("verbose",),
    "unit": ("ssh.service", "system-getty.slice", "dev-disk-by\\x2duuid.device", "*.timer"),
    "user": ("root", "DOM\\user"),
    "users": ("root", "root,daemon"),
    "zname": ("tank", "tank/data@now"),
    "zprops": ("all", "used,available"),
}
PATHS: dict[str, tuple[str, ...]] = {
    "file": ("/etc/hosts", "/proc/meminfo"),
    "cert": ("/etc/ssl/certs/site.crt", "/etc/shop/tls/site.pem"),
    "dir": ("/etc/systemd", "/var/log"),
    "any": ("/etc/hosts", "/usr/bin/env"),
    "meta": ("/etc", "/", "/home/app/.ssh"),
}


def words(value: ValueType) -> tuple[str, ...]:
    """Words that fit the type."""
    kind, _, detail = value.name.partition(":")
    if kind in {"int", "num"}:
        return tuple(detail.split("-"))
    if kind == "enum":
        return tuple(detail.split("|"))
    return PATHS.get(value.name) or NAMED[value.name]


def flag_words(program: Program, flag: Flag, name: str, value: str | None) -> list[str]:
    """A flag as somebody would type it."""
    if value is None:
        return [name]
    if flag.takes in {Takes.ATTACHED, Takes.ATTACHED_OR_NEXT}:
        return [f"{name}={value}" if name.startswith("--") else name + value]
    if name.startswith("--") and program.style is not Style.WORDS:
        return [f"{name}={value}"]
    return [name, value]


def operand_words(choice: Operands, *, most: bool = False) -> list[str]:
    """As few operands as are allowed, or one more of each where that is allowed."""
    return [
        words(rule.type)[0]
        for rule in choice
        for _ in range(rule.least + (1 if most and rule.most > rule.least else 0))
    ]


def lines_with_each_flag(program: Program, form: Form) -> Iterator[tuple[Flag, list[str]]]:
    """For every flag of a form, one line with that flag and what else the form requires."""
    for flag in form.own_flags():
        value = words(flag.value)[0] if flag.value is not None else None
        words_of_flag = flag_words(program, flag, flag.names[-1], value)
        line = required(program, form, {flag.name}) + words_of_flag
        yield flag, [program.name, *form.words, *line, *operands_for(form, line)]


def required(program: Program, form: Form, given: set[str]) -> list[str]:
    """The flags that the form cannot do without, besides those that are given."""
    names = [name for name in form.require if name not in given]
    if form.require_any and given.isdisjoint(form.require_any):
        names.append(form.require_any[0])
    line: list[str] = []
    for name in names:
        flag = form.flags[name]
        needs = flag.value is not None and flag.takes is Takes.VALUE
        line += flag_words(program, flag, name, words(flag.value)[0] if needs and flag.value else None)
    return line


def operands_for(form: Form, line: list[str]) -> list[str]:
    """Operands that suit the flags in `line`."""
    names = {form.flags[word].name for word in line if word in form.flags}
    names |= {
        form.flags[word.partition("=")[0]].name for word in line if word.partition("=")[0] in form.flags
    }
    for wanted, choices in form.operands_with:
        if wanted <= names:
            return operand_words(choices[0])
    return operand_words(form.operands[0])
