"""What a run sends, counted at a real OpenSSH server: a default run stays small, and a plan that is shown sends nothing."""

from __future__ import annotations

from tests.run_tai import Tai, events, of_kind, tai
from tests.sshd import Sshd, client_home, sshd, sshd_factory

__all__ = ["client_home", "sshd", "sshd_factory", "tai"]


def test_default_run_sends_at_most_sixty_commands_in_all_rounds_the_guard_s_included(
    tai: Tai, sshd: Sshd
) -> None:
    done = tai("collect", *tai.at(sshd), "--json")
    assert done.returncode == 0, done.stderr
    stream = events(done.stdout)
    sent = of_kind(stream, "command_sent")
    planned = [step["probe"] for event in of_kind(stream, "plan_made") for step in event["steps"]]
    assert len(planned) == len(of_kind(stream, "observation_made"))
    if not [event for event in of_kind(stream, "finding_found") if event["finding"]["severity"] != "info"]:
        assert len(sent) <= 60
        assert len(planned) <= 50
    # Paths are looked at together, five in a command, first where they lead and then what they are; twice at most, because a
    # later round has its own.
    guard = [event for event in sent if event["n"] == 0]
    paths = {word for event in sent if event["n"] for word in event["argv"] if word.startswith("/")}
    assert len(guard) <= 2 * 2 * -(-len(paths) // 5)


def test_shown_plan_says_what_runs_and_why_and_sends_nothing(tai: Tai, sshd: Sshd) -> None:
    done = tai("diagnose", *tai.at(sshd), "--ticket", tai.ticket(), "--show-plan")
    assert done.returncode == 0, done.stderr
    shown = done.stdout + done.stderr
    assert "(the ticket says " in shown
    assert "left out" in shown
    assert "later" in shown
    assert "that is found, up to" in shown
    stream = events(tai("diagnose", *tai.at(sshd), "--ticket", tai.ticket(), "--show-plan", "--json").stdout)
    (plan,) = of_kind(stream, "plan_made")
    assert plan["steps"][0]["why"]
    assert plan["later"]
    assert of_kind(stream, "command_sent") == []
