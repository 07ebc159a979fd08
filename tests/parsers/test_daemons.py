"""Outputs of daemons' tools in the forms that a healthy test host does not give. Shapes as the programs print them."""

from __future__ import annotations

import json

import pytest

from tai.parsers import parse


def test_access_log_counts_by_status_and_cites_the_last_line_of_each() -> None:
    text = (
        '192.0.2.9 - - [25/Nov/2026:21:00:20 +0000] "GET / HTTP/1.1" 200 197 "-" "curl/7.88.1"\n'
        '192.0.2.9 - ann [25/Nov/2026:21:00:21 +0000] "GET /a HTTP/1.1" 502 157 "-" "curl/7.88.1"\n'
        'www.example.org:80 192.0.2.9 - - [25/Nov/2026:21:00:22 +0000] "GET /b HTTP/1.1" 502 -\n'
    )
    ok, bad = parse("access-log", text)
    assert (ok["status"], ok["count"], ok["percent"], ok["total"]) == (200, 1, 33.3, 3)
    assert (bad["status"], bad["count"], bad["request"], bad["_line"]) == (502, 2, "GET /b HTTP/1.1", 3)


def test_log_of_another_form_is_not_counted_as_an_access_log() -> None:
    with pytest.raises(ValueError, match="access log"):
        parse("access-log", '{"level":"info","status":502}\n{"level":"info","status":200}\n')


@pytest.mark.parametrize(
    ("status", "state", "code", "health"),
    [
        ("Up 2 hours", "running", None, ""),
        ("Up 2 hours (unhealthy)", "running", None, "unhealthy"),
        ("Up 5 seconds (health: starting)", "running", None, "starting"),
        ("Up 2 hours (Paused)", "paused", None, ""),
        ("Exited (137) 3 minutes ago", "exited", 137, ""),
        ("Restarting (1) 12 seconds ago", "restarting", 1, ""),
        ("Created", "created", None, ""),
    ],
)
def test_docker_without_a_state_of_its_own_is_read_from_the_status(
    status: str, state: str, code: int | None, health: str
) -> None:
    line = json.dumps({"ID": "4c1f2a3b4d5e6f", "Names": "shop-1,web/db", "Image": "shop", "Status": status})
    (row,) = parse("docker-ps", f"WARNING: no swap limit support\n{line}\n")
    assert (row["state"], row["exit_code"], row["health"]) == (state, code, health)
    assert (row["name"], row["id"], row["_line"]) == ("shop-1", "4c1f2a3b4d5e", 2)


def test_crictl_tells_containers_and_pods_alike() -> None:
    containers = json.dumps(
        {
            "containers": [
                {
                    "id": "87d3992f84f74ab1",
                    "metadata": {"name": "api", "attempt": 12},
                    "state": "CONTAINER_EXITED",
                    "labels": {"io.kubernetes.pod.name": "api-1", "io.kubernetes.pod.namespace": "shop"},
                }
            ]
        },
        indent=2,
    )
    (row,) = parse("crictl", containers)
    assert (row["name"], row["pod"], row["namespace"], row["state"], row["attempt"]) == (
        "api", "api-1", "shop", "exited", 12,
    )  # fmt: skip
    lines = containers.split("\n")
    assert "87d3992f84f74ab1" in lines[row["_line"] - 1]
    assert "CONTAINER_EXITED" in lines[row["_at"]["state"] - 1]
    pods = json.dumps({"items": [{"id": "a1", "metadata": {"name": "api-1"}, "state": "SANDBOX_NOTREADY"}]})
    assert parse("crictl", pods)[0]["state"] == "notready"
    with pytest.raises(ValueError, match="neither"):
        parse("crictl", "{}")


def test_mail_queue_reads_postfix_and_exim_and_an_empty_one() -> None:
    postfix = (
        "-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------\n"
        "75A2A8995*     2044 Wed Nov 25 21:13:23  MAILER-DAEMON\n"
        "                                         root@example.org\n"
        "\n"
        "DB3358984       238 Wed Nov 25 21:12:42  a@app-01\n"
        "(host 127.0.0.1[127.0.0.1] said: 450 4.2.0 Greylisted (in reply to RCPT TO command))\n"
        "                                         u2@example.org\n"
        "\n"
        "-- 2 Kbytes in 2 Requests.\n"
    )
    active, deferred = parse("mail-queue", postfix)
    assert (active["state"], active["recipient"], active["reason"]) == ("active", "root@example.org", "")
    assert (deferred["state"], deferred["recipient"]) == ("deferred", "u2@example.org")
    assert deferred["reason"].startswith("host 127.0.0.1")
    assert deferred["_at"]["reason"] == 6
    exim = "25m  2.9K 1oxyzA-000c8a-00 <a@example.org> *** frozen ***\n          u@example.net\n"
    (frozen,) = parse("mail-queue", exim)
    assert (frozen["state"], frozen["sender"], frozen["recipient"]) == (
        "frozen",
        "a@example.org",
        "u@example.net",
    )
    assert parse("mail-queue", "Mail queue is empty\n") == []
    with pytest.raises(ValueError, match="no mail queue"):
        parse("mail-queue", "postqueue: fatal: Queue report unavailable - mail system is down\n")


@pytest.mark.parametrize("none", ["-", "n/a"])
def test_timers_know_what_never_ran(none: str) -> None:
    text = (
        "NEXT                        LEFT       LAST                        PASSED    UNIT           ACTIVATES\n"
        "Wed 2026-11-25 21:20:00 UTC 26s left   Wed 2026-11-25 21:10:04 UTC 9min ago  backup.timer   backup.service\n"
        f"{none:<28}{none:<11}{none:<28}{none:<10}fstrim.timer   \n"
        "\n2 timers listed.\n"
    )
    ran, never = parse("timers", text)
    assert (ran["unit"], ran["activates"], ran["last"]) == (
        "backup.timer", "backup.service", "Wed 2026-11-25 21:10:04 UTC",
    )  # fmt: skip
    assert (never["unit"], never["activates"], never["next"], never["last"]) == ("fstrim.timer", "", "", "")
    assert parse("timers", "0 timers listed.\n") == []


def test_unit_without_a_limit_has_no_share_of_it() -> None:
    (row,) = parse(
        "unit-properties", "Id=a.service\nTasksCurrent=45\nTasksMax=50\nMemoryMax=infinity\nMemoryCurrent=1\n"
    )
    assert row["tasks_percent"] == 90.0
    assert row["_at"]["tasks_percent"] == 2
    assert "memory_percent" not in row
    (old,) = parse("unit-properties", "Id=a.service\nTasksCurrent=45\nTasksMax=18446744073709551615\n")
    assert "tasks_percent" not in old


def test_cpu_times_are_shares_of_all_but_guest_time() -> None:
    (row,) = parse("cpu-times", "cpu  50 0 20 20 0 0 0 10 50 0\n")
    assert (row["user"], row["idle"], row["steal"]) == (50.0, 20.0, 10.0)
    assert parse("cpu-times", "cpu  50 0 20 30\n")[0].get("steal", 0) == 0
