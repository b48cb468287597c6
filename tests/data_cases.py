"""Data sets that are read and refused: the cases that the tests try and docs/inputs.md lists."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np


@dataclass(frozen=True)
class DataCase:
    """A data set that is read or refused.

    Attributes:
        text: What it is, as the table says.
        make: Writes it into a folder and returns what ``--data`` is given.
        sentence: Of the refusal, with FOLDER for the folder's path; None if it is read.
    """

    text: str
    make: Callable[[Path], str]
    sentence: str | None = None


PIXELS = " ".join(["7"] * 2304)


def fill(root: Path, *names: str) -> None:
    """A flat picture of its own brightness for each name."""
    for value, name in enumerate(names, start=1):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        gray = np.full((50, 50), 10 * value, np.uint8)
        path.write_bytes(cv2.imencode(".png", gray)[1].tobytes())


def _folder(*names: str) -> Callable[[Path], str]:
    def make(root: Path) -> str:
        fill(root / "set", *names)
        return str(root / "set")

    return make


def _named(name: str, make: Callable[[Path], str]) -> Callable[[Path], str]:
    return lambda root: f"{name}={make(root)}"


def _table(*lines: str, file: str = "faces.csv") -> Callable[[Path], str]:
    def make(root: Path) -> str:
        (root / file).write_text("\n".join(line.format(PIXELS) for line in lines))
        return str(root / file)

    return make


def _zip(files: dict[str, bytes]) -> Callable[[Path], str]:
    def make(root: Path) -> str:
        with zipfile.ZipFile(root / "set.zip", "w") as out:
            for name, data in files.items():
                out.writestr(name, data)
        return str(root / "set.zip")

    return make


def _raw(data: bytes, file: str) -> Callable[[Path], str]:
    def make(root: Path) -> str:
        (root / file).write_bytes(data)
        return str(root / file)

    return make


_PNG = cv2.imencode(".png", np.full((50, 50), 9, np.uint8))[1].tobytes()
_CSV = f"emotion,pixels,Usage\n3,{PIXELS},Training\n".encode()

DATA_READ = (
    DataCase("`train`, `val`, `test` with a folder for each label",
             _folder("train/happy/a.png", "val/happy/a.png", "test/happy/a.png")),
    DataCase("`Train`, `Valid` or `Validation`, `Testing`; FER2013's `Training`, `PublicTest`, "
             "`PrivateTest`", _folder("Train/happy/a.png", "Validation/Anger/a.png")),
    DataCase("the same below other folders (`images/train`, `archive/images/train`)",
             _folder("archive/images/train/happy/a.png", "archive/images/val/sad/a.png")),
    DataCase("a folder for each label, without splits", _folder("happy/a.png", "sad/a.png")),
    DataCase("numbers before the labels (`0_angry`)", _folder("0_angry/a.png", "3 - happy/a.png")),
    DataCase("numbered folders of AffectNet (`affectnet=FOLDER`) and RAF-DB (`rafdb=FOLDER`)",
             _named("rafdb", _folder("train/4/a.png", "val/5/a.png"))),
    DataCase("a `.zip`, `.tar`, `.tar.gz`, `.tar.xz` or `.tar.bz2` of such a folder",
             _zip({"set/happy/a.png": _PNG, "__MACOSX/set/happy/._a.png": b"\0\5\x16\7"})),
    DataCase("an archive with one table (Kaggle's `fer2013.tar.gz`)",
             _zip({"fer2013/fer2013.csv": _CSV, "fer2013/README": b"about"})),
    DataCase("`Emotion,Pixels,usage`: columns in any order and case, `Usage` as `train`",
             _table("usage,Pixels,Emotion", "train,{},3")),
    DataCase("semicolons or tabs between the columns", _table("emotion;pixels;Usage", "3;{};Test")),
    DataCase("labels as `3.0` or by name",
             _table("emotion,pixels,Usage", "3.0,{},Training", "Happiness,{},Training")),
    DataCase("no column Usage (Kaggle's `train.csv`): split like a folder without splits",
             _table("emotion,pixels", "3,{}")),
)  # fmt: skip
"""Data sets that are read."""

DATA_REFUSED = (
    DataCase("numbered folders without a stated order", _folder("train/1/a.png"),
             "No pictures under FOLDER/set can be used: expected train|val|test/LABEL/* or "
             "LABEL/*, with LABEL one of angry, disgust, fear, happy, sad, surprise, neutral. "
             "First: train/1: 1 picture in a numbered folder; say what the numbers of this set "
             "mean: --labels NAME=fer2013 or NAME=ckplus or NAME=rafdb or NAME=affectnet, or with "
             "a list of names. (In all: 1 folders of an unknown name.)"),
    DataCase("a split of an unknown name", _folder("train/happy/a.png", "holdout/happy/a.png"),
             "The folder holdout has labels like a split, but its name is unknown; rename it to "
             "train, val or test, or take it away."),
    DataCase("a validation split that cannot be used", _folder("train/happy/a.png", "val/a.png"),
             "The validation split val has no picture that can be used; mend it, or take it away "
             "to have a part of train in its place. First: val: 1 picture outside "
             "train|val|test/LABEL."),
    DataCase("a table with other columns", _table("image,label", "a.png,happy"),
             "FOLDER/faces.csv has no column emotion, pixels (it has image, label); expected "
             "FER2013's emotion, pixels and Usage."),
    DataCase("a folder of tables", lambda root: (_table("emotion,pixels")(root), str(root))[1],
             "FOLDER holds no pictures but tables (faces.csv); name one of them."),
    DataCase("an archive with several tables", _zip({"train.csv": _CSV, "test.csv": _CSV}),
             "FOLDER/set.zip holds several tables (test.csv, train.csv); unpack it and name one."),
    DataCase("a 7z file", _raw(b"7z\xbc\xaf\x27\x1c" + bytes(50), "set.7z"),
             "FOLDER/set.7z is a 7z file; unpack it and name the folder."),
    DataCase("a RAR file", _raw(b"Rar!\x1a\x07\1\0" + bytes(50), "set.rar"),
             "FOLDER/set.rar is a RAR file; unpack it and name the folder."),
)  # fmt: skip
"""Data sets that are refused."""
