"""Which files of a folder a command takes, and what it says of the others."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image as PILImage

from emotion.archive.storage import list_files
from emotion.cli.inputs import PHOTOS, VIDEOS, Inputs, add_listed, find_inputs, reasons
from emotion.cli.paths import MAX_NAME_BYTES, unique_path
from emotion.files import VIDEO_SUFFIXES, is_companion, partial_path
from emotion.imaging.formats import IMAGE_SUFFIXES

COMPANIONS = [
    "._IMG_1.jpg", "._clip.mp4", ".DS_Store", "Thumbs.db", "desktop.ini", "Desktop.ini",
    "@eaDir/a.jpg/SYNOPHOTO_THUMB_M.jpg", "@eaDir/clip.mp4/SYNOVIDEO.mp4", "__MACOSX/x/._a.jpg",
]  # fmt: skip


def names(found: Inputs) -> list[str]:
    return [Path(path).relative_to(base).as_posix() for path, base in found.files]


def fill(root: Path, *files: str) -> Path:
    for name in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"content")
    return root


def picture(path: Path, name: str = "JPEG") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    PILImage.new("RGB", (8, 8)).save(path, name)
    return path


@pytest.mark.parametrize("suffix", IMAGE_SUFFIXES)
def test_every_ending_of_a_picture_is_taken_from_a_folder(tmp_path: Path, suffix: str) -> None:
    fill(tmp_path, f"a{suffix}", f"b{suffix.upper()}")
    assert names(find_inputs([str(tmp_path)], PHOTOS)) == [f"a{suffix}", f"b{suffix.upper()}"]


@pytest.mark.parametrize("suffix", VIDEO_SUFFIXES)
def test_every_ending_of_a_video_is_taken_from_a_folder(tmp_path: Path, suffix: str) -> None:
    fill(tmp_path, f"a{suffix}", "notes.txt")
    found = find_inputs([str(tmp_path)], VIDEOS)
    assert names(found) == [f"a{suffix}"]
    assert found.skipped == {".txt": 1}


def test_a_picture_is_taken_by_its_content_and_the_others_are_counted(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    picture(tmp_path / "b" / "IMG_0001")
    picture(tmp_path / "c.dat", "PNG")
    fill(tmp_path, "d.txt", "e.TXT", "f.mov", "README", "b/g.pdf")
    os.mkfifo(tmp_path / "pipe")  # must not be opened: nobody writes into it
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    (tmp_path / "link").symlink_to(tmp_path / "b")
    found = find_inputs([str(tmp_path)], PHOTOS)
    assert names(found) == ["a.jpg", "c.dat", "b/IMG_0001"]
    assert found.skipped == {
        ".txt": 2, ".mov": 1, ".pdf": 1, "without an ending": 3, "links to folders": 1,
    }  # fmt: skip
    assert not found.empty


@pytest.mark.parametrize("kind", [PHOTOS, VIDEOS])
def test_companion_files_are_neither_inputs_nor_counted(tmp_path: Path, kind: object) -> None:
    good = "a.jpg" if kind is PHOTOS else "a.mp4"
    fill(tmp_path, *COMPANIONS, good)
    found = find_inputs([str(tmp_path)], kind)  # type: ignore[arg-type]
    assert names(found) == [good]
    assert not found.skipped
    named = find_inputs([str(tmp_path / n) for n in (*COMPANIONS[:6], good)], kind)  # type: ignore[arg-type]
    assert names(named) == [good]
    assert named.skipped == {"system files": 6}


def test_what_people_name_is_no_companion() -> None:
    for name in ("a.jpg", "_a.jpg", ".hidden.jpg", "thumbs.jpg", "eaDir/a.jpg", "MACOSX/a.jpg"):
        assert not is_companion(Path(name).parts)


def test_a_folder_without_anything_to_take_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    fill(tmp_path / "others", "a.txt", "b.txt", "c.mov", ".DS_Store")
    fill(tmp_path / "good", "a.jpg")
    paths = [str(tmp_path / name) for name in ("empty", "others", "good")]
    found = find_inputs(paths, PHOTOS)
    assert found.exit_code(0) == 1
    assert capsys.readouterr().err.splitlines() == [
        f"{paths[0]}: there are no photos in this folder; it is empty.",
        f"{paths[1]}: there are no photos in this folder, only 2 .txt, 1 .mov.",
        "photos: 1 done, 3 skipped (2 .txt, 1 .mov), 2 failed",
    ]
    alone = find_inputs([str(tmp_path / "others" / ".DS_Store")], PHOTOS)
    assert alone.exit_code(0) == 1
    assert "no photos here, only system files" in capsys.readouterr().err


def test_a_single_file_needs_no_account(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = find_inputs([str(tmp_path / "a.jpg")], PHOTOS)
    assert found.exit_code(0) == 0
    assert found.exit_code(1) == 1
    assert capsys.readouterr().err == ""


def test_many_reasons_are_shortened() -> None:
    skipped = Counter({f".{i}": 1 + i for i in range(9)})
    assert reasons(skipped) == "9 .8, 8 .7, 7 .6, 6 .5, 5 .4, 4 .3, 6 others"


def test_results_inside_the_folder_are_no_inputs(tmp_path: Path) -> None:
    fill(tmp_path, "a.jpg", "drawn/a.jpg.png")
    found = find_inputs([str(tmp_path)], PHOTOS, without=[tmp_path / "drawn"])
    assert names(found) == ["a.jpg"]


def test_an_object_store_is_searched_alike(tmp_path: Path) -> None:
    fill(tmp_path, "a.jpg", "sub/b ü.HEIC", "notes.txt", *COMPANIONS)
    found = Inputs(PHOTOS)
    listed = list_files(tmp_path.as_uri())
    assert listed is not None
    add_listed(found, tmp_path.as_uri(), listed)
    assert [path.rsplit("/", 1)[1] for path, _ in found.files] == ["a.jpg", "b%20%C3%BC.HEIC"]
    assert found.skipped == {".txt": 1}
    assert list_files((tmp_path / "a.jpg").as_uri()) is None
    fill(tmp_path / "other", "x.txt")
    nothing = Inputs(PHOTOS)
    add_listed(nothing, "there", list_files((tmp_path / "other").as_uri()) or [])
    assert nothing.empty == {"there": "there are no photos in this folder, only 1 .txt."}


@pytest.mark.parametrize("name", ["x" * 240 + ".jpg", "ü" * 122 + ".jpg", "名" * 80 + ".jpg"])
def test_a_long_name_gives_a_result_that_can_be_written(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"")
    taken: set[Path] = set()
    result = unique_path(tmp_path / name, ".png", taken)
    other = unique_path(tmp_path / name.replace(".jpg", ".bmp"), ".png", taken)
    again = unique_path(tmp_path / name, ".png", taken)
    assert len({result, other, again}) == 3
    for path in (result, other, again):
        assert path.suffix == ".png"
        assert len(os.fsencode(path.name)) <= MAX_NAME_BYTES + 4
        partial_path(path).write_bytes(b"")
        partial_path(path, keep_suffix=True).write_bytes(b"")
    assert unique_path(tmp_path / "a.jpg", ".png", set()) == tmp_path / "a.jpg.png"
