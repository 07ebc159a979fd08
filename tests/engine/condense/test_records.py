"""Records of many languages stay whole, or keep their head and root cause when they are too long."""

from __future__ import annotations

import pytest

from tai.engine.condense import condense
from tai.engine.condense.records import extent
from tai.llm.tokens import count
from tai.model import Subjects
from tests.engine.evidence import observation

RECORDS = {
    "python": """\
Traceback (most recent call last):
  File "/srv/app/main.py", line 12, in <module>
    serve(port)
  File "/srv/app/net.py", line 40, in serve
    sock.bind(("", port))
PermissionError: [Errno 13] Permission denied""",
    "java": """\
Exception in thread "main" java.lang.IllegalStateException: pool is closed
	at com.example.Pool.take(Pool.java:71)
	at com.example.Main.main(Main.java:12)
Caused by: java.net.ConnectException: Connection refused
	at java.base/sun.nio.ch.Net.connect0(Native Method)
	... 7 more""",
    "go": """\
panic: runtime error: invalid memory address or nil pointer dereference
[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x49a0f4]

goroutine 1 [running]:
main.(*Store).Get(...)
	/src/store.go:31
main.main()
	/src/main.go:9 +0x1d""",
    "rust": """\
thread 'main' panicked at src/main.rs:4:10:
called `Result::unwrap()` on an `Err` value: Os { code: 2, kind: NotFound }
stack backtrace:
   0: rust_begin_unwind
   1: core::panicking::panic_fmt
note: run with `RUST_BACKTRACE=full` for a verbose backtrace""",
    "gdb": """\
Program received signal SIGSEGV, Segmentation fault.
0x0000555555555131 in parse (s=0x0) at parse.cc:7
#0  0x0000555555555131 in parse (s=0x0) at parse.cc:7
#1  0x0000555555555160 in main () at main.cc:12""",
    "kernel": """\
[  71.100001] ------------[ cut here ]------------
[  71.100002] WARNING: CPU: 1 PID: 42 at fs/inode.c:71 drop_nlink+0x3e/0x50
[  71.100003] Modules linked in: overlay xfs
[  71.100004] CPU: 1 PID: 42 Comm: rm Not tainted 6.1.0-9-amd64 #1
[  71.100005] RIP: 0010:drop_nlink+0x3e/0x50
[  71.100006] Call Trace:
[  71.100007]  <TASK>
[  71.100008]  vfs_unlink+0x117/0x290
[  71.100009]  </TASK>
[  71.100010] ---[ end trace 0000000000000000 ]---""",
    "php": """\
PHP Fatal error:  Uncaught PDOException: SQLSTATE[HY000] [2002] No such file or directory in /var/www/db.php:7
Stack trace:
#0 /var/www/db.php(7): PDO->__construct('mysql:host=loca...')
#1 {main}
  thrown in /var/www/db.php on line 7""",
    "ruby": """\
/srv/app/lib/job.rb:12:in `run': undefined method `id' for nil:NilClass (NoMethodError)
	from /srv/app/lib/job.rb:30:in `each'
	from /srv/app/bin/work:4:in `<main>'""",
    "node": """\
Error: listen EADDRINUSE: address already in use :::3000
    at Server.setupListenHandle [as _listen2] (node:net:1817:16)
    at listenInCluster (node:net:1865:12)""",
    "coredump": """\
Nov 21 14:00:01 db-01 systemd-coredump[71]: Process 70 (app) of user 0 dumped core.
{blank}
                                            Stack trace of thread 70:
                                            #0  0x00007f0a raise (libc.so.6 + 0x3c5)
                                            #1  0x00007f0b abort (libc.so.6 + 0x265)""",
    "postgresql": """\
2026-11-21 14:00:01 UTC [71] app@shop ERROR:  duplicate key value violates unique constraint "orders_pkey"
2026-11-21 14:00:01 UTC [71] app@shop DETAIL:  Key (id)=(7) already exists.
2026-11-21 14:00:01 UTC [71] app@shop STATEMENT:  INSERT INTO orders VALUES (7)""",
    "json": """\
{
  "status": "error",
  "cause": "quota exceeded"
}""",
}  # fmt: skip
RECORDS["coredump"] = RECORDS["coredump"].replace("{blank}", " " * 44)  # as systemd-coredump pads it
BEFORE = [f"Nov 21 13:59:{n:02} db-01 app[7]: request {n} served" for n in range(50)]
AFTER = [f"Nov 21 14:01:{n:02} db-01 app[7]: request {n} served" for n in range(50)]


@pytest.mark.parametrize("name", RECORDS)
def test_every_line_of_a_record_leads_to_the_whole(name: str) -> None:
    record = RECORDS[name].split("\n")
    lines = [*BEFORE, *record, *AFTER]
    # Loggers print what went wrong in the line before a Python traceback, so that line is taken along.
    first = len(BEFORE) - (name == "python")
    for at in range(len(BEFORE), len(BEFORE) + len(record)):
        assert extent(lines, at) == (first, len(BEFORE) + len(record) - 1)


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_in_a_long_log_is_kept_whole(name: str) -> None:
    record = RECORDS[name].split("\n")
    lines = [*BEFORE * 40, *record, *AFTER * 40]
    made = condense([observation(1, "\n".join(lines))], [], Subjects(), budget=1500, count=count)
    kept = {number for number, _ in made.sections[0].lines}
    blank = {n for n, line in enumerate(record) if not line.strip()}
    assert {2001 + n for n in range(len(record)) if n not in blank} <= kept


def test_log_lines_do_not_run_together() -> None:
    lines = [
        "Nov 21 14:00:01 db-01 sudo[7]:  app : TTY=unknown ; PWD=/ ; USER=root ; COMMAND=/bin/true",
        "2026-11-21 14:00:01,123  INFO main - started",
        "2026-11-21 14:00:02,123  WARN main - slow",
        "[   12.345678] usb 1-1: new device",
        "[   12.345679] usb 1-1: device ready",
    ]
    assert [extent(lines, at) for at in range(5)] == [(at, at) for at in range(5)]


def test_a_trace_too_long_for_the_budget_keeps_its_head_and_its_root_cause() -> None:
    trace = [
        "java.lang.RuntimeException: cannot start the web server",
        *(f"\tat com.example.a.Layer{n}.call(Layer{n}.java:{n})" for n in range(60)),
        "Caused by: java.io.IOException: Address already in use",
        *(f"\tat com.example.b.Layer{n}.call(Layer{n}.java:{n})" for n in range(60)),
    ]
    lines = [*BEFORE, *trace, *AFTER]
    made = condense([observation(1, "\n".join(lines))], [], Subjects(), budget=600, count=count)
    kept = [line for _, line in made.sections[0].lines]
    assert trace[0] in kept
    assert trace[61] in kept
    assert len(kept) < 60
