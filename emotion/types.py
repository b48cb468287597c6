"""The values that go in and come out: images, expressions, detections, faces.

Conventions of the whole package: an ``image`` is RGB uint8 (H, W, 3), anything else says so in its
name; boxes are ``xyxy`` (left, top, right, bottom) in pixels of the image that was given, x to the
right and y down, right and bottom exclusive. All values here are immutable and safe to share
between threads. Importing this module needs NumPy alone.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""The seven apparent expressions, in the order of every probability vector (FER2013's order)."""

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """A detected face, not yet classified.

    Attributes:
        xyxy: Box, float32 (4,), pixels of the given image, clipped to it: from the hairline to the
            chin, whichever detector found it.
        score: The detector's confidence, 0..1.
        landmarks: float32 (K, 2) in pixels, or None. The first four are, as seen in the image: left
            eye, right eye, nose tip, mouth. They may lie outside the image.
        unclipped: Box before it was clipped, float32 (4,), where that is known.
    """

    xyxy: Floats
    score: float
    landmarks: Floats | None = None
    unclipped: Floats | None = None

    @property
    def unclipped_xyxy(self) -> Floats:
        """The box of the whole face, float32 (4,), also beyond the image."""
        return self.xyxy if self.unclipped is None else self.unclipped

    @property
    def area(self) -> float:
        """Square pixels of the box."""
        x1, y1, x2, y2 = self.xyxy
        return float(max(x2 - x1, 0) * max(y2 - y1, 0))


@dataclass(frozen=True, slots=True, eq=False)
class Face(Detection):
    """A face with the probabilities of its apparent expression.

    Attributes:
        probabilities: float32 (7,), order of ``EMOTIONS``, sums to 1.

    Raises:
        ValueError: When the probabilities have another shape.
    """

    probabilities: Floats = field(kw_only=True)

    def __post_init__(self) -> None:
        if np.shape(self.probabilities) != (len(EMOTIONS),):
            raise ValueError(
                f"expected probabilities of shape ({len(EMOTIONS)},), "
                f"got {np.shape(self.probabilities)}"
            )

    @property
    def label(self) -> str:
        """The most probable of ``EMOTIONS``."""
        return EMOTIONS[int(np.argmax(self.probabilities))]


def check_image(image: Any) -> Image:
    """Checks that an image is RGB uint8 (H, W, 3) with at least one pixel.

    Args:
        image: Anything.

    Returns:
        The same array.

    Raises:
        ValueError: When it is no such image.
    """
    if not isinstance(image, np.ndarray):
        raise ValueError(f"expected an array, got {type(image).__name__}")
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise ValueError(
            f"expected an RGB image, uint8 (H, W, 3), got {image.dtype} {tuple(image.shape)}"
        )
    return image
