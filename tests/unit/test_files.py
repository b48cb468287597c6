"""Atomic writes: the old file or the new one, never half of either."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from emotion.files import atomic_write, move_into_place, partial_path


@pytest.mark.parametrize("keep_suffix", [False, True])
def test_the_new_content_replaces_the_old_and_nothing_else_is_left(
    tmp_path: Path, keep_suffix: bool
) -> None:
    path = tmp_path / "table.csv"
    path.write_text("old")
    with atomic_write(path, keep_suffix=keep_suffix) as partial:
        partial.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def write_half(path: Path, error: type[BaseException]) -> None:
    with atomic_write(path) as partial:
        partial.write_text("half")
        raise error


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_an_exception_leaves_the_old_content(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "table.csv"
    path.write_text("old")
    with pytest.raises(error):
        write_half(path, error)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_content_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.mp4"
    synced: list[bool] = []
    monkeypatch.setattr(os, "fsync", lambda _: synced.append(path.exists()))
    partial_path(path).write_bytes(b"whole")
    move_into_place(partial_path(path), path)
    assert synced == [False]
    assert path.read_bytes() == b"whole"


def test_a_partial_file_is_beside_its_place_and_keeps_the_ending_on_request() -> None:
    path = Path("run/best.weights.h5")
    assert partial_path(path) == Path("run/best.weights.h5.partial")
    assert partial_path(path, keep_suffix=True) == Path("run/partial-best.weights.h5")
