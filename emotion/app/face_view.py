"""What is kept of a photo's face to explain its answer later; free of Streamlit.

The photo itself is not needed again: an explanation is made from the crop that the network saw.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import emotion
from emotion.expression.crop import crop_matrix
from emotion.expression.quality import FaceQuality, face_quality
from emotion.geometry.affine import map_points
from emotion.imaging.files import encode_image
from emotion.types import Detection, Floats, Image

PICTURE_PX = 256
"""Side of the picture of the crop."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FaceView:
    """A face as the network saw it.

    Attributes:
        crop: RGB uint8, of the network's input size.
        picture: The same square of the photo, larger, as JPEG.
        landmarks: float32 (K, 2), as fractions of the crop's width and height, or None.
        quality: What makes the face hard to classify.
    """

    crop: Image
    picture: bytes
    landmarks: Floats | None
    quality: FaceQuality


def face_view(image: Image, face: Detection, analyzer: emotion.Analyzer) -> FaceView:
    """Cuts out what explains a face's answer.

    Args:
        image: RGB uint8 (H, W, 3).
        face: Of the image.
        analyzer: Whose network classified it.
    """
    crop = analyzer.crop(image, face)
    landmarks = None
    if face.landmarks is not None:
        unit = crop_matrix(face, analyzer.spec.crop, (1, 1))
        landmarks = map_points(face.landmarks, unit).astype(np.float32)
    return FaceView(
        crop=crop,
        picture=encode_image(analyzer.crop(image, face, (PICTURE_PX, PICTURE_PX)), suffix=".jpg"),
        landmarks=landmarks,
        quality=face_quality(face, crop),
    )
