"""What the grammar understands, how it writes it again, and what it refuses."""

from __future__ import annotations

import shlex

import pytest

from tai.errors import PolicyRefusal
from tai.policy import PathUse, ReadOnlyCommand, Tier, canonicalise


def canonical(line: str) -> str:
    return shlex.join(canonicalise(shlex.split(line)).argv)


def refusal(*argv: str) -> PolicyRefusal:
    with pytest.raises(PolicyRefusal) as caught:
        canonicalise(argv)
    return caught.value


def test_cluster_is_taken_apart_letter_by_letter() -> None:
    assert canonicalise(["ss", "-tlnp"]).argv == ("ss", "-t", "-l", "-n", "-p")


def test_last_letter_of_a_cluster_takes_the_next_word() -> None:
    assert canonical("journalctl -xeu kubelet -n 50") == "journalctl --no-pager -x -e -u kubelet -n 50"


def test_one_unknown_letter_refuses_the_whole_cluster() -> None:
    assert "-K" in refusal("ss", "-tlnKp").reason


def test_long_names_are_written_as_the_first_spelling() -> None:
    assert canonical("journalctl --unit=nginx --lines 20") == "journalctl --no-pager -u nginx -n 20"


def test_abbreviated_long_option_is_refused() -> None:
    refusal("journalctl", "--vac")
    refusal("ss", "--dia=/tmp/x")
    refusal("systemctl", "status", "--hos=x")


def test_value_of_a_flag_that_takes_none_is_refused() -> None:
    assert "takes no value" in refusal("df", "--total=yes").reason


def test_missing_value_is_refused() -> None:
    assert "needs a value" in refusal("journalctl", "-u").reason


def test_value_outside_its_range_is_refused() -> None:
    assert "whole number from 1 to 5000" in refusal("journalctl", "-n", "5001").reason


def test_operand_never_starts_with_a_dash_even_after_two() -> None:
    refusal("cat", "--", "-n")
    refusal("systemctl", "status", "--", "-Hx")
    refusal("cat", "-")


def test_two_dashes_are_written_before_operands_where_the_program_knows_them() -> None:
    assert canonicalise(["cat", "/etc/hosts"]).argv == ("cat", "--", "/etc/hosts")
    assert canonicalise(["ss", "-t", "dst", "10.0.0.5"]).argv == ("ss", "-t", "dst", "10.0.0.5")


def test_forced_flags_are_written_and_replace_what_was_given() -> None:
    command = canonicalise(["smartctl", "-n", "never", "-a", "/dev/sda"])
    assert command.argv == ("smartctl", "-n", "standby", "-a", "--", "/dev/sda")
    assert command.notes == ("-n never is replaced",)


def test_flags_that_must_win_are_written_last() -> None:
    argv = canonicalise(["grep", "-r", "--exclude", "x", "key", "/etc/nginx"]).argv
    assert "--exclude=x" not in argv
    assert argv.index("-r") < argv.index("--exclude=*.key") < argv.index("--")
    assert canonicalise(["rpm", "-V", "-a", "--noscripts"]).argv == ("rpm", "-V", "-a", "--noscripts")


def test_flag_whose_order_matters_is_written_first() -> None:
    assert canonicalise(["rpm", "-i", "-q", "bash"]).argv == ("rpm", "-q", "-i", "--", "bash")


def test_follow_becomes_a_snapshot_and_says_so() -> None:
    command = canonicalise(["tail", "-20f", "/var/log/syslog"])
    assert command.argv == ("tail", "-n", "20", "--", "/var/log/syslog")
    assert command.notes == ("-f is left out: a snapshot is taken",)
    assert canonical("journalctl -fu nginx") == "journalctl --no-pager -u nginx -n 500"


def test_repeating_command_gets_a_count_and_says_so() -> None:
    command = canonicalise(["vmstat", "1"])
    assert command.argv == ("vmstat", "--", "1", "3")
    assert command.notes == ("3 added, since it would not end by itself",)
    assert canonicalise(["iostat", "-x", "sda", "1"]).argv == ("iostat", "-x", "sda", "1", "3")
    assert canonicalise(["vmstat", "1", "3"]).notes == ()


def test_number_with_a_dash_stands_for_the_count() -> None:
    assert canonical("head -50 /var/log/syslog") == "head -n 50 -- /var/log/syslog"
    assert canonical("last -20") == "last -n 20"


def test_value_that_may_follow_is_written_attached() -> None:
    assert canonical("journalctl -k -b -1") == "journalctl --no-pager -k -b-1 -n 500"
    assert canonical("lsof -i :443") == "lsof -n -P -w -i:443"
    assert canonical("lsof -nP -iTCP -sTCP:LISTEN") == "lsof -n -P -w -iTCP -sTCP:LISTEN"


def test_value_that_may_follow_stays_a_word_of_its_own_where_the_program_wants_that() -> None:
    assert canonical("sar -u ALL 1 3") == "sar -u ALL 1 3"
    assert canonical("iptables -nvL INPUT") == "iptables -v -L INPUT -n"


def test_value_after_an_equals_sign_belongs_to_go_programs_only() -> None:
    assert canonicalise(["docker", "logs", "-n=5", "web"]).argv == ("docker", "logs", "-n", "5", "--", "web")
    refusal("journalctl", "-n=5")


def test_three_dialects_of_ps() -> None:
    assert canonical("ps auxww --sort=-%mem") == "ps auxww --sort=-%mem"
    assert canonical("ps -aux") == "ps aux"
    assert canonical("ps axo pid,comm") == "ps ax o pid,comm"
    assert canonical("ps -eo pid,args=CMD") == "ps -e -o pid,args=CMD"


@pytest.mark.parametrize(
    "line", ["ps auxe", "ps e", "ps axeww", "ps -eo environ", "ps -eo pid,environ", "ps axE"]
)
def test_ps_never_shows_environments(line: str) -> None:
    refusal(*line.split())


def test_object_of_ip_by_itself_is_listed() -> None:
    assert canonical("ip -br a") == "ip -br addr"
    assert canonical("ip r s table main") == "ip route show table main"


@pytest.mark.parametrize(
    "line",
    [
        "ip l s lo up",
        "ip r f table main",
        "ip a a 10.0.0.1/8 dev lo",
        "ip addr flush dev lo",
        "ip link lo up",
        "ip n del 10.0.0.1",
    ],
)
def test_ip_changes_nothing(line: str) -> None:
    refusal(*line.split())


def test_find_keeps_the_order_of_its_expression() -> None:
    line = "find /var/log ( -name *.gz -o -name *.1 ) ! -newer /etc/hosts -ls"
    assert canonicalise(line.split()).argv == (
        "find", "/var/log", "-xdev", "(", "-name", "*.gz", "-o", "-name", "*.1", ")", "!", "-newer", "/etc/hosts", "-ls",
    )  # fmt: skip


def test_name_that_stands_for_other_words() -> None:
    command = canonicalise(["zcat", "/var/log/syslog.2.gz"])
    assert command.argv == ("gzip", "-c", "-d", "--", "/var/log/syslog.2.gz")
    assert command.notes == ("zcat is run as gzip -c -d",)


def test_pattern_and_files_of_grep_are_told_apart_by_its_flags() -> None:
    assert canonicalise(["grep", "/etc/shadow", "/etc/hosts"]).paths == (PathUse("/etc/hosts", "file"),)
    assert canonicalise(["grep", "-e", "x", "/etc/hosts"]).paths == (PathUse("/etc/hosts", "file"),)
    assert "/etc/shadow" in refusal("grep", "-e", "x", "/etc/shadow").reason
    assert canonicalise(["grep", "-r", "-e", "x", "/etc/nginx"]).paths == (PathUse("/etc/nginx", "dir"),)
    refusal("grep", "-r", "x", "/etc/ssl")


def test_path_is_written_normalised() -> None:
    command = canonicalise(["cat", "//var/log/./nginx//error.log"])
    assert command.argv == ("cat", "--", "/var/log/nginx/error.log")
    assert command.paths == (PathUse("/var/log/nginx/error.log", "file"),)


def test_path_in_a_flag_is_checked_as_well() -> None:
    assert canonicalise(["sar", "-f", "/var/log/sa/sa01"]).paths == (PathUse("/var/log/sa/sa01", "file"),)
    refusal("sar", "-f", "/etc/shadow")
    refusal("openssl", "x509", "-in", "/etc/ssl/private/site.pem", "-noout")


def test_a_certificate_is_read_without_asking_where_its_key_may_be_in_the_same_file() -> None:
    command = canonicalise(["openssl", "x509", "-in", "/etc/shop/tls/site.pem", "-noout", "-dates"])
    assert command.paths == (PathUse("/etc/shop/tls/site.pem", "cert"),)
    assert command.tier is Tier.A
    assert canonicalise(["openssl", "verify", "-untrusted", "/etc/a/b.pem", "/etc/a/b.pem"]).tier is Tier.A
    assert canonicalise(["cat", "/etc/shop/tls/site.pem"]).tier is Tier.B
    refusal("openssl", "x509", "-in", "/etc/shop/tls/site.pem", "-dates")  # would print the file's block
    refusal("openssl", "x509", "-in", "/etc/shop/tls/site-key.pem", "-noout")
    refusal("openssl", "x509", "-in", "/home/app/site.pem", "-noout")


def test_tier_is_the_highest_of_the_form_and_its_flags() -> None:
    assert canonicalise(["hostname"]).tier is Tier.A
    assert canonicalise(["hostname", "-f"]).tier is Tier.C
    assert canonicalise(["ls", "-lR", "/etc"]).tier is Tier.B


def test_destinations_of_packets_are_named() -> None:
    assert canonicalise(["dig", "@10.0.0.53", "example.com", "MX"]).destinations == (
        "@10.0.0.53",
        "example.com",
    )
    command = canonicalise(["openssl", "s_client", "-connect", "10.0.0.5:443"])
    assert command.destinations == ("10.0.0.5:443",)


def test_sudo_is_not_a_program_here() -> None:
    assert "per host" in refusal("sudo", "-n", "dmesg").reason
    assert canonicalise(["dmesg"]).sudo
    assert canonicalise(["dmesg"]).program == "/usr/bin/dmesg"
    assert not canonicalise(["cat", "/etc/hosts"]).sudo


@pytest.mark.parametrize(
    "name", ["/bin/ls", "./ls", "../bin/ls", "LS", "ls;id", "", " ls", "=ls", "ｌｓ", "-ls"]
)
def test_program_is_a_bare_name(name: str) -> None:
    refusal(name, "-l")


@pytest.mark.parametrize(
    "character",
    ["\x00", "\n", "\x1b", "\x7f", "\x85", "\xa0", "\xad", "\u034f", "\u115f", "\u180e", "\u200b", "\u2028", "\u202e", "\u2800", "\u3000", "\u3164", "\ue000", "\ufe0f", "\ufeff", "\ud800", "\U000e0041", "\U0010ffff"],
)  # fmt: skip
def test_invisible_character_is_refused_anywhere(character: str) -> None:
    assert "U+" in refusal("grep", f"a{character}b", "/etc/hosts").reason
    refusal(f"ls{character}", "-l")


def test_visible_unicode_is_kept() -> None:
    assert canonicalise(["grep", "Größe 日本 🙂", "/var/log/syslog"]).argv[2] == "Größe 日本 🙂"


def test_length_is_bounded() -> None:
    refusal("cat", *["/etc/hosts"] * 64)
    refusal("grep", "x" * 1025, "/etc/hosts")
    refusal("dpkg", "-l", *["x" * 1000] * 9)


def test_empty_command_line_is_refused() -> None:
    refusal()
    with pytest.raises(PolicyRefusal):
        canonicalise("cat /etc/hosts")


def test_empty_operand_is_refused() -> None:
    refusal("journalctl", "")


def test_command_cannot_be_made_without_the_policy_or_changed() -> None:
    with pytest.raises(PolicyRefusal):
        ReadOnlyCommand(["rm", "-rf", "/"])
    command = ReadOnlyCommand(["uptime"])
    with pytest.raises(AttributeError):
        command._canonical = canonicalise(["date"])
    assert command.argv == ("uptime",)


def test_command_says_what_it_does_and_under_what_it_runs() -> None:
    command = ReadOnlyCommand(["crontab", "-l"])
    assert command.tier is Tier.B
    assert command.incompatible_layers == {"nnp"}
    assert "passwords" in command.effects
    assert command.timeout_s == 15
    assert command.max_bytes == 1048576
