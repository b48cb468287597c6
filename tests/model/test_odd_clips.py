"""Odd files with a real face, by the command line and by ``analyze_video``: the right result, or
one sentence that says what is wrong and what to do, with what could be read kept."""

import csv
import io
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as PILImage

import emotion
from emotion.files import DAMAGED_CLIP
from emotion.results.rows import COLUMNS
from emotion.types import Floats, Image
from emotion.video.colors import HLG, PQ
from emotion.video.reader import read_frames
from tests.clips import QUICK, encode, index_first, sound_only, turned
from tests.rendering import Portrait, center_of, side_of
from tests.unit.test_video_colors import hdr_clip

ROOT = Path(__file__).parents[2]
COUNT = 12
HDR = {"pq": PQ, "hlg": HLG}
IRREGULAR = [0, 7, 40, 41, 290, 330, 331, 600, 633, 700, 999, 1000]  # milliseconds


@dataclass(frozen=True)
class Good:
    """A clip with the truth of each frame: when it is shown, how large it is, where the face is."""

    data: bytes
    times: list[float]
    sizes: list[tuple[int, int]]
    boxes: list[Floats]

    @classmethod
    def still(cls, data: bytes, times: list[float], size: tuple[int, int], box: Floats) -> "Good":
        """One in which nothing moves."""
        return cls(data, times, [size] * len(times), [box] * len(times))


@pytest.fixture(scope="module")
def analyzer() -> emotion.Analyzer:
    return emotion.load_analyzer()


@pytest.fixture(scope="module")
def portrait(analyzer: emotion.Analyzer) -> Portrait:
    return Portrait.of("collins", analyzer)


def still(portrait: Portrait, size: tuple[int, int], side_px: float, turns: int = 0) -> bytes:
    """A second's MP4 of the face left of the middle, stored so many quarters counterclockwise."""
    place = portrait.place(side_px, (0.4 * size[0], 0.5 * size[1]))
    stored = np.ascontiguousarray(np.rot90(portrait.picture(place, size), turns))
    pictures = [stored] * COUNT
    size = stored.shape[1], stored.shape[0]
    return encode(range(COUNT), pictures=pictures, size=size, codec="libx264", options=QUICK)


def anamorphic(picture: Image) -> bytes:
    """The picture in half as many columns, whose pixels are twice as wide as high."""
    squeezed = np.asarray(cv2.resize(picture, None, fx=0.5, fy=1, interpolation=cv2.INTER_AREA))
    height, width = squeezed.shape[:2]
    return encode(
        range(COUNT), pictures=[squeezed] * COUNT, size=(width, height), codec="libx264",
        options=QUICK, pixel_aspect=Fraction(2),
    )  # fmt: skip


@pytest.fixture(scope="module")
def clips(portrait: Portrait) -> dict[str, Good]:
    """Odd, but nothing is wrong with them."""
    even, odd, eight_k = (320, 240), (321, 243), (7680, 4320)
    times = [index / 30 for index in range(COUNT)]
    place, middle = portrait.place(80, (128, 120)), portrait.place(1400, (3840, 2160))
    box, picture = portrait.box(place), portrait.picture(place)
    found = {
        f"turned-{90 * turns}.mp4": Good.still(
            turned(still(portrait, even, 80, turns), 90 * turns), times, even, box
        )
        for turns in (1, 2, 3)
    }
    crooked = portrait.picture(place, odd)
    found["odd-sides.mp4"] = Good.still(
        encode(range(COUNT), pictures=[crooked] * COUNT, size=odd), times, odd, box
    )
    found["really-an-avi.mp4"] = Good.still(
        encode(range(COUNT), pictures=[picture] * COUNT, size=even, container="avi"),
        times,
        even,
        box,
    )
    found["one-picture.mp4"] = Good.still(
        encode([0], pictures=[picture], size=even), [0.0], even, box
    )
    found["irregular.mkv"] = Good.still(
        encode(
            IRREGULAR, pictures=[picture] * COUNT, size=even, rate=1000, container="matroska",
            codec="libx264", options=QUICK,
        ),
        [tick / 1000 for tick in IRREGULAR],
        even,
        box,
    )  # fmt: skip
    found["8k.avi"] = Good.still(
        encode(
            range(2), pictures=[portrait.picture(middle, eight_k)] * 2, size=eight_k,
            container="avi", codec="mjpeg",
        ),
        times[:2],
        eight_k,
        portrait.box(middle),
    )  # fmt: skip
    found["anamorphic.mp4"] = Good.still(anamorphic(picture), times, even, box)
    found["hdr.mkv"] = Good.still(hdr_clip(picture, PQ), [0.0, 0.033, 0.067], even, box)
    upright = portrait.place(80, (120, 150))
    tall = (240, 320)
    found["changes-its-size.ts"] = Good(
        b"".join(
            encode(
                range(COUNT), pictures=[each] * COUNT, size=size, container="mpegts",
                codec="libx264", options=QUICK,
            )
            for each, size in ((picture, even), (portrait.picture(upright, tall), tall))
        ),
        [index / 30 for index in range(2 * COUNT)],
        [even] * COUNT + [tall] * COUNT,
        [box] * COUNT + [portrait.box(upright)] * COUNT,
    )  # fmt: skip
    return found


def wrong_files() -> dict[str, tuple[bytes, str]]:
    """Each with a part of the sentence that is expected."""
    photo, archive = io.BytesIO(), io.BytesIO()
    PILImage.new("RGB", (320, 240)).save(photo, "JPEG")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("clip.mp4", encode(range(5)))
    whole = encode(range(30))
    return {
        "empty.mp4": (b"", "is empty; choose another one"),
        "sound.mp4": (sound_only(), "only sound or other data; choose a video"),
        "photo.mp4": (photo.getvalue(), "not a video that can be read"),
        "text.mp4": (b"just a note\n" * 50, "not a video that can be read"),
        "archive.mp4": (archive.getvalue(), "not a video that can be read"),
        "cut-before-its-index.mp4": (whole[: len(whole) // 2], "save it as MP4 and try again"),
    }


def cut_clips(portrait: Portrait, folder: Path) -> dict[str, bytes]:
    """Clips whose second half is missing or spoilt; the face is there in every frame."""
    ways = np.linspace(80, 240, 40)
    whole = portrait.clip([portrait.place(80, (x, 120)) for x in ways])
    whole = index_first(whole, folder / "whole.mp4")
    spoilt = bytearray(whole)
    spoilt[len(whole) // 2 : len(whole) // 2 + 9000] = bytes(9000)
    return {"cut.mp4": whole[: len(whole) * 6 // 10], "spoilt.mp4": bytes(spoilt)}


def video(*arguments: object) -> subprocess.CompletedProcess[str]:
    """One run of ``emotion video``."""
    return subprocess.run(
        [sys.executable, "-m", "emotion", "video", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )


def rows_of(path: Path) -> list[dict[str, str]]:
    with open(path, newline="") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
    assert tuple(reader.fieldnames or ()) == COLUMNS
    return rows


def assert_there(xyxy: Floats, true: Floats) -> None:
    assert np.linalg.norm(center_of(xyxy) - center_of(true)) < 0.1 * side_of(true)
    assert side_of(xyxy) == pytest.approx(side_of(true), rel=0.1)


def test_odd_clips_are_done_as_any_other(clips: dict[str, Good], tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name, clip in clips.items():
        (folder / name).write_bytes(clip.data)
    done = video(folder, "--csv", tmp_path / "tables", "--out", tmp_path / "films")
    account = f"videos: {len(clips)} done, 0 skipped, 0 failed\n"
    assert (done.returncode, done.stderr) == (0, account)
    for name, clip in clips.items():
        rows = rows_of(tmp_path / "tables" / f"{name}.csv")
        assert [int(row["frame"]) for row in rows] == list(range(len(clip.times))), name
        assert [float(row["time_s"]) for row in rows] == [round(t, 3) for t in clip.times], name
        for row, true in zip(rows, clip.boxes, strict=True):
            assert_there(np.array([float(row[k]) for k in ("x1", "y1", "x2", "y2")]), true)
        width, height = clip.sizes[0]
        film = [
            (time_s, image.shape[:2])
            for _, time_s, image in read_frames(tmp_path / "films" / f"{name}.mp4")
        ]
        assert [time_s for time_s, _ in film] == pytest.approx(clip.times, abs=1e-4), name
        assert {shape for _, shape in film} == {(height & ~1, width & ~1)}, name


@pytest.mark.parametrize("name", ["turned-270.mp4", "irregular.mkv", "changes-its-size.ts"])
def test_odd_clips_in_python(name: str, clips: dict[str, Good], analyzer: emotion.Analyzer) -> None:
    clip = clips[name]
    results = list(emotion.analyze_video(io.BytesIO(clip.data), analyzer))
    assert [result.time_s for result in results] == pytest.approx(clip.times, abs=1e-9)
    for result, true in zip(results, clip.boxes, strict=True):
        (face,) = result.faces
        assert_there(face.raw.xyxy, true)
    assert len({result.faces[0].track_id for result in results}) == len(set(clip.sizes))


@pytest.mark.parametrize("kind", ["anamorphic", "pq", "hlg"])
def test_the_expression_is_that_of_the_picture_as_it_is_shown(
    kind: str, portrait: Portrait, analyzer: emotion.Analyzer
) -> None:
    picture = portrait.picture(portrait.place(110, (160, 120)))
    clip = anamorphic(picture) if kind == "anamorphic" else hdr_clip(picture, HDR[kind])
    (expected,) = analyzer.analyze(picture)
    result = next(emotion.analyze_video(io.BytesIO(clip), analyzer))
    (face,) = result.faces
    assert np.abs(face.raw.probabilities - expected.probabilities).max() < 0.05
    assert_there(face.raw.xyxy, expected.xyxy)


def test_what_is_wrong_is_said_and_the_rest_is_kept(
    portrait: Portrait, analyzer: emotion.Analyzer, tmp_path: Path
) -> None:
    wrong, cut, folder = wrong_files(), cut_clips(portrait, tmp_path), tmp_path / "in"
    folder.mkdir()
    for name, data in {**cut, **{name: data for name, (data, _) in wrong.items()}}.items():
        (folder / name).write_bytes(data)
    done = video(folder, "--csv", tmp_path / "tables", "--out", tmp_path / "films")
    assert done.returncode == 1
    problems = dict(line.split(": ", 1) for line in done.stderr.splitlines()[:-1])
    assert set(problems) == {str(folder / name) for name in [*wrong, *cut]}, (
        "each once, and no more"
    )
    account = f"videos: 0 done, 0 skipped, {len(problems)} failed"
    assert done.stderr.splitlines()[-1] == account
    for name, (data, words) in wrong.items():
        assert words in problems[str(folder / name)]
        with pytest.raises(emotion.EmotionError) as caught:
            list(emotion.analyze_video(io.BytesIO(data), analyzer))
        assert str(caught.value) == problems[str(folder / name)]
    assert not list(tmp_path.rglob("*.partial"))
    assert {path.stem for path in (tmp_path / "films").iterdir()} == set(cut), "nothing of others"
    for name in cut:
        assert problems[str(folder / name)] == DAMAGED_CLIP
        results = list(emotion.analyze_video(folder / name, analyzer))
        assert len(results) > 10
        rows = rows_of(tmp_path / "tables" / f"{name}.csv")
        assert [int(row["frame"]) for row in rows] == [
            result.frame for result in results for _ in result.faces
        ]
        assert len(rows) > 10
        assert len(list(read_frames(tmp_path / "films" / f"{name}.mp4"))) == len(results)
