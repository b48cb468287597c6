"""A trained detector's spec: the one source of its strides, threshold, input size and checksums.

It is ``spec.json`` beside the weights in ``models/NAME/``; training writes it, serving and
evaluation read it. NumPy-free and TensorFlow-free.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from emotion.errors import ModelError
from emotion.models.spec import SPEC_FILE

FORMAT = 1
TASK = "face detection"


@dataclass(frozen=True, kw_only=True)
class DetectorSpec:
    """What a program must know to use a single-shot detector's weights.

    Attributes:
        name: Of the model.
        strides: Pixels between the anchor points of each of the network's levels, the finest first;
            the output of a level is named ``stride8`` and so on.
        multiple: Sides of an input are multiples of this, in pixels.
        photo_side: Longest side in pixels of the input for a photo that is not cut into tiles.
        enlarge: How much a smaller photo is enlarged at most.
        side: Longest side for every few frames of a stream; nothing is enlarged.
        quick_side: Longest side for its other frames.
        min_score: The score, 0..1, that counts as a face by default.
        checksums: File name -> sha256.
        task: Tells a detector's spec from a classifier's.
        format: Version of the file's format.
    """

    name: str
    strides: tuple[int, ...]
    multiple: int = 32
    photo_side: int = 960
    enlarge: float = 1.5
    side: int = 640
    quick_side: int = 320
    min_score: float = 0.5
    checksums: dict[str, str] = field(default_factory=dict)
    task: str = TASK
    format: int = FORMAT

    def to_json(self) -> str:
        """The text of ``spec.json``."""
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> DetectorSpec:
        """The spec that ``to_json`` wrote.

        Raises:
            ModelError: When it is of another format or of a classifier.
        """
        try:
            values: dict[str, Any] = json.loads(text)
            if values.get("task") != TASK:
                raise ModelError("This model finds no faces; name a detector's folder.")
            if values["format"] != FORMAT:
                raise ModelError(
                    f"This detector's spec has format {values['format']}, but this version reads "
                    f"format {FORMAT}; train or install it again."
                )
            values["strides"] = tuple(values["strides"])
            return cls(**values)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ModelError(
                f"This detector's {SPEC_FILE} cannot be read ({error}); install it again."
            ) from error


def read_detector_spec(folder: Path) -> DetectorSpec:
    """The spec of the detector in a folder.

    Raises:
        ModelError: When there is none, or one that cannot be read.
    """
    try:
        return DetectorSpec.from_json((folder / SPEC_FILE).read_text())
    except OSError as error:
        raise ModelError(f"The detector in {folder} has no readable {SPEC_FILE}.") from error
