"""`tai config …`: every value with the place it came from, as a person and as a script reads it; and the reference page."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tai.frontends.config_page import page
from tai.settings import HostSettings, Settings, load
from tests.run_tai import Tai, refused, tai
from tests.sshd import client_home

__all__ = ["client_home", "tai"]

ROOT = Path(__file__).parents[2]


@pytest.fixture
def config(tai: Tai) -> Path:
    file = tai.home.path / ".config" / "tai" / "config.toml"
    file.parent.mkdir(parents=True)
    return file


def shown(tai: Tai, *words: str, **variables: str) -> dict[str, tuple[str, str]]:
    """What `tai WORDS config show` prints: setting → value, origin."""
    done = tai(*words, "config", "show", variables=variables)
    assert done.returncode == 0, done.stderr
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert rows[0] == ["setting", "value", "from"]
    return {name: (value, origin) for name, value, origin in rows[1:]}


def test_each_value_is_shown_with_the_strongest_place_that_says_it(tai: Tai, config: Path) -> None:
    config.write_text('budget = 1000\n\nchannels = 3\nsamples = 2\n[hosts."web-*"]\nsudo = true\n')
    values = shown(tai, "--budget", "3000", "--anonymize", TAI_BUDGET="2000", TAI_SAMPLES="4")
    assert values["budget"] == ("3000", "--budget")
    assert values["anonymize"] == ("true", "--anonymize")
    assert values["samples"] == ("4", "environment TAI_SAMPLES")
    assert values["channels"] == ("3", f"{config}:3")
    assert values["hosts.web-*.sudo"] == ("true", f"{config}:6")
    assert values["hosts.web-*.proxy_command"] == ("false", "default")
    assert values["engine"] == ('"auto"', "default")
    assert values["model_key_file"] == ("", "default")
    assert {name for name in values if "." not in name} == set(Settings.model_fields) - {"hosts"}


def test_flags_may_stand_behind_the_command_too_and_json_has_true_types(tai: Tai, config: Path) -> None:
    config.write_text('model_allow = ["gpu-1"]\n')
    done = tai("config", "show", "--budget", "700", "--json")
    told = json.loads(done.stdout)
    assert told["budget"] == {"value": 700, "source": "flag", "where": "--budget"}
    assert told["model_allow"] == {"value": ["gpu-1"], "source": "file", "where": f"{config}:1"}
    assert json.loads(tai("--json", "config", "show").stdout).keys() == told.keys()


def test_a_hosts_table_can_come_from_file_and_environment_together(tai: Tai, config: Path) -> None:
    config.write_text("[hosts.web]\nsudo = true\n")
    variable = '{"web": {"proxy_command": true}}'
    values = shown(tai, TAI_HOSTS=variable)
    assert values["hosts.web.sudo"] == ("true", f"{config}:2")
    assert values["hosts.web.proxy_command"] == ("true", "environment TAI_HOSTS")
    config.write_text("[hosts.web]\nsudo = 3\n")
    refused(tai("config", "show", variables={"TAI_HOSTS": variable}), 2, f"{config}:2: hosts.web.sudo")


def test_an_api_key_is_read_from_the_environment_and_never_shown(tai: Tai) -> None:
    for options in ((), ("--json",)):
        done = tai("config", "show", *options, variables={"TAI_MODEL_KEY": "sk-s3cret"})
        assert "********" in done.stdout
        assert "s3cret" not in done.stdout + done.stderr


def test_an_api_key_that_is_no_text_is_not_repeated(tai: Tai, config: Path) -> None:
    config.write_text("model_key = 5318008\n")
    done = tai("config", "show")
    assert done.returncode == 2
    assert "model_key: input should be a valid string" in done.stderr
    assert "5318008" not in done.stderr


def test_a_password_in_a_url_is_masked(tai: Tai) -> None:
    done = tai("config", "show", variables={"TAI_MODEL_URL": "http://me:s3cret@10.0.0.1:8000/v1"})
    assert "http://********@10.0.0.1:8000/v1" in done.stdout
    assert "s3cret" not in done.stdout + done.stderr


def test_path_is_that_of_the_file_which_would_be_read(tai: Tai, config: Path) -> None:
    assert tai("config", "path").stdout == f"{config}\n"
    assert tai("config", "path", "--config", "x.toml").stdout == "x.toml\n"


def test_an_unknown_key_names_file_line_and_the_nearest_name(tai: Tai, config: Path) -> None:
    config.write_text("\nbugdet = 4000\n")
    refused(tai("config", "show"), 2, f"{config}:2: bugdet: unknown setting; did you mean budget?")


def test_a_bad_flag_is_named_even_where_variable_and_file_set_the_same(tai: Tai, config: Path) -> None:
    config.write_text("budget = 4000\n")
    refused(tai("--budget", "3", "config", "show", variables={"TAI_BUDGET": "5000"}), 2, "--budget: ")


def test_an_unknown_variable_is_said_once_with_the_nearest_name_and_without_its_value(tai: Tai) -> None:
    done = tai("config", "show", variables={"TAI_MODEL_ULR": "secret-1", "TAI_ZZ": "secret-2"})
    assert done.returncode == 0
    assert done.stderr.splitlines() == [
        "tai: environment variable TAI_MODEL_ULR is no setting and has no effect; did you mean TAI_MODEL_URL?",
        "tai: environment variable TAI_ZZ is no setting and has no effect; tai help config lists the settings",
    ]


def test_the_reference_page_is_current_and_names_every_setting_with_default_and_variable() -> None:
    text = (ROOT / "docs" / "config.md").read_text(encoding="utf-8")
    assert text == page(), "make docs"
    assert all(f"| `{name}` |" in text and f"`TAI_{name.upper()}`" in text for name in Settings.model_fields)
    assert all(f"| `{name}` |" in text for name in HostSettings.model_fields)
    assert str(Path.home()) + "/" not in text


def test_the_example_of_the_reference_page_is_a_good_config_file(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", page(), re.DOTALL)
    file = tmp_path / "config.toml"
    file.write_text(example)
    chosen = load(file)
    assert (chosen.budget, chosen.host("db-3").sudo, chosen.host("web").sudo) == (12000, True, False)
