"""An analysed photo and the files that can be downloaded of it; free of Streamlit."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import emotion
from emotion.app.face_view import FaceView, face_view
from emotion.app.widgets.thumbnail import thumbnail
from emotion.geometry.affine import shrink_to_side
from emotion.geometry.reading_order import reading_order
from emotion.imaging.annotation import annotate
from emotion.imaging.files import encode_image
from emotion.types import Face, Image

PREVIEW_PX = 1600
"""Longer side of what the browser gets; the download has full size."""

MAX_LABELLED = 8
"""In a picture with more faces, only their numbers are drawn."""


@dataclass(frozen=True, kw_only=True, eq=False)
class AnalyzedPhoto:
    """A photo with its faces.

    Args:
        data: The visitor's file.
        width: Pixels of the upright photo in its file.
        height: Pixels, like the width.
        faces: In pixels of the file, left to right in rows from top to bottom.
        preview: The annotated photo as JPEG, its longer side bounded.
        thumbnails: A data URL for each face.
        views: Of each face, to explain its answer.
    """

    data: bytes
    width: int
    height: int
    faces: tuple[Face, ...]
    preview: bytes
    thumbnails: tuple[str, ...]
    views: tuple[FaceView, ...]


def analyze_image(photo: emotion.Photo, analyzer: emotion.Analyzer) -> AnalyzedPhoto:
    """Analyses a decoded photo.

    Args:
        photo: From ``emotion.read_photo``.
        analyzer: Finds and classifies the faces.

    Returns:
        The photo, without the file that it was decoded from.
    """
    found = analyzer.analyze(photo.image)
    # The analyzer's order is largest first; people look for a number as they read.
    faces = [found[i] for i in reading_order([face.xyxy for face in found])]
    return AnalyzedPhoto(
        data=b"",
        width=photo.width,
        height=photo.height,
        faces=photo.in_file_pixels(faces),
        preview=encode_image(_preview(photo.image, faces), suffix=".jpg"),
        thumbnails=tuple(thumbnail(photo.image, face) for face in faces),
        views=tuple(face_view(photo.image, face, analyzer) for face in faces),
    )


def annotated_jpeg(image: Image, faces: Sequence[Face]) -> bytes:
    """The annotated photo in the size that was analysed, as JPEG.

    Args:
        image: RGB uint8 (H, W, 3), from the visitor's file.
        faces: In pixels of the image.
    """
    return encode_image(_annotated(image, faces), suffix=".jpg", quality=93)


def pictures_zip(pictures: Iterable[tuple[str, bytes]]) -> bytes:
    """Annotated photos as a ZIP file.

    Args:
        pictures: Of each the visitor's file name, which need not be unique, and the JPEG.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for number, (name, picture) in enumerate(pictures, start=1):
            archive.writestr(f"{number:02d}-{safe_stem(name)}-faces.jpg", picture)
    return packed.getvalue()


def safe_stem(name: str) -> str:
    """A visitor's file name without folder and suffix, in characters valid on any file system."""
    last = re.split(r"[\\/]", name)[-1]
    stem = last.rsplit(".", 1)[0] if "." in last.lstrip(".") else last
    return re.sub(r"[^\w-]+", "-", stem).strip("-")[:60] or "photo"


def _preview(image: Image, faces: Sequence[Face]) -> Image:
    """The annotated photo, shrunk before drawing: lines and text suit the size that is shown."""
    scale = PREVIEW_PX / max(image.shape[:2])
    if scale >= 1:
        return _annotated(image, faces)
    small = shrink_to_side(image, PREVIEW_PX)
    scaled = [
        Face(xyxy=face.xyxy * scale, score=face.score, probabilities=face.probabilities)
        for face in faces
    ]
    return _annotated(small, scaled)


def _annotated(image: Image, faces: Sequence[Face]) -> Image:
    return annotate(image, faces, labels=len(faces) <= MAX_LABELLED)
