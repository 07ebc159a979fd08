"""File, environment and flags: which one wins, and what a mistake gets."""

from __future__ import annotations

from pathlib import Path

import pytest

from tai.errors import ConfigError
from tai.settings import Settings, load


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def test_flags_beat_the_environment_which_beats_the_file(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text('budget = 1000\nmodel = "file"\nchannels = 3\n')
    monkeypatch.setenv("TAI_BUDGET", "2000")
    monkeypatch.setenv("TAI_MODEL", "environment")
    chosen = load(config, {"budget": 3000, "model": None})
    assert (chosen.budget, chosen.model, chosen.channels) == (3000, "environment", 3)


def test_the_model_is_named_as_the_documentation_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("TAI_MODEL_URL", "http://127.0.0.1:8000/v1")
    monkeypatch.setenv("TAI_MODEL", "gemma")
    chosen = load()
    assert (chosen.model_url, chosen.model, chosen.engine) == ("http://127.0.0.1:8000/v1", "gemma", "auto")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\nbugdet = 4000\n", r"config.toml:2: bugdet: unknown setting; did you mean budget\?"),
        ("[ssh]\nx = 1\n", r"config.toml:1: ssh: unknown setting; known settings: "),
        ("\n\nbudget = 'lots'\n", r"config.toml:3: budget: input should be a valid integer"),
        ("channels = 99\n", r"config.toml:1: channels: input should be less than or equal to 10"),
        ("engine = 'gpt'\n", r"config.toml:1: engine: input should be 'auto', 'vllm' or 'deterministic'"),
        ("budget = \n", r"config.toml:1: not valid TOML"),
        ("\xff", "not UTF-8"),
    ],
)
def test_a_mistake_in_the_file_names_file_line_and_key(config: Path, text: str, said: str) -> None:
    config.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError, match=said):
        load(config)


def test_a_mistake_in_the_environment_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, config: Path
) -> None:
    config.write_text("")
    monkeypatch.setenv("TAI_RUN_TIMEOUT", "soon")
    with pytest.raises(ConfigError, match=r"environment variable TAI_RUN_TIMEOUT: .*'soon'"):
        load(config)


def test_a_mistake_on_the_command_line_names_the_flag(config: Path) -> None:
    config.write_text("")
    with pytest.raises(ConfigError, match=r"--budget: .*got 3"):
        load(config, {"budget": 3})


def test_a_config_file_that_was_named_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load(tmp_path / "none.toml")


def test_a_host_has_the_settings_of_its_own_table_or_of_the_first_pattern_that_fits(config: Path) -> None:
    config.write_text(
        '[hosts."web-*"]\nsudo = true\n[hosts."web-1"]\nsudo = false\n[hosts."*.lab"]\nsudo = true\n[hosts."a.b"]\nsudo = true\n'
    )
    chosen = load(config)
    wanted = {
        "web-2": True,
        "WEB-2": True,
        "web-1": False,
        "x.lab": True,
        "a.b": True,
        "axb": False,
        "db": False,
    }
    assert {name: chosen.host(name).sudo for name in wanted} == wanted


def test_without_a_word_in_the_config_no_host_has_sudo(config: Path) -> None:
    config.write_text("")
    assert not load(config).host("web-1").sudo


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '\n[hosts."web-1"]\nsduo = true\n',
            r"config.toml:3: hosts.web-1.sduo: unknown setting; did you mean sudo\?",
        ),
        ("[hosts.web]\ncolour = 1\n", r"config.toml:2: hosts.web.colour: unknown setting; known here: sudo"),
        (
            "[hosts.web]\nsudo = 'yes'\n",
            r"config.toml:2: hosts.web.sudo: input should be a valid boolean, got 'yes'",
        ),
        ("hosts.web.sudo = 1\n", r"config.toml:1: hosts.web.sudo: input should be a valid boolean"),
        ("hosts = true\n", r"config.toml:1: hosts: input should be a valid dictionary"),
        ("[hosts]\nweb = 1\n", r"config.toml:2: hosts.web: "),
    ],
)
def test_a_mistake_in_a_hosts_table_names_file_line_and_key(config: Path, text: str, said: str) -> None:
    config.write_text(text)
    with pytest.raises(ConfigError, match=said):
        load(config)


def test_a_list_in_the_environment_that_is_no_json_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, config: Path
) -> None:
    config.write_text("")
    monkeypatch.setenv("TAI_MODEL_ALLOW", "gpu-1")
    with pytest.raises(ConfigError, match="environment variable TAI_MODEL_ALLOW: a JSON value was expected"):
        load(config)


def test_every_setting_says_what_it_means() -> None:
    assert all(field.description for field in Settings.model_fields.values())
