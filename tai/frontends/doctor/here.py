"""What `tai doctor` finds on this machine: config, state, collectors, keys, ssh, known hosts, and the model server."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from tai import resources
from tai.catalog import load_catalog
from tai.engine.prompt import load_templates
from tai.errors import ConfigError, TaiError
from tai.frontends.doctor.line import Line
from tai.frontends.engines import engine_name, model_engine, served, wanted
from tai.frontends.flags import Flags
from tai.settings import Settings, default_config_path
from tai.text.sanitise import sanitise_line


async def look_here(flags: Flags, chosen: Settings) -> AsyncIterator[Line]:
    """Everything that needs no host. The settings could be read."""
    yield _config(flags)
    yield _state(chosen.state_dir)
    yield _collectors(chosen)
    for line in _keys(flags):
        yield line
    yield _agent()
    yield _ssh()
    yield _known_hosts(Path.home() / ".ssh" / "known_hosts")
    yield await _model(chosen)


def _config(flags: Flags) -> Line:
    file = flags.config_file or default_config_path()
    return Line("ok", "config", str(file) if file.is_file() else f"the built-in settings; there is no {file}")


def _state(folder: Path) -> Line:
    """Whether sessions can be recorded. Nothing is made: the nearest folder that exists decides."""
    there = next(place for place in (folder, *folder.parents) if place.exists())
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        return Line(
            "fail",
            "state",
            f"{there} cannot be written, and tai sends nothing that it cannot record",
            "Make it writable, or set TAI_STATE_DIR.",
        )
    if folder.exists() and stat.S_IMODE(folder.stat().st_mode) & 0o022:
        return Line(
            "warn",
            "state",
            f"others can write to {folder}, where sessions are recorded",
            f"chmod go-w {folder}",
        )
    return Line("ok", "state", f"sessions are recorded in {folder}")


def _collectors(chosen: Settings) -> Line:
    try:
        catalog = load_catalog([resources.folder("collectors"), chosen.collectors_dir])
        load_templates([resources.folder("prompts"), chosen.prompts_dir])
    except ConfigError as error:
        return Line("fail", "collectors", str(error), "Correct the file, or take it away.")
    own = [name for name, file in catalog.files.items() if file.is_relative_to(chosen.collectors_dir)]
    yours = f", yours: {', '.join(own)}" if own else ""
    return Line(
        "ok",
        "collectors",
        f"{len(catalog.collectors)} collectors with {len(catalog.probes)} probes{yours}",
    )


def _keys(flags: Flags) -> Iterator[Line]:
    from tai.transport.ssh.identity import read_identity  # noqa: PLC0415 - brings asyncssh, a tenth of a second

    home = Path.home() / ".ssh"
    named = flags.identity_files
    found = False
    for file in (*named, home / "id_ed25519", home / "id_rsa"):
        identity = read_identity(file)
        if identity is None:
            if file in named:
                yield Line("fail", "key", f"{file}: there is no such file", "Correct -i.")
            continue
        found = True
        if identity.problem:
            yield Line("warn", "key", f"{file}: {identity.problem}", "It is not offered to hosts as it is.")
        elif identity.key is None:
            yield Line(
                "ok",
                "key",
                f"{file}, encrypted: the agent's if it holds it, else its passphrase is asked for",
            )
        else:
            yield Line("ok", "key", str(file))
    if not found:
        yield Line(
            "warn",
            "key",
            f"none by the usual names in {home}",
            "ssh-keygen -t ed25519 makes one; a key in the agent or an IdentityFile of ssh's configuration serves too.",
        )


def _agent() -> Line:
    socket = os.environ.get("SSH_AUTH_SOCK", "")
    if not socket:
        return Line("ok", "agent", "none; keys are read from their files")
    if not Path(socket).is_socket():
        return Line(
            "warn",
            "agent",
            f"SSH_AUTH_SOCK names {socket}, which is no socket",
            "Start the agent, or unset it.",
        )
    return Line("ok", "agent", f"{socket}; it signs here, and is never forwarded to a host")


def _ssh() -> Line:
    ssh = shutil.which("ssh")
    if ssh is None:
        return Line(
            "warn",
            "ssh",
            "no OpenSSH client: ~/.ssh/config is read by asyncssh, which knows fewer settings and no system-wide file",
            "apt-get install openssh-client",
        )
    return Line("ok", "ssh", f"{ssh} reads ssh's configuration (ssh -G)")


def _known_hosts(file: Path) -> Line:
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return Line("ok", "known hosts", f"no {file} yet; a first contact makes it")
    except OSError as error:
        return Line(
            "fail",
            "known hosts",
            f"{file} cannot be read ({error.strerror}), so no host key can be checked",
            "Make it readable.",
        )
    keys = sum(1 for line in lines if line.strip() and not line.lstrip().startswith("#"))
    return Line("ok", "known hosts", f"{file}, {keys} lines")


async def _model(chosen: Settings) -> Line:
    if engine_name(chosen) != "vllm":
        return Line(
            "ok",
            "model",
            "none is configured; the deterministic engine answers",
            "With a GPU, `tai model serve` starts one here; `tai model plan` says what fits.",
        )
    try:
        engine = model_engine(chosen)
        assert engine is not None  # noqa: S101 - vllm was chosen
    except TaiError as error:
        return Line("fail", "model", str(error))
    try:
        listed = await served(engine, chosen)
        await wanted(engine, chosen, listed)
    except TaiError as error:
        return Line("warn", "model", str(error), "Until it answers, the deterministic engine does.")
    finally:
        await engine.close()
    names = ", ".join(sanitise_line(model.name) for model in listed)
    return Line("ok", "model", f"{chosen.model_url}: {names or f'{chosen.model}, which it does not list'}")
