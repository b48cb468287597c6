"""A model's spec: the one source of labels, input size, crop rule, calibration and checksums.

Every model lives in ``models/NAME/`` with its ``spec.json`` beside the weights; training writes it,
serving, evaluation and the page read it. NumPy-free and TensorFlow-free.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from emotion.errors import ModelError

FORMAT = 2  # since 2 the crop rule is about boxes from the hairline to the chin
KERAS_FILE = "model.keras"
SERVED_FILE = "model.tflite"
SPEC_FILE = "spec.json"
EVAL_FILE = "eval.json"
RUN_FILE = "run.json"
DEFAULT_FILE = "DEFAULT"
DEFAULT_DETECTOR_FILE = "DEFAULT_DETECTOR"


@dataclass(frozen=True, kw_only=True)
class CropRule:
    """How a face is cropped around a detector's box (face alignment).

    The box reaches from the hairline to the chin, also beyond the edge of the picture.

    Attributes:
        scale: Side of the square crop as a multiple of the box's diagonal.
        shift_y: Shift of the square's centre down (negative: up), as a fraction of the diagonal.
        upright: Whether the crop is rotated so that the eyes are level.
    """

    scale: float = 0.76
    shift_y: float = 0.0
    upright: bool = True


@dataclass(frozen=True, kw_only=True)
class HeadSpec:
    """One output head of a model.

    Attributes:
        labels: In the order of the head's logits; a name outside ``EMOTIONS`` (FER+'s contempt) is
            left out of the seven probabilities.
        temperature: The logits are divided by it (Guo et al. 2017, "On Calibration of Modern Neural
            Networks").
    """

    labels: tuple[str, ...]
    temperature: float = 1.0


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """What a program must know to use a model's weights.

    Attributes:
        name: Of the model.
        arch: Of the network, see ``emotion.training.expression.architectures``.
        input_size: (height, width) in pixels of the uint8 face that the model takes.
        heads: Name -> output head.
        default_head: The head used by default.
        crop: How the face is cropped.
        channels: 1 for grey faces, 3 for RGB.
        mirror: Whether the served prediction is the mean over the crop and its mirrored copy.
        checksums: File name -> sha256.
        format: Version of the file's format.

    Raises:
        ValueError: When the default head is not one of the heads, or ``channels`` is not 1 or 3.
    """

    name: str
    arch: str
    input_size: tuple[int, int]
    heads: dict[str, HeadSpec]
    default_head: str
    crop: CropRule = field(default_factory=CropRule)
    channels: int = 1
    mirror: bool = False
    checksums: dict[str, str] = field(default_factory=dict)
    format: int = FORMAT

    def __post_init__(self) -> None:
        if self.default_head not in self.heads:
            raise ValueError(
                f"expected default_head among {list(self.heads)}, got {self.default_head!r}"
            )
        if self.channels not in (1, 3):
            raise ValueError(f"expected channels to be 1 or 3, got {self.channels!r}")

    def to_json(self) -> str:
        """The text of ``spec.json``."""
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> ModelSpec:
        """The spec that ``to_json`` wrote; ``ModelError`` when it is of another form."""
        try:
            values: dict[str, Any] = json.loads(text)
            if values.get("task"):
                raise ModelError(
                    "This model finds faces and names no expressions; it is a --detector."
                )
            if values.get("format") != FORMAT:
                raise ModelError(
                    f"This model's spec has format {values.get('format')}, but this version reads "
                    f"format {FORMAT}; train or install the model again."
                )
            values["input_size"] = tuple(values["input_size"])
            values["crop"] = CropRule(**values["crop"])
            values["heads"] = {
                name: HeadSpec(labels=tuple(head["labels"]), temperature=head["temperature"])
                for name, head in values["heads"].items()
            }
            return cls(**values)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ModelError(
                f"This model's {SPEC_FILE} cannot be read ({error}); install the model again."
            ) from error


def models_folder() -> Path:
    """The folder that holds the models.

    ``EMOTION_MODELS`` where it is set, else those that come with this project.
    """
    given = os.environ.get("EMOTION_MODELS")
    return Path(given) if given else own_models()


def own_models() -> Path:
    """``models/`` beside the package (a checkout), else the copy inside an installed package."""
    package = Path(__file__).parent.parent
    checkout = package.parent / "models"
    return checkout if (checkout / DEFAULT_FILE).is_file() else package / "_models"


def model_folder(name: str | os.PathLike[str] | None = None) -> Path:
    """The folder of a model: the default, one named under ``models/``, or a path of one's own."""
    root = models_folder()
    if name is None:
        try:
            name = (root / DEFAULT_FILE).read_text().strip()
        except OSError as error:
            raise ModelError(
                f"No default model is named in {root}; name one, or train one with "
                "`python -m emotion train`."
            ) from error
    for folder in (root / name, Path(name)):
        if (folder / SPEC_FILE).is_file():
            return folder
    known = sorted(p.parent.name for p in root.glob(f"*/{SPEC_FILE}"))
    raise ModelError(f"There is no model {str(name)!r}; there are: {', '.join(known) or 'none'}.")


def classifier_names() -> tuple[str, ...]:
    """Names of the models of expressions under ``models/``, the default one first."""
    root, default = models_folder(), model_folder()
    found = [default.name]
    for file in sorted(root.glob(f"*/{SPEC_FILE}")):
        with contextlib.suppress(ModelError):  # a detector, or a model of another version
            read_spec(file.parent)
            found.append(file.parent.name)
    return tuple(dict.fromkeys(found))


def read_spec(folder: Path) -> ModelSpec:
    """The spec of the model in ``folder``."""
    try:
        return ModelSpec.from_json((folder / SPEC_FILE).read_text())
    except OSError as error:
        raise ModelError(f"The model in {folder} has no readable {SPEC_FILE}.") from error


def sha256_of(content: Path | bytes) -> str:
    """The checksum of a file or its bytes, in hexadecimal, as specs and records hold it."""
    data = content.read_bytes() if isinstance(content, Path) else content
    return hashlib.sha256(data).hexdigest()


class HasChecksums(Protocol):
    """A spec of any kind of model. checksums: file name -> sha256."""

    @property
    def checksums(self) -> dict[str, str]: ...  # noqa: D102  # documented above


@dataclass(frozen=True)
class _Checksums:
    checksums: dict[str, str]


def read_checksums(folder: Path) -> HasChecksums:
    """The checksums in the spec of any kind of model."""
    try:
        values = json.loads((folder / SPEC_FILE).read_text())
        return _Checksums(dict(values["checksums"]))
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"The model in {folder} has no readable {SPEC_FILE}.") from error


def read_checked(folder: Path, name: str, spec: HasChecksums) -> bytes:
    """The bytes of a model's file, once their sha256 is the one in the spec."""
    try:
        data = (folder / name).read_bytes()
    except OSError as error:
        raise ModelError(f"The model in {folder} has no readable {name}.") from error
    if sha256_of(data) != spec.checksums.get(name):
        raise ModelError(f"The file {folder / name} is damaged: install the model again.")
    return data
