"""The one question that tai asks before it knows anything: a passphrase, on a screen where other things would like to move."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.frontends.terminal import Terminal
from tests.run_tai import Tai, tai
from tests.sshd import ClientHome, SshdFactory, client_home, make_key, sshd_factory

__all__ = ["client_home", "sshd_factory", "tai"]


@pytest.mark.parametrize("hosts", [1, 3])
def test_nothing_is_drawn_over_a_passphrase_that_is_asked_for_once(
    tai: Tai, sshd_factory: SshdFactory, client_home: ClientHome, hosts: int
) -> None:
    locked = make_key(client_home.ssh / "locked", passphrase="open sesame")
    client_home.key.unlink()
    servers = [sshd_factory(authorized=[Path(f"{locked}.pub")]) for _ in range(hosts)]
    client_home.configure(
        "".join(
            f"Host h{n}\n HostName 127.0.0.1\n Port {server.port}\n IdentityFile {locked}\n"
            for n, server in enumerate(servers)
        )
    )
    words = ["-m", "tai", "collect", *(f"h{n}" for n in range(hosts)), "--collect", "uptime"]
    environment = {name: value for name, value in tai.environment.items() if name != "NO_COLOR"}
    with Terminal(words, columns=120, environment=environment) as terminal:
        terminal.expect("Passphrase for")
        seen_at = time.monotonic()
        # Several refreshes of a line that moves, were there one.
        terminal.wait(lambda: time.monotonic() > seen_at + 1.0, "a second")
        assert "Passphrase for" in terminal.shown
        terminal.send("open sesame\r")
        terminal.expect("  uptime", times=hosts)
        terminal.exit_status()
    assert [server.logins for server in servers] == [1] * hosts
    assert terminal.raw.count(b"Passphrase for") == 1
    assert b"sesame" not in terminal.raw
