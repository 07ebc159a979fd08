"""Sockets: who listens, how full the queues are, and the kernel's counters and limits of them."""

from __future__ import annotations

import re

from tai.parsers.rows import Row, Rows, percent

_STATES = (
    "LISTEN|UNCONN|ESTAB|SYN-SENT|SYN-RECV|FIN-WAIT-1|FIN-WAIT-2|TIME-WAIT|CLOSE-WAIT|LAST-ACK|CLOSING|CLOSED"
)
_SS = re.compile(
    rf"(?:(?P<protocol>tcp|udp|sctp|raw|mptcp|dccp)\s+)?(?:(?P<state>{_STATES})\s+)?(?P<recv>\d+)\s+(?P<send>\d+)\s+"
    r"(?P<local>\S+)[:](?P<port>\d+|\*)\s+(?P<peer>\S+)[:](?P<peer_port>\d+|\*)\s*(?:users:\(\((?P<users>.*)\)\))?.*"
)
_NETSTAT = re.compile(
    r"(?P<protocol>tcp|udp)6?\s+(?P<recv>\d+)\s+(?P<send>\d+)\s+(?P<local>\S+):(?P<port>\d+|\*)\s+(?P<peer>\S+):"
    r"(?P<peer_port>\d+|\*)\s*(?P<state>[A-Z][A-Z_0-9]*)?\s*(?:(?P<pid>\d+)/(?P<process>\S+)|-)?.*"
)
_USER = re.compile(r'"(?P<process>[^"]+)",pid=(?P<pid>\d+)')
_LOOPBACK = re.compile(r"(?:127\.|\[?::1\]?$|\[?::ffff:127\.)")
_NETSTAT_STATES = {"ESTABLISHED": "ESTAB", "": "UNCONN"}


def sockets(text: str) -> Rows:
    """`ss -tu…n[p]` or `netstat -tu…n[p]` → protocol, state, recv_q, send_q, queue_percent, local, port, peer, process, pid.

    queue_percent: of a listening TCP socket of ss, how full its accept queue is (Recv-Q of Send-Q); else 0.
    loopback: it listens on a loopback address. state '' when ss was asked for one state and does not print it. A table
    with nothing but its header gives no rows. Raises ValueError for other text. Source: ss(8), netstat(8).
    """
    rows: Rows = []
    header = False
    for index, line in enumerate(text.split("\n"), start=1):
        header = header or "Recv-Q" in line
        words = line.strip()
        if found := _NETSTAT.fullmatch(words):
            state = (found["state"] or "").replace("_", "-")
            row = _socket(found, _NETSTAT_STATES.get(state, state), index)
            rows.append({**row, "process": found["process"] or "", "pid": int(found["pid"] or 0)})
        elif found := _SS.fullmatch(words):
            user = _USER.search(found["users"] or "")
            row = _socket(found, found["state"] or "", index)
            if row["state"] == "LISTEN" and row["protocol"] != "udp":
                row["queue_percent"] = percent(row["recv_q"], row["send_q"])
            rows.append(
                {**row, "process": user["process"] if user else "", "pid": int(user["pid"]) if user else 0}
            )
    if not rows and not header:
        raise ValueError("no table of sockets")
    return rows


def _socket(found: re.Match[str], state: str, index: int) -> Row:
    local = found["local"]
    return {
        "protocol": found["protocol"] or "tcp",
        "state": state,
        "recv_q": int(found["recv"]),
        "send_q": int(found["send"]),
        "queue_percent": 0.0,
        "local": local,
        "port": int(found["port"]) if found["port"].isdigit() else 0,
        "peer": found["peer"],
        "peer_port": int(found["peer_port"]) if found["peer_port"].isdigit() else 0,
        "loopback": bool(_LOOPBACK.match(local)),
        "_line": index,
    }


def port_sockets(text: str) -> Rows:
    """`ss -tanp sport = :PORT` → one row about the port: listeners, loopback_only, established, close_wait, syn_recv, process.

    loopback_only: somebody listens, and only on loopback addresses. Cites the listener's line, or the header.
    """
    found = sockets(text)
    listening = [row for row in found if row["state"] == "LISTEN"]
    count = {
        name: sum(row["state"] == state for row in found)
        for name, state in (("established", "ESTAB"), ("close_wait", "CLOSE-WAIT"), ("syn_recv", "SYN-RECV"))
    }
    first = listening[0] if listening else {}
    return [
        {
            "port": first.get("port", found[0]["port"] if found else 0),
            "listeners": len(listening),
            "loopback_only": bool(listening) and all(row["loopback"] for row in listening),
            "process": first.get("process", ""),
            **count,
            "_line": first.get("_line", 1),
        }
    ]


_SECTION = re.compile(r"==> (?P<path>\S+) <==")


def sockstat(text: str) -> Rows:
    """`head -v` of sockstat and the limits beside it → one row of counts, limits, and how much of each is used.

    tcp_inuse, tcp_orphans, tcp_timewait, tcp_alloc, tcp_pages; memory_limit_pages, orphans_limit, first_port, last_port, ports;
    memory_percent: TCP's pages of the hard limit (third word of tcp_mem); orphans_percent; ports_percent: connections and
    those in TIME-WAIT of the ephemeral ports, which says something only when most of them go to one peer.
    Raises ValueError without a TCP line. Source: tcp(7), kernel Documentation/networking/ip-sysctl.rst.
    """
    row: Row = {"_line": 1, "_at": {}}
    section = ""
    for index, line in enumerate(text.split("\n"), start=1):
        words = line.split()
        if head := _SECTION.match(line):
            section = head["path"].rpartition("/")[2]
        elif line.startswith("TCP: "):
            told = dict(zip(words[1::2], words[2::2], strict=False))
            names = {
                "inuse": "tcp_inuse",
                "orphan": "tcp_orphans",
                "tw": "tcp_timewait",
                "alloc": "tcp_alloc",
                "mem": "tcp_pages",
            }
            row.update({name: int(told.get(word, "0")) for word, name in names.items()})
            row["_line"] = index
        elif section == "tcp_mem" and len(words) == 3:
            row["memory_limit_pages"] = int(words[2])
            row["_at"]["memory_limit_pages"] = index
        elif section == "tcp_max_orphans" and len(words) == 1:
            row["orphans_limit"] = int(words[0])
            row["_at"]["orphans_limit"] = index
        elif section == "ip_local_port_range" and len(words) == 2:
            row["first_port"], row["last_port"] = int(words[0]), int(words[1])
            row["_at"]["ports"] = index
    if "tcp_inuse" not in row:
        raise ValueError("no TCP line of sockstat")
    row["ports"] = row.get("last_port", 0) - row.get("first_port", 0) + 1 if "last_port" in row else 0
    row["memory_percent"] = percent(row["tcp_pages"], row.get("memory_limit_pages", 0))
    row["orphans_percent"] = percent(row["tcp_orphans"], row.get("orphans_limit", 0))
    row["ports_percent"] = percent(row["tcp_inuse"] + row["tcp_timewait"], row["ports"])
    return [row]


_WANTED = {
    "TcpExt": (
        "ListenOverflows",
        "ListenDrops",
        "PruneCalled",
        "TCPAbortOnMemory",
        "TCPTimeWaitOverflow",
        "TCPReqQFullDrop",
    ),
    "Tcp": (
        "ActiveOpens",
        "PassiveOpens",
        "AttemptFails",
        "EstabResets",
        "RetransSegs",
        "OutSegs",
        "InErrs",
        "OutRsts",
    ),
    "Udp": ("InDatagrams", "RcvbufErrors", "SndbufErrors", "InErrors", "NoPorts"),
    "Ip": ("InDiscards", "OutNoRoutes", "FragFails", "ReasmFails"),
}


def protocol_counters(text: str) -> Rows:
    """/proc/net/netstat and /proc/net/snmp → one row of counters since boot, named `tcpext_listenoverflows` and so on.

    retransmitted_percent: of all segments sent; udp_lost_percent: datagrams that a full receive buffer lost; overflow_percent:
    connections that found the accept queue full, of all that were accepted. Raises ValueError when neither file is there.
    """
    row: Row = {"_line": 0, "_at": {}}
    names: dict[str, list[str]] = {}
    for index, line in enumerate(text.split("\n"), start=1):
        table, colon, rest = line.partition(": ")
        if not colon or table not in _WANTED:
            continue
        words = rest.split()
        if not all(re.fullmatch(r"-?\d+", word) for word in words):
            names[table] = words
            continue
        told = dict(zip(names.get(table, ()), words, strict=False))
        for name in _WANTED[table]:
            if name in told:
                key = f"{table}_{name}".lower()
                row[key] = int(told[name])
                row["_at"][key] = index
        row["_line"] = row["_line"] or index
    if not row["_at"]:
        raise ValueError("no counters of /proc/net/netstat or snmp")
    row["retransmitted_percent"] = percent(row.get("tcp_retranssegs", 0), row.get("tcp_outsegs", 0))
    row["udp_lost_percent"] = percent(
        row.get("udp_rcvbuferrors", 0), row.get("udp_indatagrams", 0) + row.get("udp_rcvbuferrors", 0)
    )
    row["overflow_percent"] = percent(
        row.get("tcpext_listenoverflows", 0),
        row.get("tcp_passiveopens", 0) + row.get("tcpext_listenoverflows", 0),
    )
    return [row]
