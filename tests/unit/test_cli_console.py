"""What the command line prints about itself and about its progress."""

import io
import subprocess
import sys
import time
from pathlib import Path

import pytest

import emotion
from emotion.cli import main
from emotion.cli.console import report_failure
from emotion.cli.progress import Progress, print_above_progress

ROOT = Path(__file__).parents[2]


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def stderr_as_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Replaces stderr; not as a fixture, for pytest sets stderr anew when the test begins."""
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    return stream


def test_version_is_name_and_number(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["--version"])
    assert exit_.value.code == 0
    assert capsys.readouterr().out == f"emotion {emotion.__version__}\n"


def test_version_of_the_module() -> None:
    command = [sys.executable, "-m", "emotion", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == f"emotion {emotion.__version__}\n"
    assert done.stderr == ""


def test_progress_is_silent_where_stderr_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress("photos")
    progress(1, 2)
    progress(2, 2)
    progress.close()
    assert capsys.readouterr() == ("", "")


def test_progress_shows_nothing_before_something_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = stderr_as_terminal(monkeypatch)
    Progress("photos").close()
    assert terminal.getvalue() == ""


def test_progress_shows_name_count_and_total(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = stderr_as_terminal(monkeypatch)
    progress = Progress("photos")
    for done in (1, 2, 3):
        progress(done, 3)
    progress.close()
    last = terminal.getvalue().split("\r")[-1]
    assert last.startswith("photos: 100%")
    assert "3/3" in last
    assert last.endswith("\n"), "what is printed next comes below"


def test_progress_without_a_total_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = stderr_as_terminal(monkeypatch)
    progress = Progress("frames")
    progress(7, None)
    progress.close()
    assert "frames: 7 " in terminal.getvalue()


def test_progress_is_redrawn_at_most_ten_times_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = stderr_as_terminal(monkeypatch)
    started = time.monotonic()
    progress = Progress("frames")
    for done in range(1, 1001):
        progress(done, None)
    progress.close()
    drawn = terminal.getvalue().count("\r")
    assert drawn <= 4 + 10 * (time.monotonic() - started)


def test_skipped_inputs_do_not_count_in_the_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = stderr_as_terminal(monkeypatch)
    progress = Progress("photos")
    progress.skipped = 10_000
    progress(10_000, 10_001)
    time.sleep(0.2)
    progress(10_001, 10_001)
    progress.close()
    last = terminal.getvalue().split("\r")[-1]
    assert "10001/10001" in last
    rate = float(last.rsplit(",", 1)[1].split("/s")[0])
    assert 0 < rate < 10


def test_a_failure_is_named_on_a_line_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = stderr_as_terminal(monkeypatch)
    progress = Progress("photos")
    progress(1, 3)
    assert report_failure("a.jpg", "It is damaged.") == 1
    assert report_failure("b.jpg", None) == 0
    print_above_progress("c", terminal)
    progress.close()
    lines = [line.rsplit("\r", 1)[-1] for line in terminal.getvalue().split("\n")]
    assert lines[:2] == ["a.jpg: It is damaged.", "c"]
