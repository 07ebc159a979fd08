"""What is started, and what is refused before anything is."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from tai.errors import InputError
from tai.serving import command
from tai.serving.command import Serve, Spread, Where
from tai.serving.listing import put
from tai.serving.ports import check_free
from tests.run_tai import Tai, refused, tai
from tests.sshd import client_home

__all__ = ["client_home", "tai"]

PAGE = Path(__file__).parents[2] / "docs" / "models.md"
NVFP4 = "RedHatAI/gemma-4-26B-A4B-it-NVFP4"


def value_of(flag: str, argv: list[str]) -> str:
    return argv[argv.index(flag) + 1]


def test_the_traps_are_closed_by_flags() -> None:
    argv = command.argv("vllm", Serve(NVFP4, "gemma", Where(), context=65_536, gemma4=True, text_only=True))
    assert argv[:3] == ["vllm", "serve", NVFP4]
    assert json.loads(value_of("--structured-outputs-config", argv)) == {
        "backend": "xgrammar",
        "disable_any_whitespace": True,
    }
    for flag, value in (
        ("--host", "127.0.0.1"),
        ("--port", "8000"),
        ("--served-model-name", "gemma"),
        ("--max-model-len", "65536"),
        ("--generation-config", "vllm"),
        ("--reasoning-parser", "gemma4"),
    ):
        assert value_of(flag, argv) == value
    for flag in ("--enable-prefix-caching", "--enable-prompt-tokens-details", "--language-model-only"):
        assert flag in argv


def test_a_socket_takes_the_place_of_the_port() -> None:
    where = Where(socket=Path("/run/vllm.sock"))
    argv = command.argv("vllm", Serve("m", "m", where))
    assert value_of("--uds", argv) == "/run/vllm.sock"
    assert not {"--host", "--port", "--served-model-name", "--reasoning-parser"} & set(argv)
    assert where.url == "unix:/run/vllm.sock"


def test_vllm_is_told_when_it_may_take_less() -> None:
    assert (
        value_of("--gpu-memory-utilization", command.argv("vllm", Serve("m", "m", Where(), share=0.79)))
        == "0.79"
    )
    assert "--gpu-memory-utilization" not in command.argv("vllm", Serve("m", "m", Where()))


def test_what_goes_to_vllm_comes_last_and_so_wins() -> None:
    assert command.argv("vllm", Serve("m", "m", Where(), extra=("--port", "9000")))[-2:] == ["--port", "9000"]


def test_nothing_is_reported_and_a_folder_asks_no_hub() -> None:
    assert command.environment(Serve("m", "m", Where())) == {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}
    assert command.environment(Serve("m", "m", Where(), offline=True))["HF_HUB_OFFLINE"] == "1"


def test_the_other_nodes_get_their_commands() -> None:
    what = Serve("m", "m", Where(), Spread(tensor=4, pipeline=2, nodes=2, master="10.0.0.1"))
    head = command.argv("/opt/vllm", what)
    assert [value_of(flag, head) for flag in ("--nnodes", "--node-rank", "--master-addr")] == [
        "2",
        "0",
        "10.0.0.1",
    ]
    assert "--headless" not in head
    (other,) = command.elsewhere("/opt/vllm", what)
    assert other.startswith("node 1: VLLM_NO_USAGE_STATS=1 DO_NOT_TRACK=1 vllm serve m ")
    assert other.endswith("--nnodes 2 --node-rank 1 --master-addr 10.0.0.1 --headless")
    assert "--port" not in other
    by_ray = Serve("m", "m", Where(), Spread(pipeline=2, nodes=2, master="10.0.0.1", launch="ray"))
    assert value_of("--distributed-executor-backend", command.argv("vllm", by_ray)) == "ray"
    assert [line.partition(": ")[2] for line in command.elsewhere("vllm", by_ray)] == [
        "ray start --head --node-ip-address=10.0.0.1 --port=6379",
        "ray start --address=10.0.0.1:6379",
    ]


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (Serve("m", "m", Where("0.0.0.0")), "say --public"),
        (Serve("m", "m", Where("gpu.example")), "say --public"),
        (Serve("m", "m", Where(), Spread(pipeline=2, nodes=2)), "--master-addr"),
        (Serve("m", "m", Where(), Spread(tensor=3, nodes=2, master="10.0.0.1")), "evenly"),
        (
            Serve("m", "m", Where(), Spread(pipeline=2, nodes=2, master="8.8.8.8")),
            "not encrypted.*say --public",
        ),
        (Serve("m", "m", Where(), extra=("--host", "0.0.0.0")), "tai's own --host"),
        (Serve("m", "m", Where(), extra=("--max-num-seqs", "4", "--host=0.0.0.0")), "tai's own --host"),
        (Serve("m", "m", Where(), extra=("--por", "1")), "tai's own --port"),
        (Serve("m", "m", Where(), extra=("--uds=/tmp/x",)), "tai's own --uds"),
        (Serve("m", "m", Where(), extra=("--master-addr", "8.8.8.8")), "tai's own --master-addr"),
        (Serve("m", "m", Where(), extra=("--grpc",)), "every address"),
        (Serve("m", "m", Where(), extra=("--kv_events_config={}",)), "every address"),
        (Serve("m", "m", Where(), extra=("-dpa", "8.8.8.8")), "tai's own --nodes"),
        (Serve("--host=0.0.0.0", "m", Where()), "read it as a flag"),
        (Serve("m", "m", Where(socket=Path("/run/" + "x" * 103))), "107 bytes"),
        (Serve("m", "m", Where(), extra=("--config", "flags.yaml")), "file of flags"),
    ],
)
def test_what_cannot_be_meant_is_refused(what: Serve, said: str) -> None:
    with pytest.raises(InputError, match=said):
        command.check(what, public=False)


def test_other_words_go_to_vllm() -> None:
    words = (
        "--max-num-seqs",
        "4",
        "--headless",
        "--pipeline-parallel-size",
        "2",
        "--hf-overrides",
        "{}",
        "--port-of-call",
    )
    command.check(Serve("m", "m", Where(), extra=words), public=False)


def test_an_open_port_is_possible_when_it_is_meant() -> None:
    command.check(Serve("m", "m", Where("0.0.0.0")), public=True)
    assert Where("0.0.0.0").url == "http://127.0.0.1:8000/v1"
    assert Where("::1").url == "http://[::1]:8000/v1"
    for near in ("127.0.0.1", "::1", "localhost"):
        command.check(Serve("m", "m", Where(near)), public=False)


def test_a_taken_port_is_refused_with_its_holder() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=rf"Port {port} on 127\.0\.0\.1 is taken by process \d+ \(\w+"):
            check_free(Where(port=port))
    check_free(Where(port=port))


def test_a_dead_socket_file_is_taken_away_and_a_live_one_is_not(tmp_path: Path) -> None:
    file = tmp_path / "vllm.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(file))
        server.listen()
        with pytest.raises(InputError, match="listens on"):
            check_free(Where(socket=file))
    check_free(Where(socket=file))
    assert not file.exists()
    file.write_text("a letter")
    with pytest.raises(InputError, match="is no socket"):
        check_free(Where(socket=file))
    assert file.read_text() == "a letter"
    with pytest.raises(InputError, match="no folder"):
        check_free(Where(socket=tmp_path / "nowhere" / "vllm.sock"))


def test_the_page_holds_the_tables_of_the_data() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == put(page), "run: python -m tai.serving.listing docs/models.md"


def test_the_command_is_printed_and_nothing_started(tai: Tai) -> None:
    done = tai("model", "serve", "--dry-run", "--model", NVFP4, "--context", "16384", "--", "--seed", "1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(
        f"VLLM_NO_USAGE_STATS=1 DO_NOT_TRACK=1 vllm serve {NVFP4} --host 127.0.0.1 "
    )
    assert done.stdout.rstrip().endswith("--seed 1")
    assert "--max-model-len 16384" in done.stdout
    refused(tai("model", "serve", "--model", NVFP4, "--host", "0.0.0.0"), 2, "is not loopback", "--public")


def test_a_ray_cluster_must_stand_before_anything_is_started(
    tai: Tai, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = tai.folder / "tools"
    tools.mkdir()
    started = tai.folder / "started"
    for name, text in (
        ("vllm", f"#!/bin/sh\ntouch {started}\n"),
        ("ray", "#!/bin/sh\nexit 1\n"),
    ):  # stand-ins
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tools), prepend=":")
    words = (
        "--nodes",
        "2",
        "--pipeline-parallel",
        "2",
        "--master-addr",
        "10.0.0.1",
        "--ray",
        "--model",
        NVFP4,
    )
    done = tai("model", "serve", *words)
    refused(done, 2, "ray start --head", "does not stand yet: run the commands above")
    assert not started.exists()


def test_a_vllm_that_is_missing_is_said_with_what_to_do(tai: Tai, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('model_server = "/nowhere/vllm"\n')
    done = tai("model", "serve", "--model", NVFP4, "--config", str(config))
    refused(done, 2, "model_server names /nowhere/vllm, which is no program here")


def test_without_a_vllm_on_the_path_the_way_to_one_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    with pytest.raises(InputError, match="uv tool install vllm"):
        command.program("")


def test_a_plan_is_told_as_data(tai: Tai) -> None:
    done = tai("model", "plan", "--gpu-memory", "48", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["chosen"] in {variant["repo"] for variant in told["variants"]}
    assert {"weights_gb", "kv_cache_gb", "context", "sessions"} <= told["variants"][0].keys()
    none = tai("model", "plan", "--gpu-memory", "3")
    assert none.returncode == 2
    assert "Nothing fits" in none.stdout
    refused(tai("model", "plan", "--model", "nobody/knows"), 2, "nobody/knows is no folder here")


def test_serve_plans_for_the_cards_that_nvidia_smi_names(tai: Tai, monkeypatch: pytest.MonkeyPatch) -> None:
    cards = tai.folder / "cards"
    cards.mkdir()
    smi = cards / "nvidia-smi"  # a stand-in: two cards of which the second is half taken
    smi.write_text(
        "#!/bin/sh\necho 'NVIDIA L40S, 46068, 45500, 8.9'\necho 'NVIDIA L40S, 46068, 24000, 8.9'\n"
    )
    smi.chmod(0o755)
    monkeypatch.setenv("PATH", str(cards), prepend=":")
    done = tai("model", "serve", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert " serve RedHatAI/gemma-4-26B-A4B-it-FP8-dynamic " in done.stdout
    assert "CUDA_DEVICE_ORDER=PCI_BUS_ID CUDA_VISIBLE_DEVICES=0 vllm" in done.stdout, "the one with more room"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    second = tai("model", "serve", "--dry-run")
    assert " serve google/gemma-4-12B-it-qat-w4a16-ct " in second.stdout
    assert "--gpu-memory-utilization 0.51" in second.stdout
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    both = tai("model", "serve", "--dry-run", "--tensor-parallel", "2")
    assert " serve RedHatAI/gemma-4-26B-A4B-it-FP8-dynamic " in both.stdout
    assert "--tensor-parallel-size 2" in both.stdout
    refused(
        tai("model", "serve", "--dry-run", "--data-parallel", "3"),
        2,
        "3 workers need as many GPUs; there are 2",
    )
    refused(tai("model", "plan", "--tensor-parallel", "3"), 2, "needs as many GPUs; there are 2")


def test_status_needs_a_server_and_says_when_it_is_not_there(tai: Tai, tmp_path: Path) -> None:
    refused(tai("model", "status"), 2, "No model server is configured", "tai model serve")
    done = tai("model", "status", "--model-url", f"unix:{tmp_path}/none.sock", "--json")
    assert done.returncode == 3
    told = json.loads(done.stdout)
    assert not told["reachable"]
    assert "cannot be reached" in told["reason"]
