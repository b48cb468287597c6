"""Every picture of the table in docs/inputs.md is read rightly, or refused with its sentence."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emotion.errors import EmotionError
from emotion.imaging.files import read_image
from tests.picture_cases import (
    FORMATS,
    READ,
    REFUSED,
    STORED,
    PictureCase,
    assert_close,
    encoded,
    gray_picture,
    oriented,
    picture,
    png16,
    tiff,
)


@pytest.mark.parametrize("case", READ, ids=lambda case: case.text[:40])
def test_what_the_table_says_is_read_is_read(case: PictureCase) -> None:
    gray = np.repeat(gray_picture()[:, :, None], 3, axis=2)
    for make in case.files:
        found = read_image(make())
        assert found.dtype == np.uint8
        colored = np.ptp(found.astype(int), axis=2).max() > 60
        assert_close(found, picture() if colored else gray, case.within)


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.text[:40])
def test_what_the_table_says_is_refused_is_refused(case: PictureCase) -> None:
    for make in case.files:
        with pytest.raises(EmotionError) as caught:
            read_image(make())
        assert str(caught.value) == case.sentence


LAYOUTS = st.fixed_dictionaries(
    {
        "container": st.sampled_from(["TIFF", "PNG", "JPEG", "WEBP", "AVIF", "HEIF"]),
        "orientation": st.sampled_from(sorted(STORED)),
        "bits": st.sampled_from([8, 10, 12, 14, 16]),
        "gray": st.booleans(),
        "alpha": st.booleans(),
        "planes": st.sampled_from(["contig", "separate"]),
        "byteorder": st.sampled_from("<>"),
        "compression": st.sampled_from([None, "deflate", "lzma"]),
        "tile": st.sampled_from([None, (16, 16)]),
        "rows": st.sampled_from([None, 1, 7]),
        "white": st.booleans(),
    }
)
"""Containers, orientations, depths and layouts; what a container cannot have is left out."""


def file_of(layout: dict[str, object]) -> bytes:
    """The picture, or its grey version, in a layout."""
    orientation, bits = int(layout["orientation"]), int(layout["bits"])  # type: ignore[call-overload]
    upright = gray_picture() if layout["gray"] else picture()
    stored = np.ascontiguousarray(STORED[orientation](upright))
    kind = np.uint8 if bits == 8 else np.uint16
    deep = (stored.astype(np.uint32) * ((1 << bits) - 1) // 255).astype(kind)
    container = str(layout["container"])
    if container == "PNG":
        return png16(deep, orientation) if bits > 8 else oriented("PNG", orientation, stored)
    if container != "TIFF":
        return oriented(container, orientation, stored)
    options: dict[str, object] = {
        name: layout[name] for name in ("byteorder", "compression", "tile") if layout[name]
    }
    if not layout["tile"]:
        options["rowsperstrip"] = layout["rows"]
    if layout["gray"]:
        if layout["white"] and bits in (8, 16):
            deep, options["photometric"] = ((1 << bits) - 1) - deep, "miniswhite"
        return tiff(deep, extratags=[(274, "H", 1, orientation, True)], **options)
    if layout["alpha"]:
        opaque = np.full((*deep.shape[:2], 1), np.iinfo(kind).max, kind)
        deep, options["extrasamples"] = np.concatenate([deep, opaque], axis=2), ["unassalpha"]
    if layout["planes"] == "separate":
        deep = np.moveaxis(deep, 2, 0)
    options |= {"photometric": "rgb", "planarconfig": layout["planes"]}
    return tiff(deep, extratags=[(274, "H", 1, orientation, True)], **options)


def assert_sentence(error: EmotionError) -> None:
    text = str(error)
    assert text.endswith(".")
    assert "\n" not in text
    assert 20 < len(text) < 250


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(LAYOUTS)
def test_every_layout_is_read_rightly_or_refused_in_a_sentence(layout: dict[str, object]) -> None:
    expected = picture()
    if layout["gray"]:
        expected = np.repeat(gray_picture()[:, :, None], 3, axis=2)
    try:
        found = read_image(file_of(layout))
    except EmotionError as error:
        assert_sentence(error)
        # The one kind that no decoder at hand reads; everything else has to be right.
        assert layout["planes"] == "separate" or layout["compression"] == "lzma"
        assert layout["bits"] in (10, 12, 14)
        return
    assert_close(found, expected)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    layout=LAYOUTS,
    changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=8),
    keep=st.floats(0, 1),
)
def test_a_damaged_file_is_read_or_refused_in_a_sentence(
    layout: dict[str, object], changes: list[tuple[float, int]], keep: float
) -> None:
    data = bytearray(file_of(layout))
    for place, value in changes:
        data[int(place * (len(data) - 1))] = value
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a command would print them on stderr
            found = read_image(bytes(data[: max(1, int(keep * len(data)))]))
    except EmotionError as error:
        assert_sentence(error)
        return
    assert found.dtype == np.uint8
    assert found.ndim == 3


@pytest.mark.parametrize("name", FORMATS)
def test_the_cases_show_what_they_say(name: str) -> None:
    """The picture has no symmetry, and a format's compression keeps it recognisable."""
    for orientation, store in STORED.items():
        other = store(picture())
        if orientation > 1 and other.shape == picture().shape:
            assert np.abs(other.astype(int) - picture()).mean() > 20
    assert len(encoded(name)) > 100
