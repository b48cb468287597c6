"""The journal of a run, and the names of results; files alone, no models."""

import json
import os
from pathlib import Path

import pytest

from emotion.cli.paths import printable, unique_path
from emotion.cli.resume_journal import ResumeJournal, journal_path
from emotion.results.rows import COLUMNS

SETTINGS = {"model": "abc", "fps": None}


def interrupted(path: Path, *entries: tuple[str, str | None, int]) -> None:
    """Leaves the journal of a run that finished these inputs and was then stopped."""
    journal = ResumeJournal(path, SETTINGS, resume=False)
    for name, problem, end in entries:
        journal.add(name, problem, end)
    assert not journal.close(finished=False)


def resumed(path: Path, table_bytes: int = 1000) -> ResumeJournal:
    return ResumeJournal(path, SETTINGS, resume=True, table_bytes=table_bytes)


def test_finished_inputs_are_skipped_as_often_as_they_were_finished(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.progress"
    interrupted(path, ("a", None, 10), ("b", "damaged", 10), ("a", None, 30))
    journal = resumed(path)
    assert journal.table_end == 30
    assert [journal.skip(name) for name in ("a", "b", "c", "a", "a")] == [
        True, True, False, True, False,
    ]  # fmt: skip
    assert journal.problem("b") == "damaged"
    assert journal.problem("a") is None


def test_a_journal_that_is_begun_anew_knows_nothing(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "t.csv.progress"
    interrupted(path, ("a", None, 10))
    journal = ResumeJournal(path, SETTINGS, resume=False)
    assert journal.table_end is None
    assert not journal.skip("a")
    assert json.loads(path.read_text()) == {"columns": list(COLUMNS), **SETTINGS}


def test_rows_that_the_table_has_lost_are_not_finished(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.progress"
    interrupted(path, ("a", None, 10), ("b", None, 20))
    journal = resumed(path, table_bytes=15)
    assert journal.table_end == 10
    assert journal.skip("a")
    assert not journal.skip("b")
    assert path.read_text().count("\n") == 2


@pytest.mark.parametrize(
    "torn", ['{"source": "b", "pro', '{"source": "b", "problem": null, "end": 9}']
)
def test_a_line_that_was_cut_off_does_not_count(tmp_path: Path, torn: str) -> None:
    path = tmp_path / "t.csv.progress"
    interrupted(path, ("a", None, 10))
    with path.open("a") as file:
        file.write(torn)
    journal = resumed(path)
    assert journal.skip("a")
    assert not journal.skip("b")
    journal.add("b", None, 20)
    assert path.read_text().count("\n") == 3


def test_other_settings_are_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "t.csv.progress"
    interrupted(path, ("a", None, 10))
    before = path.read_bytes()
    with pytest.raises(SystemExit) as exit_:
        ResumeJournal(path, {**SETTINGS, "fps": 5.0}, resume=True, table_bytes=99)
    assert exit_.value.code == 2
    assert "other settings" in capsys.readouterr().err
    assert path.read_bytes() == before


def test_a_finished_run_keeps_its_journal_only_where_it_was_told_to_resume(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.progress"
    assert ResumeJournal(path, SETTINGS, resume=False).close(finished=True)
    assert not path.exists()
    assert not resumed(path).close(finished=True)
    assert path.exists()


def test_the_journal_lies_beside_the_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert journal_path(tmp_path / "t.csv") == tmp_path / "t.csv.progress"
    monkeypatch.chdir(tmp_path)
    assert journal_path(Path()) == tmp_path.with_name(f"{tmp_path.name}.progress")


def test_results_of_one_run_have_different_names() -> None:
    taken: set[Path] = set()
    names = [unique_path(Path("out", name), ".png", taken).name for name in ("a.jpg", "a.png")]
    assert names == ["a.jpg.png", "a.png.png"]
    again = [unique_path(Path("out/a.jpg"), ".png", taken).name for _ in range(2)]
    assert again == ["a.jpg-2.png", "a.jpg-3.png"]
    assert len(taken) == 4


def test_a_path_that_is_not_utf_8_can_be_printed() -> None:
    assert printable(Path("caf\u00e9.jpg")) == "caf\u00e9.jpg"
    assert printable(Path(os.fsdecode(b"caf\xe9.jpg"))) == "caf\\udce9.jpg"
