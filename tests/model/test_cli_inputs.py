"""``emotion analyze`` and ``emotion video`` over what people have in their folders."""

from __future__ import annotations

import csv
import io
import os
import subprocess
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
import tifffile
from PIL import Image as PILImage

from emotion.imaging.files import MAX_PIXELS_VARIABLE
from emotion.samples import SAMPLES
from tests.clips import encode
from tests.model.test_cli import emotion

pillow_heif.register_heif_opener()

PAIR = next(sample for sample in SAMPLES if sample.name == "pair")


@pytest.fixture(scope="module")
def pair() -> np.ndarray:
    with PILImage.open(PAIR.path) as picture:
        return np.array(picture.convert("RGB"))


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def boxes(done: subprocess.CompletedProcess[str]) -> np.ndarray:
    """(N, 4), from left to right."""
    found = [[float(row[k]) for k in ("x1", "y1", "x2", "y2")] for row in rows_of(done.stdout)]
    return np.array(sorted(found))


def test_a_turned_tiff_has_its_boxes_in_the_upright_picture(
    pair: np.ndarray, tmp_path: Path
) -> None:
    straight = emotion("analyze", PAIR.path)
    for orientation, stored in ((6, np.rot90(pair)), (3, pair[::-1, ::-1]), (2, pair[:, ::-1])):
        path = tmp_path / f"{orientation}.tif"
        tifffile.imwrite(path, stored, extratags=[(274, "H", 1, orientation, True)])
        done = emotion("analyze", path)
        assert done.returncode == 0, done.stderr
        assert boxes(done) == pytest.approx(boxes(straight), abs=1)
        labels = [sorted(row["label"] for row in rows_of(d.stdout)) for d in (done, straight)]
        assert labels[0] == labels[1]


def test_a_mixed_folder_ends_with_an_account(pair: np.ndarray, tmp_path: Path) -> None:
    folder = tmp_path / "mixed"
    (folder / "@eaDir" / "a.jpg").mkdir(parents=True)
    photo = PILImage.fromarray(pair[::2, ::2])
    photo.save(folder / "a.jpg")
    photo.save(folder / "b.HEIC", quality=90)
    photo.save(folder / "c.avif", quality=90)
    photo.save(folder / "d.jfif", "JPEG")
    photo.save(folder / "IMG_0005", "HEIF", quality=90)
    photo.save(folder / "@eaDir" / "a.jpg" / "SYNOPHOTO_THUMB_M.jpg")
    (folder / "e.jpg").write_bytes((folder / "a.jpg").read_bytes()[:900])
    (folder / "clip.mp4").write_bytes(b"video")
    (folder / "notes.txt").write_text("notes")
    for name in ("._a.jpg", "Thumbs.db", "desktop.ini", ".DS_Store"):
        (folder / name).write_bytes(b"\0\5\x16\7")
    done = emotion("analyze", folder)
    assert done.returncode == 1
    sources = [Path(row["source"]).name for row in rows_of(done.stdout)]
    assert sources == [name for name in ("IMG_0005", "a.jpg", "b.HEIC", "c.avif", "d.jfif")
                       for _ in range(2)]  # fmt: skip
    broken, account = done.stderr.splitlines()
    assert broken.startswith(f"{folder / 'e.jpg'}: This picture is damaged")
    assert account == "photos: 5 done, 2 skipped (1 .mp4, 1 .txt), 1 failed"


@pytest.mark.parametrize("command", ["analyze", "video"])
def test_a_folder_without_anything_usable_is_code_1(command: str, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "notes.txt").write_text("notes")
    extra = ["--csv", tmp_path / "out"] if command == "video" else []
    done = emotion(command, tmp_path / "in", *extra)
    kind = "photos" if command == "analyze" else "videos"
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"{tmp_path / 'in'}: there are no {kind} in this folder, only 1 .txt.",
        f"{kind}: 0 done, 1 skipped (1 .txt), 1 failed",
    ]


def test_every_container_in_a_folder_is_analysed(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    data = encode(range(3), rate=10)
    for name in ("a.3gp", "b.m2ts", "c.vob", "d.mts"):
        (folder / name).write_bytes(data)
    (folder / "._a.3gp").write_bytes(b"\0\5\x16\7")
    (folder / "photo.jpg").write_bytes(b"")
    done = emotion("video", folder, "--csv", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert done.stderr == "videos: 4 done, 1 skipped (1 .jpg), 0 failed\n"
    assert len(list((tmp_path / "out").iterdir())) == 4


def test_a_large_photo_has_its_boxes_in_pixels_of_the_file(
    pair: np.ndarray, tmp_path: Path
) -> None:
    straight = emotion("analyze", PAIR.path)
    megapixels = pair.shape[0] * pair.shape[1] / 1e6
    environment = {**os.environ, MAX_PIXELS_VARIABLE: f"{megapixels / 2:.4f}"}
    done = emotion("analyze", PAIR.path, "--annotated", tmp_path, env=environment)
    assert done.returncode == 0, done.stderr
    assert boxes(done) == pytest.approx(boxes(straight), abs=0.04 * pair.shape[0])
    drawn = np.asarray(PILImage.open(tmp_path / "pair.jpg.png"))
    assert drawn.shape[:2] == (-(-pair.shape[0] // 2), -(-pair.shape[1] // 2))


def test_a_long_name_costs_neither_its_row_nor_its_picture(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 240 + ".jpg")
    path.write_bytes(PAIR.read())
    out = tmp_path / "out.csv"
    done = emotion("analyze", path, "--annotated", tmp_path / "drawn", "--out", out)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert len(rows_of(out.read_text())) == 2
    assert [p.suffix for p in (tmp_path / "drawn").iterdir()] == [".png"]


def test_a_picture_that_cannot_be_saved_costs_no_row(tmp_path: Path) -> None:
    (tmp_path / "drawn").write_text("a file where the folder should be")
    done = emotion("analyze", PAIR.path, "--annotated", tmp_path / "drawn")
    assert done.returncode == 1
    assert len(rows_of(done.stdout)) == 2
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_byte_order_mark_is_there_when_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "Zoë.jpg"
    path.write_bytes(PAIR.read())
    for given in ([], ["--bom"]):
        out = tmp_path / "out.csv"
        for _ in range(2):  # resumed, it is still there once
            assert emotion("analyze", path, "--out", out, "--resume", *given).returncode == 0
        assert out.read_bytes().startswith(b"\xef\xbb\xbfsource," if given else b"source,")
        assert out.read_bytes().count(b"\xef\xbb\xbf") == len(given)
        assert rows_of(out.read_text("utf-8-sig"))[0]["source"] == str(path)
        assert emotion("analyze", path, *given).stdout.startswith("\ufeff" * len(given) + "source")
        Path(f"{out}.progress").unlink()
        out.unlink()
    assert emotion("analyze", path, "--out", tmp_path / "out.json", "--bom").returncode == 2
