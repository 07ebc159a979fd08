"""A broken collector file is an error that names file, line and key; a good one loads, under the same policy as ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from tai import resources
from tai.catalog import load_catalog, read_collector
from tai.errors import ConfigError

GOOD = """\
name = "queue"
title = "The mail queue"
category = "mail"
words = ["mail"]

[[probe]]
id = "queue-files"
title = "What waits"
argv = ["ls", "-l", "/var/spool/postfix"]

[[signature]]
id = "relay-denied"
title = "The relay refuses mail"
severity = "high"
match.line = 'relay (?P<relay>\\S+) said no'
match.has = ["said no"]
subject = "{relay}"
explanation = "{relay} refused."

[[signature.case]]
text = "relay a said no"
matches = true
"""


def write(folder: Path, text: str, name: str = "queue") -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / f"{name}.toml"
    file.write_text(text)
    return file


def test_good_file_loads_on_top_of_the_shipped_ones(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    catalog = load_catalog([resources.folder("collectors"), tmp_path])
    assert "queue-files" in catalog.probes
    assert catalog.signatures["relay-denied"].category == "mail"
    assert catalog.files["queue"] == tmp_path / "queue.toml"


def test_file_of_the_same_name_replaces_the_whole_collector(tmp_path: Path) -> None:
    first = tmp_path / "first"
    second = tmp_path / "second"
    write(first, GOOD)
    write(second, GOOD.replace("queue-files", "other-files"))
    catalog = load_catalog([first, second])
    assert set(catalog.probes) == {"other-files"}
    assert catalog.files["queue"] == second / "queue.toml"


def test_folder_that_is_not_there_is_no_error(tmp_path: Path) -> None:
    assert load_catalog([tmp_path / "none"]).collectors == ()


@pytest.mark.parametrize(
    ("old", "new", "where", "said"),
    [
        ('title = "What waits"', 'titel = "What waits"', (8, "probe.titel"), "did you mean 'title'?"),
        ('words = ["mail"]', 'wrods = ["mail"]', (4, "wrods"), "did you mean 'words'?"),
        ('severity = "high"', 'severity = "bad"', (14, "signature.severity"), "got 'bad'"),
        ('category = "mail"\n', "", (1, "category"), "is missing"),
        ('title = "The relay refuses mail"\n', "", (11, "signature.title"), "is missing"),
        ('"-l", "/var', '"--bogus", "/var', (9, "probe(queue-files).argv"), "the read-only policy does not allow it"),
        ('["ls", "-l", "/var/spool/postfix"]', '["rm", "-rf", "/"]', (9, "probe(queue-files).argv"), "policy"),
        ('["ls", "-l", "/var/spool/postfix"]', '["lsof", "+L1"]', (9, "probe(queue-files).argv"), 'depth = "named"'),
        ('"/var/spool/postfix"', '"{folder}"', (9, "probe(queue-files).argv"), "unknown slot {folder}"),
        ('"/var/spool/postfix"', '"{path}"', (9, "probe(queue-files).argv"), "needs a for_each"),
        ('title = "What waits"', 'title = "W"\nparser = "nope"', (9, "probe(queue-files).parser"), "no parser 'nope'"),
        ('title = "What waits"', 'title = "W"\nparser = "jc:nope"', (9, "probe(queue-files).parser"), "no parser"),
        ('title = "What waits"', 'title = "W"\nfor_each = "cats"', (9, "probe(queue-files).for_each"), "cats"),
        ("relay (?P", "relay ((?P", (15, "signature(relay-denied).match.line"), "not a regular expression"),
        ("relay (?P<relay>\\S+)", "(?P<relay>(?:a+)+)", (15, "signature(relay-denied).match.line"), "very long"),
        ('match.has = ["said no"]\n', "", (15, "signature(relay-denied).match.has"), "is missing"),
        ('["said no"]', '["no"]', (16, "signature(relay-denied).match.has"), "fewer than 4"),
        ('"{relay} refused."', '"{host} refused."', (18, "signature(relay-denied).explanation"), "{host}"),
        ('subject = "{relay}"', 'subject = "{relay}"\nreads = ["lgo"]', (18, "signature.reads"), "did you mean 'log'?"),
        ('subject = "{relay}"', 'subject = "{relay}"\nexplained_by = ["x"]', (18, "signature.explained_by"), "no signature 'x'"),
        ('subject = "{relay}"', 'subject = "{relay}"\nchecks = [["reboot"]]', (18, "signature(relay-denied).checks"), "policy"),
        ('name = "queue"', 'name = "mail"', (1, "name"), "the file's own name, 'queue'"),
        ('name = "queue"', "name = queue", (1, ""), "not valid TOML"),
    ],
)  # fmt: skip
def test_each_kind_of_mistake_names_file_line_and_key(
    tmp_path: Path, old: str, new: str, where: tuple[int, str], said: str
) -> None:
    line, key = where
    assert old in GOOD
    file = write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(ConfigError) as caught:
        load_catalog([tmp_path])
    assert (caught.value.path, caught.value.line, caught.value.key) == (file, line, key)
    assert said in caught.value.message


def test_probe_id_of_another_file_is_refused_with_the_way_out(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD.replace("queue-files", "disk-space"))
    with pytest.raises(ConfigError) as caught:
        load_catalog([resources.folder("collectors"), tmp_path])
    assert caught.value.path == file
    assert caught.value.line == 7
    assert "to replace that collector" in str(caught.value)


def test_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "queue.toml").write_bytes(b"name = \xff")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_catalog([tmp_path])


def test_file_that_is_far_too_large_is_not_read(tmp_path: Path) -> None:
    write(tmp_path, "#" * (1 << 20) + "\n" + GOOD)
    with pytest.raises(ConfigError, match="no collector file"):
        read_collector(tmp_path / "queue.toml")
