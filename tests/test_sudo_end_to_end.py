"""Sudo, off and on, with the real command against a real sshd and the real sudo.

The sudoers file is the test's own, over the machine's in the server's mount namespace; sudo's log goes into a file of ours.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.run_tai import Tai, events, of_kind, refused, tai
from tests.sshd import IS_ROOT, Sshd, SshdFactory, client_home, sshd, sshd_factory

__all__ = ["client_home", "sshd", "sshd_factory", "tai"]

needs_root = pytest.mark.skipif(
    not IS_ROOT, reason="files of our own over the machine's need root and unshare"
)
needs_sudo = pytest.mark.skipif(shutil.which("sudo") is None, reason="no sudo here: apt-get install sudo")

PRIVILEGED = """\
name = "privileged"
title = "What only root may see"
category = "kernel"

[[probe]]
id = "ring"
title = "The kernel's ring buffer"
argv = ["dmesg"]

[[probe]]
id = "ring-errors"
title = "Errors in it"
argv = ["dmesg", "-T", "-l", "err,warn"]

[[probe]]
id = "ordinary"
title = "What everyone may see"
argv = ["cat", "/proc/loadavg"]
"""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other accounts may look into: pytest's own are closed to them."""
    with tempfile.TemporaryDirectory(prefix="tai-test-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@dataclass
class Sudoers:
    """A host for the account nobody with sudo on it, and what sudo has logged there."""

    server: Sshd
    log: Path

    @property
    def tries(self) -> list[str]:
        """The commands of sudo's own log, with what it made of them."""
        text = re.sub(r"\n {4}", " ", self.log.read_text()) if self.log.exists() else ""
        return [line for line in text.splitlines() if "COMMAND=" in line or "command" in line]


class Host:
    """Makes hosts with a given sudoers file."""

    def __init__(self, tai: Tai, factory: SshdFactory, folder: Path) -> None:
        self._tai = tai
        self._factory = factory
        self._folder = folder

    def with_sudoers(self, text: str) -> Sudoers:
        log = self._folder / "sudo.log"
        file = self._folder / "sudoers"
        # Nothing is mailed from a test.
        file.write_text(
            f"Defaults logfile={log}, !syslog, !mail_no_user, !mail_badpass, loglinelen=0\n{text}"
        )
        file.chmod(0o440)
        return Sudoers(self._factory(user="nobody", over={"/etc/sudoers": file}), log)

    def config(self, text: str = "") -> list[str]:
        """The words that name a config file with our collector in it."""
        folder = self._tai.folder / "collectors"
        folder.mkdir(exist_ok=True)
        (folder / "privileged.toml").write_text(PRIVILEGED)
        file = self._tai.folder / "config.toml"
        file.write_text(f'collectors_dir = "{folder}"\n{text}')
        return ["--config", str(file)]


@pytest.fixture
def host(tai: Tai, sshd_factory: SshdFactory, open_folder: Path) -> Host:
    return Host(tai, sshd_factory, open_folder)


def collected(tai: Tai, host: Sudoers, config: list[str]) -> list[dict[str, Any]]:
    done = tai("collect", *tai.at(host.server), "-l", "nobody", "privileged", "--json", *config)
    assert done.returncode == 0, done.stderr
    return events(done.stdout)


def sent(stream: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {str(event["probe"]): event for event in of_kind(stream, "command_sent") if event["n"]}


def seen(stream: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    made = [event["observation"] for event in of_kind(stream, "observation_made")]
    return {str(each["probe"]): each for each in made}


ON = '[hosts."127.0.0.*"]\nsudo = true\n'


@needs_root
@needs_sudo
def test_sudo_is_never_used_unless_the_config_says_so(tai: Tai, host: Host) -> None:
    fragment = tai("policy", "sudoers", "--user", "nobody").stdout
    server = host.with_sudoers(fragment)
    for config in (
        host.config(),
        host.config('[hosts."db-*"]\nsudo = true\n[hosts."127.0.0.1"]\nsudo = false\n'),
    ):
        stream = collected(tai, server, config)
        assert not any(event["sudo"] for event in sent(stream).values())
        assert seen(stream)["ring"]["outcome"] == "no_permission"
    assert server.tries == []


@needs_root
@needs_sudo
def test_marked_commands_run_with_sudo_where_the_config_allows_it_and_nothing_else_does(
    tai: Tai, host: Host
) -> None:
    config = host.config(ON)
    server = host.with_sudoers(tai("policy", "sudoers", "--user", "nobody", *config).stdout)
    stream = collected(tai, server, config)
    told, what = sent(stream), seen(stream)
    assert (told["ring"]["sudo"], told["ordinary"]["sudo"]) == (True, False)
    assert told["ring"]["sandbox"] == "argv", "the record says that no layer held"
    assert "fsize" in str(told["ordinary"]["sandbox"])
    assert what["ring"]["outcome"] == "ok"
    assert what["ring-errors"]["outcome"] in ("ok", "empty")
    assert [re.sub(r".*COMMAND=", "", line) for line in sorted(server.tries)] == [
        "/usr/bin/dmesg",
        "/usr/bin/dmesg -T -l err,warn",
    ]


@needs_root
@needs_sudo
@pytest.mark.parametrize(
    "sudoers",
    [
        pytest.param("", id="not in sudoers"),
        pytest.param("nobody ALL=(root) NOPASSWD: /usr/bin/true\n", id="another command granted"),
        pytest.param("nobody ALL=(root) ALL\n", id="wants a password"),
        pytest.param("Defaults !authenticate\nnobody ALL=(root) /usr/bin/true\n", id="not allowed"),
        pytest.param("Defaults !authenticate\n", id="unknown to sudo"),
    ],
)
def test_first_refusal_of_sudo_is_the_last_try_of_the_run(tai: Tai, host: Host, sudoers: str) -> None:
    server = host.with_sudoers(sudoers)
    stream = collected(tai, server, host.config(ON))
    told, what = sent(stream), seen(stream)
    tried = [name for name, event in told.items() if event["sudo"]]
    assert len(tried) == 1
    assert what[tried[0]]["outcome"] == "no_permission"
    reason = what[tried[0]]["reason"]
    assert re.match(r"sudo refused: .*(?:password is required|not allowed|not in the sudoers)", reason)
    assert len(told) == 3, "the other marked command was sent, without sudo"
    warnings = [event for event in of_kind(stream, "noted") if event["level"] == "warning"]
    assert len([event for event in warnings if "sudo refused" in str(event["text"])]) == 1
    assert len(server.tries) <= 1, "sudo itself saw no second try"


@needs_root
def test_root_login_needs_no_sudo(tai: Tai, host: Host, sshd: Sshd) -> None:
    done = tai("collect", *tai.at(sshd), "privileged", "--json", *host.config(ON))
    assert not any(event["sudo"] for event in sent(events(done.stdout)).values())


def test_mistake_in_a_hosts_table_names_file_line_and_key(tai: Tai, tmp_path: Path) -> None:
    config = tmp_path / "c.toml"
    config.write_text('\n[hosts."web-01"]\nsduo = true\n')
    refused(tai("doctor", "--config", str(config)), 3)
    done = tai("collect", "web-01", "--config", str(config))
    refused(done, 2, "c.toml:3: hosts.web-01.sduo: unknown setting; did you mean sudo?")
    config.write_text('[hosts."web-01"]\nsudo = "yes"\n')
    refused(tai("collect", "web-01", "--config", str(config)), 2, "c.toml:2: hosts.web-01.sudo: ", "boolean")
