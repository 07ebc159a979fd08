"""From ssh's configuration to hops, by OpenSSH's own reading of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tai.errors import HostError, InputError
from tai.transport.base import Target
from tai.transport.ssh.resolve import parse_jump, resolve
from tests.sshd import ClientHome


async def names(target: Target) -> list[str]:
    return [hop.label for hop in await resolve(target)]


async def test_flags_win_over_the_configuration(client_home: ClientHome) -> None:
    client_home.configure("Host web\n HostName WEB.example\n User conf\n Port 2200\n")
    (hop,) = await resolve(Target("web", user="flag", port=2222))
    assert (hop.settings.hostname, hop.settings.user, hop.settings.port) == ("web.example", "flag", 2222)
    (hop,) = await resolve(Target("web"))
    assert (hop.settings.user, hop.settings.port) == ("conf", 2200)


async def test_ignoring_the_configuration_leaves_plain_defaults(client_home: ClientHome) -> None:
    client_home.configure("Host *\n HostName elsewhere\n Port 2200\n ProxyJump bastion\n")
    (hop,) = await resolve(Target("web", use_ssh_config=False))
    assert (hop.settings.hostname, hop.settings.port) == ("web", 22)
    assert hop.settings.known_hosts[0] == client_home.known_hosts
    assert not hop.settings.hash_known_hosts


async def test_a_home_of_its_own_keeps_the_accounts_files_out(client_home: ClientHome) -> None:
    client_home.configure("Host *\n IdentityFile ~/.ssh/mine\n CertificateFile %d/.ssh/cert-%r@%h\n")
    (hop,) = await resolve(Target("web", user="ann"))
    settings = hop.settings
    assert settings.identity_files == (client_home.ssh / "mine",)
    assert settings.certificate_files == (client_home.ssh / "cert-ann@web",)
    assert settings.configured_identities
    assert all(file.is_relative_to(client_home.path) for file in settings.known_hosts)


async def test_the_way_through_jump_hosts_is_openssh_s(client_home: ClientHome) -> None:
    client_home.configure(
        "Host c\n ProxyJump ann@a,b:23\nHost a\n User ignored\n ProxyJump z\nHost b\n User bob\n ProxyJump y\n"
        "Host *\n User me\n"
    )
    # b is reached with a as its jump list, not by its own ProxyJump; a, the first, by its own.
    assert await names(Target("c")) == ["me@z:22", "ann@a:22", "bob@b:23", "me@c:22"]


async def test_a_loop_of_jump_hosts_is_named(client_home: ClientHome) -> None:
    client_home.configure("Host web\n ProxyJump a\nHost a\n ProxyJump b\nHost b\n ProxyJump a\n")
    with pytest.raises(HostError, match="never end: web → a → b → a"):
        await resolve(Target("web"))


async def test_a_jump_host_that_is_its_own_is_told_in_ssh_s_words(client_home: ClientHome) -> None:
    client_home.configure("Host *\n ProxyJump bastion\n")
    with pytest.raises(HostError, match="jumphost loop via bastion"):
        await resolve(Target("web"))


async def test_a_proxy_command_is_expanded_and_none_is_none(client_home: ClientHome) -> None:
    client_home.configure("Host a\n ProxyCommand none\nHost b\n ProxyCommand nc -X 5 %h %p %r %%\n")
    (plain,), (proxied,) = await resolve(Target("a")), await resolve(Target("b", user="me"))
    assert (plain.settings.proxy_command, proxied.settings.proxy_command) == ("", "nc -X 5 b 22 me %")


async def test_a_name_that_a_shell_would_run_never_gets_into_a_proxy_command(client_home: ClientHome) -> None:
    client_home.configure("Host b*\n ProxyCommand nc %h %p\n")
    for name in ("b$(touch /tmp/x)", "b;id", "b`id`", "b'"):
        with pytest.raises(HostError):
            await resolve(Target(name))


async def test_settings_that_are_not_honoured_are_named(client_home: ClientHome) -> None:
    client_home.configure("ForwardAgent yes\nLocalForward 8080 db:80\nControlMaster no\nSetEnv A=b\n")
    (hop,) = await resolve(Target("web"))
    assert sorted(hop.settings.not_honoured) == [
        "forwardagent yes",
        "localforward 8080 [db]:80",
        "setenv A=b",
    ]


async def test_plain_defaults_are_all_honoured(client_home: ClientHome) -> None:
    (hop,) = await resolve(Target("web", use_ssh_config=False))
    assert hop.settings.not_honoured == ()


@pytest.mark.parametrize("name", ["-oProxyCommand=x", "", "a;b", "a b"])
async def test_a_name_that_is_none_is_refused(client_home: ClientHome, name: str) -> None:
    with pytest.raises(HostError):
        await resolve(Target(name))


async def test_a_broken_configuration_is_told_in_ssh_s_words(client_home: ClientHome) -> None:
    client_home.configure("Hots web\n")
    with pytest.raises(HostError, match=r"line 1: Bad configuration option: hots"):
        await resolve(Target("web"))


@pytest.mark.parametrize(
    ("spec", "parts"),
    [
        ("bastion", (None, "bastion", None)),
        ("ann@bastion:2222", ("ann", "bastion", 2222)),
        ("ssh://ann@bastion:2222/", ("ann", "bastion", 2222)),
        ("[2001:db8::1]:23", (None, "2001:db8::1", 23)),
        ("ann@corp@bastion", ("ann@corp", "bastion", None)),
    ],
)
def test_jump_specifications(spec: str, parts: tuple[str | None, str, int | None]) -> None:
    assert parse_jump(spec) == parts


@pytest.mark.parametrize("spec", ["", "-J", "a:b", "host:", "@host", "-u@host"])
async def test_a_bad_jump_list_is_the_users_mistake(client_home: ClientHome, spec: str) -> None:
    with pytest.raises(InputError):
        await resolve(Target("web", jump=f"good,{spec}"))


async def test_agent_and_alias_and_timeouts_are_read(
    client_home: ClientHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", "/tmp/agent.sock")
    monkeypatch.setenv("OTHER", "/tmp/other.sock")
    client_home.configure(
        "Host none\n IdentityAgent none\nHost other\n IdentityAgent $OTHER\n"
        "Host web\n HostKeyAlias Web\n ConnectTimeout 3\n AddressFamily inet\n"
    )
    (web,), (none,), (other,) = [await resolve(Target(name)) for name in ("web", "none", "other")]
    assert (web.settings.agent, none.settings.agent) == ("/tmp/agent.sock", None)
    assert other.settings.agent == "/tmp/other.sock"
    assert (web.settings.host_key_alias, web.settings.connect_timeout_s) == ("web", 3.0)
    assert web.settings.address_family == "inet"


async def test_without_an_ssh_client_asyncssh_reads_the_file_and_a_note_says_so(
    client_home: ClientHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    client_home.configure(
        "Host web\n HostName web.example\n Port 2200\n IdentityFile ~/.ssh/mine\n ProxyJump b\n"
    )
    monkeypatch.setenv("PATH", os.devnull)
    bastion, web = await resolve(Target("web", user="ann"))
    assert (web.settings.hostname, web.settings.user, web.settings.port) == ("web.example", "ann", 2200)
    assert web.settings.identity_files == (client_home.ssh / "mine",)
    assert web.settings.known_hosts[0] == client_home.known_hosts
    assert "no ssh client is installed" in web.settings.notes[0]
    assert bastion.settings.identity_files[0] == client_home.ssh / "id_rsa"


async def test_without_an_ssh_client_the_configuration_can_be_ignored_too(
    client_home: ClientHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    client_home.configure("Host *\n Port 2200\n")
    monkeypatch.setenv("PATH", os.devnull)
    (hop,) = await resolve(Target("web", use_ssh_config=False))
    assert hop.settings.port == 22


def test_no_file_of_the_real_home_is_touched_by_these_tests(client_home: ClientHome) -> None:
    assert Path.home() == client_home.path
