"""docs/inputs.md says of each kind of input what the tests' cases hold."""

import re
from pathlib import Path

import pytest

from emotion.errors import DataError
from emotion.files import VIDEO_SUFFIXES
from emotion.imaging.files import MAX_PIXELS_VARIABLE
from emotion.imaging.formats import FORMATS, IMAGE_SUFFIXES
from emotion.training.expression.data import read_faces
from emotion.training.expression.data.labels import LABEL_ORDERS
from tests.data_cases import DATA_READ, DATA_REFUSED, DataCase
from tests.picture_cases import READ, REFUSED, PictureCase

TEXT = (Path(__file__).parents[2] / "docs" / "inputs.md").read_text(encoding="utf-8")


def table(name: str) -> list[list[str]]:
    """The cells of the table between two marks, without its head."""
    part = TEXT.split(f"<!-- {name} -->")[1].split(f"<!-- end of {name} -->")[0]
    rows = [line for line in part.strip().splitlines() if line.startswith("|")]
    return [
        [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", row)[1:-1]]
        for row in rows[2:]
    ]


@pytest.mark.parametrize(
    ("name", "cases"),
    [
        ("pictures read", READ),
        ("pictures refused", REFUSED),
        ("data read", DATA_READ),
        ("data refused", DATA_REFUSED),
    ],
)
def test_the_tables_are_the_cases(
    name: str, cases: tuple[PictureCase, ...] | tuple[DataCase, ...]
) -> None:
    expected = [[case.text, *([case.sentence] if case.sentence else [])] for case in cases]
    assert table(name) == expected


@pytest.mark.parametrize("case", DATA_READ, ids=lambda case: case.text[:40])
def test_a_data_set_of_the_table_is_read(case: DataCase, tmp_path: Path) -> None:
    faces = read_faces(case.make(tmp_path))
    assert len(faces) >= 1
    assert not faces.problems


@pytest.mark.parametrize("case", DATA_REFUSED, ids=lambda case: case.text[:40])
def test_a_data_set_of_the_table_is_refused(case: DataCase, tmp_path: Path) -> None:
    data = case.make(tmp_path)
    with pytest.raises(DataError) as caught:
        read_faces(data)
    assert str(caught.value) == (case.sentence or "").replace("FOLDER", str(tmp_path))


def test_the_endings_and_settings_are_those_of_the_code() -> None:
    for endings in (IMAGE_SUFFIXES, VIDEO_SUFFIXES):
        assert " ".join(f"`{suffix}`" for suffix in sorted(endings)) in " ".join(TEXT.split())
    assert f"`{MAX_PIXELS_VARIABLE}`" in TEXT
    assert set(FORMATS) == {"JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "AVIF", "HEIF"}
    for preset, order in LABEL_ORDERS.items():
        row = ", ".join(f"{number} {name}" for number, name in order.items())
        assert f"| `{preset}` | {row} |" in TEXT
