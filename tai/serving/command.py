"""The command that serves a model: which program, which flags, which environment. Nothing is started here.

Each flag stands for something that went wrong without it; the reasons are beside them.
"""

from __future__ import annotations

import ipaddress
import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from tai.errors import InputError
from tai.serving.hardware import UTILIZATION

ENVIRONMENT: Final = {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}
OFFLINE: Final = {"HF_HUB_OFFLINE": "1"}
_MISSING: Final = (
    "vLLM is not installed here: there is no `vllm` on PATH, and model_server names none. It brings its own CUDA build and is "
    "never installed unasked: `uv tool install vllm`, or `pip install vllm` into tai's own environment; docs/models.md has the "
    "container and the way without internet. To use a server elsewhere, set model_url instead."
)
_RAY_PORT: Final = 6379
# What decides who can reach the server, by vLLM's names; a file of its flags can hold any of them.
_LISTENING: Final = {
    "--host": "where the server listens is for tai's own --host, which asks for --public",
    "--port": "the port is for tai's own --port, by which tai looks whether the server is ready",
    "--uds": "a socket is for tai's own --uds",
    "--config": "a file of flags may open a port; write its flags out",
    "--master-addr": "the nodes' network is for tai's own --master-addr, which looks whether it is private",
    "--data-parallel-address": "nodes are for tai's own --nodes and --master-addr",
    "-dpa": "nodes are for tai's own --nodes and --master-addr",
    "--grpc": "it listens on every address where there is no --host",
    "--kv-events-config": "it publishes on a port of every address",
}
# A longer path fits into no socket's address (unix(7)).
_LONGEST_SOCKET: Final = 107
_SHORTEST_FLAG: Final = 4


@dataclass(frozen=True, slots=True)
class Where:
    """Where the server listens: host and port, or a Unix socket when `socket` is given."""

    host: str = "127.0.0.1"
    port: int = 8000
    socket: Path | None = None

    @property
    def url(self) -> str:
        """As `model_url` takes it."""
        if self.socket:
            return f"unix:{self.socket}"
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host)  # noqa: S104 - where it can be reached from here
        return f"http://{host or (f'[{self.host}]' if ':' in self.host else self.host)}:{self.port}/v1"

    @property
    def private(self) -> bool:
        """Whether only this machine can reach it."""
        if self.socket or self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


@dataclass(frozen=True, slots=True)
class Spread:
    """How a model is spread. nodes: machines; master: the first one's address; launch: by vLLM's own start or by Ray."""

    tensor: int = 1
    pipeline: int = 1
    data: int = 1
    nodes: int = 1
    master: str = ""
    launch: Literal["native", "ray"] = "native"


@dataclass(frozen=True, slots=True)
class Serve:
    """What is to be served and how. name: what clients call it; context: 0 leaves the model's own; share: of the
    cards' memory; extra: words for vLLM; cards: the numbers of those to use, where it is not all of them."""

    model: str
    name: str
    where: Where
    spread: Spread = Spread()
    context: int = 0
    share: float = UTILIZATION
    gemma4: bool = False
    text_only: bool = False
    offline: bool = False
    extra: tuple[str, ...] = ()
    cards: tuple[int, ...] = ()


def program(named: str) -> str:
    """The vllm program: the one that is named, else that on PATH, else that beside tai's own Python. Raises InputError."""
    if named:
        found = shutil.which(Path(named).expanduser())
        if found is None:
            raise InputError(f"model_server names {named}, which is no program here.")
        return found
    beside = Path(sys.executable).with_name("vllm")
    found = shutil.which("vllm") or (str(beside) if os.access(beside, os.X_OK) else None)
    if found is None:
        raise InputError(_MISSING)
    return found


def argv(vllm: str, serve: Serve, node: int = 0) -> list[str]:
    """The command for one node; those behind the first serve nobody by themselves."""
    return [vllm, "serve", serve.model, *_flags(serve, node), *serve.extra]


def environment(serve: Serve) -> dict[str, str]:
    """What is added to the environment: no usage reports, and no look at the hub where nothing is to be fetched."""
    # CUDA counts the fastest card first, unless it is told to count as nvidia-smi does.
    cards = {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": ",".join(map(str, serve.cards))}
    return {**ENVIRONMENT, **(OFFLINE if serve.offline else {}), **(cards if serve.cards else {})}


def written(vllm: str, serve: Serve, node: int = 0) -> str:
    """The command with its environment, as a person may paste it into a shell."""
    told = [f"{name}={value}" for name, value in environment(serve).items()]
    return " ".join([*told, shlex.join(argv(vllm, serve, node))])


def elsewhere(vllm: str, serve: Serve) -> list[str]:
    """What is to be run on the other nodes, and on this one before, one command an entry."""
    spread = serve.spread
    if spread.nodes == 1:
        return []
    if spread.launch == "ray":
        join = f"ray start --address={spread.master}:{_RAY_PORT}"
        head = f"ray start --head --node-ip-address={spread.master} --port={_RAY_PORT}"
        return [
            f"here first: {head}",
            *(f"node {node}, before it: {join}" for node in range(1, spread.nodes)),
        ]
    name = Path(vllm).name
    return [f"node {node}: {written(name, serve, node)}" for node in range(1, spread.nodes)]


def check(serve: Serve, *, public: bool) -> None:
    """Raises InputError for what must not or cannot be started. public: the user asked for an open port."""
    where, spread = serve.where, serve.spread
    for word in serve.extra:
        if own := _sets_where(word):
            raise InputError(f"{word} stands behind --, where it would undo what tai sees to: {own}.")
    for told in (serve.model, serve.name):
        if told.startswith("-"):
            raise InputError(f"{told} is no model's name: vLLM would read it as a flag.")
    if where.socket and len(os.fsencode(where.socket)) > _LONGEST_SOCKET:
        raise InputError(
            f"{where.socket} is longer than the {_LONGEST_SOCKET} bytes that a socket's path may have."
        )
    if not where.private and not public:
        raise InputError(
            f"{where.host} is not loopback: whoever reaches this port can read what the server does, and a key does not guard "
            "/metrics, /tokenize and /version. Use the default, or --uds; if the port is meant to be open, say --public."
        )
    if spread.nodes > 1 and not spread.master:
        raise InputError(
            "--nodes needs --master-addr: this machine's address in the private network of the nodes. What they say "
            "to each other is not encrypted."
        )
    if spread.master and not public and not _near(spread.master):
        raise InputError(
            f"--master-addr {spread.master} is not in a private network, and what the nodes say to each other, the evidence in it, "
            "is not encrypted. Use their address in a network of their own; if it must be this one, say --public."
        )
    workers = spread.tensor * spread.pipeline * (spread.data if spread.launch == "native" else 1)
    if spread.nodes > 1 and workers % spread.nodes:
        raise InputError(
            f"{workers} workers (tensor × pipeline × data parallel) cannot be spread evenly over {spread.nodes} nodes."
        )


def _sets_where(word: str) -> str:
    """The flag of tai that a word for vLLM would get around, '' for any other. vLLM takes a flag's beginning and `_` for `-` as well."""
    name = word.partition("=")[0].lower().replace("_", "-")
    if not name.startswith("-") or len(name) < _SHORTEST_FLAG:
        return ""
    return next((own for flag, own in _LISTENING.items() if flag.startswith(name)), "")


def _near(address: str) -> bool:
    """Whether an address is this machine's own or a private network's; of a name nothing is known here."""
    try:
        found = ipaddress.ip_address(address.strip("[]"))
    except ValueError:
        return True
    return found.is_private or found.is_loopback or found.is_link_local


def _flags(serve: Serve, node: int) -> Iterator[str]:
    if node == 0:
        yield from _listening(serve.where)
    if serve.name != serve.model:
        yield from ("--served-model-name", serve.name)
    if serve.context:
        yield from ("--max-model-len", str(serve.context))
    if serve.share != UTILIZATION:
        yield from ("--gpu-memory-utilization", f"{serve.share:g}")
    # The model's own generation_config.json would change what a request asks for.
    yield from ("--generation-config", "vllm")
    # Without the second, JSON output was seen to run on in white space to the token limit.
    yield from ("--structured-outputs-config", '{"backend": "xgrammar", "disable_any_whitespace": true}')
    yield "--enable-prefix-caching"
    yield "--enable-prompt-tokens-details"  # else `cached_tokens` is not in the usage
    if serve.gemma4:
        yield from ("--reasoning-parser", "gemma4")
    if serve.text_only:
        yield "--language-model-only"  # tai sends no pictures, and their tower takes memory
    yield from _spread(serve.spread, node)


def _listening(where: Where) -> Iterator[str]:
    if where.socket:
        yield from ("--uds", str(where.socket))
    else:
        yield from ("--host", where.host, "--port", str(where.port))


def _spread(spread: Spread, node: int) -> Iterator[str]:
    for flag, count in (
        ("--tensor-parallel-size", spread.tensor),
        ("--pipeline-parallel-size", spread.pipeline),
        ("--data-parallel-size", spread.data),
    ):
        if count > 1:
            yield from (flag, str(count))
    if spread.nodes == 1:
        return
    if spread.launch == "ray":
        yield from ("--distributed-executor-backend", "ray")
        return
    yield from ("--nnodes", str(spread.nodes), "--node-rank", str(node), "--master-addr", spread.master)
    if node:
        yield "--headless"
