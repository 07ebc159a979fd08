"""What a user can ask for besides, with the real command against a real sshd: --anonymize and --path.

The host's files are the test's own, over the machine's in the server's mount namespace.
"""

from __future__ import annotations

import asyncio
import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tai.policy import ReadOnlyCommand, Tier
from tests.llm.server import ANSWER, running
from tests.run_tai import Tai, events, of_kind, refused, tai
from tests.sshd import IS_ROOT, Sshd, SshdFactory, client_home, sshd_factory

__all__ = ["client_home", "sshd_factory", "tai"]

needs_root = pytest.mark.skipif(
    not IS_ROOT, reason="files of our own over the machine's need root and unshare"
)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other accounts may look into: pytest's own are closed to them."""
    with tempfile.TemporaryDirectory(prefix="tai-test-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


HOSTS = (
    "127.0.0.1 localhost\n10.87.3.4 shopdb-7f.corp.acme.test shopdb-7f\n10.87.3.9 cache-2.corp.acme.test\n"
)
RESOLV = "search corp.acme.test\nnameserver 10.87.0.53\n"
SSHD_LOG = (
    "Nov 21 14:01:02 shopdb-7f sshd[811]: Accepted publickey for jdoe from 172.29.8.7 port 50312 ssh2\n"
)
TRUE_NAMES = (
    "10.87.3.4",
    "10.87.3.9",
    "10.87.0.53",
    "shopdb-7f",
    "cache-2",
    "corp.acme",
    "172.29.8.7",
    "jdoe",
)
TICKET = (
    "The database on shopdb-7f does not answer since 14:00. From 172.29.8.7 and from cache-2.corp.acme.test the port "
    "5432 is refused.\n"
)
# Names that only a person can see in it: tai learns them from the host.
PROSE = "The shop cannot reach shopdb-7f since 14:00, cache-2 neither; both are fine from 172.29.8.7.\n"


def true_names(text: str) -> list[str]:
    return [name for name in TRUE_NAMES if name in text]


@pytest.fixture
def networked(sshd_factory: SshdFactory, open_folder: Path) -> Sshd:
    """A host with names and addresses of its own in /etc/hosts, /etc/resolv.conf and a log in /var/log."""
    for name, text in (("hosts", HOSTS), ("resolv.conf", RESOLV)):
        (open_folder / name).write_text(text)
    (open_folder / "log").mkdir()
    (open_folder / "log" / "auth.log").write_text(SSHD_LOG)
    over = {f"/etc/{name}": open_folder / name for name in ("hosts", "resolv.conf")}
    return sshd_factory(over={**over, "/var/log": open_folder / "log"})


def diagnosing(tai: Tai, server: Sshd, ticket: str, *words: str) -> list[str]:
    # With room for all evidence: what condensing leaves out would hide nothing and prove nothing.
    roomy = ["--budget", "200000"]
    return ["diagnose", *tai.at(server), "--ticket", tai.ticket(ticket), "--path", "/var/log", *roomy, *words]


@needs_root
def test_without_anonymize_the_prompt_tells_names_and_addresses(tai: Tai, networked: Sshd) -> None:
    prompt = tai(*diagnosing(tai, networked, TICKET, "--show-prompt")).stdout
    assert true_names(prompt) == list(TRUE_NAMES)


@needs_root
def test_anonymized_evidence_and_diagnosis_hold_stand_ins_only(tai: Tai, networked: Sshd) -> None:
    done = tai(*diagnosing(tai, networked, TICKET, "--anonymize", "--json"))
    stream = events(done.stdout)
    for kind in ("ticket_parsed", "observation_made", "finding_found", "diagnosed"):
        assert true_names(json.dumps(of_kind(stream, kind))) == [], kind
    made = [event["observation"] for event in of_kind(stream, "observation_made")]
    hosts = next(each for each in made if each["probe"] == "hosts-file")
    assert re.search(
        r"^10\.\d+\.\d+\.4 host-[0-9a-f]{6}\.dom-[0-9a-f]{6}\.example", hosts["text"], re.MULTILINE
    )
    connected = of_kind(stream, "host_connected")[0]
    assert connected["host"]["name"] == "127.0.0.1", "how the host was reached is told as it is"


@needs_root
async def test_no_true_name_or_address_is_in_what_a_model_server_is_sent(tai: Tai, networked: Sshd) -> None:
    async with running(lambda exchange: exchange.say(ANSWER.model_dump_json())) as model:
        words = diagnosing(tai, networked, PROSE, "--model-url", f"{model.url}/v1", "--anonymize")
        process = await asyncio.create_subprocess_exec(
            *tai.words(*words),
            env=tai.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        await process.communicate()
    (asked,) = model.asked
    said = asked.body.decode()
    assert "The shop cannot reach host-" in said
    assert true_names(said) == []


# ------------------------------------------------------------------ --path

PASSWORD = "Wintergreen" + "-4711"


@pytest.fixture
def srv(open_folder: Path) -> Path:
    """A host's /srv with an application that writes logs and secrets."""
    logs = open_folder / "srv" / "shop" / "logs"
    logs.mkdir(parents=True)
    (logs / "app.log").write_text("started\nERROR: connection pool exhausted after 30 s\n")
    (logs / "big.log").write_text("one line of many\n" * 5000)
    (logs / "notes.txt").write_text("not of a telling kind\n")
    (logs / "empty.log").write_text("")
    (logs / "leak.log").symlink_to("/etc/shadow")
    (logs / "tls.key").write_text("not to be read\n")
    conf = open_folder / "srv" / "shop" / "conf"
    conf.mkdir()
    (conf / "db.conf").write_text(f"host = 10.0.0.9\npassword = {PASSWORD}\n")
    keys = open_folder / "srv" / "shop" / "private"
    keys.mkdir()
    (keys / "app.conf").write_text("never read\n")
    return open_folder / "srv"


def looked_at(tai: Tai, server: Sshd, *words: str) -> list[dict[str, Any]]:
    done = tai("diagnose", *tai.at(server), "--ticket", tai.ticket("checkout is slow\n"), "--json", *words)
    assert done.returncode in (0, 4), done.stderr
    return events(done.stdout)


@needs_root
def test_named_directory_is_listed_and_its_telling_files_are_read(
    tai: Tai, sshd_factory: SshdFactory, srv: Path
) -> None:
    stream = looked_at(tai, sshd_factory(over={"/srv": srv}), "--path", "/srv/shop")
    made = [event["observation"] for event in of_kind(stream, "observation_made")]
    listing = next(each for each in made if each["probe"] == "path-listing")
    assert listing["outcome"] == "ok"
    assert re.search(r"(?m)^\d+ \d{4}-\d\d-\d\dT\d\d:\d\d /srv/shop/logs/notes\.txt$", listing["text"])
    read = {each["argv"][-1]: each for each in made if each["collector"] == "paths" and each is not listing}
    logs = {"/srv/shop/logs/app.log", "/srv/shop/logs/big.log"}
    assert set(read) == {*logs, "/srv/shop/conf/db.conf"}
    assert ReadOnlyCommand(["cat", "/srv/shop/conf/db.conf"]).tier is Tier.B, (
        "naming the path was the agreement"
    )
    assert "host = 10.0.0.9\npassword = <redacted:" in read["/srv/shop/conf/db.conf"]["text"]
    assert PASSWORD not in json.dumps(stream)
    assert "connection pool exhausted" in read["/srv/shop/logs/app.log"]["text"]
    assert len(read["/srv/shop/logs/big.log"]["text"].splitlines()) == 1000, "only the end of a long file"
    plans = of_kind(stream, "plan_made")
    steps = [step for plan in plans for step in plan["steps"] if step["collector"] == "paths"]
    assert all(step["why"].startswith("you named /srv/shop") for step in steps)
    assert any("/srv/shop/private/app.conf" in reason for plan in plans for reason in plan["skipped"])
    assert "never read" not in json.dumps(made)


@needs_root
def test_named_file_is_read_whatever_its_kind_and_the_number_of_files_is_capped(
    tai: Tai, sshd_factory: SshdFactory, srv: Path
) -> None:
    server = sshd_factory(over={"/srv": srv})
    config = tai.folder / "config.toml"
    config.write_text("max_path_files = 1\n")
    words = ["--path", "/srv/shop/logs/notes.txt", "--path", "/srv/shop/logs", "--config", str(config)]
    stream = looked_at(tai, server, *words)
    made = sorted(
        of_kind(stream, "observation_made"), key=lambda event: int(event["n"])
    )  # by plan, not by who was first
    read = [
        event["observation"]["argv"][-1] for event in made if event["observation"]["probe"] == "named-file"
    ]
    assert len(read) == 2
    assert read[0] == "/srv/shop/logs/notes.txt"
    skipped = [reason for plan in of_kind(stream, "plan_made") for reason in plan["skipped"]]
    assert any("the cap is 1 (max_path_files)" in reason for reason in skipped)


def test_path_that_may_not_be_looked_at_is_refused_before_anything_is_sent(tai: Tai) -> None:
    host = ["diagnose", "no-such-host.invalid", "--ticket", tai.ticket()]
    refused(tai(*host, "--path", "var/log"), 2, "'var/log'", "absolute path")
    refused(tai(*host, "--path", "/proc/1/root/etc"), 2, "/proc/1/root/etc may never be looked at")
    refused(tai(*host, "--path", "/var/log/../../root"), 2, "'..'")
