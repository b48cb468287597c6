"""One score of the three that a face may have: logistic regression, fitted on labelled pictures.

Two networks propose faces, and a third one confirms the large ones in a crop of their own. Which
scores there are depends on the face, so there is a regression for each of three kinds:

- ``confirmed``: large enough for ROI refinement, which found it well.
- ``unconfirmed``: large enough, but refinement saw no face, or a doubtful one (a profile).
- ``small``: too small to be refined.

The coefficients are written by ``emotion fit-detector``. Stateless.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from emotion.detection.decoding import logit
from emotion.errors import ModelError

FUSION_FILE = "fusion.json"

FEATURES = ("bias", "first", "no first", "second", "no second", "refined", "agreement", "size")
"""Scores as logits, 0 where there is none; 1 where one is missing; log2 of the size over 40 px."""

_LOGIT_LIMIT = 4.0  # a score of .98; the scores are no finer
_SIZE_UNIT_PX, _LARGEST_PX = 40.0, 160.0  # beyond, a larger face is no more certain


class Evidence(NamedTuple):
    """What is known of a proposed face.

    Attributes:
        first: Score of the first network's proposal, 0..1; None without one.
        second: The same of the second network.
        refined: Score of the ROI refinement, 0..1; None where it found nothing or was not run.
        size: Root of the proposed box's area in pixels.
        agreement: IoU of the proposed box and the refined one; 0 without a refined one.
    """

    first: float | None
    second: float | None
    refined: float | None
    size: float
    agreement: float = 0.0


@dataclass(frozen=True, kw_only=True)
class ScoreFusion:
    """The coefficients, and the limits between the three kinds of faces.

    Attributes:
        coefficients: Kind -> values in the order of ``FEATURES``.
        refine_from_px: Root of a box's area from which a face is refined.
        confirmed_from: Score of the refinement, 0..1, that confirms a face.
        command: That fitted the coefficients.

    Example:
        >>> fusion = ScoreFusion.read(Path("models/hybrid"))
        >>> fusion.score(Evidence(first=0.9, second=None, refined=0.8, size=75))
    """

    coefficients: Mapping[str, tuple[float, ...]]
    refine_from_px: float
    confirmed_from: float
    command: str = ""

    def kind(self, evidence: Evidence) -> str:
        """One of ``confirmed``, ``unconfirmed`` and ``small``."""
        if evidence.size < self.refine_from_px:
            return "small"
        return "confirmed" if self.confirms(evidence.refined) else "unconfirmed"

    def confirms(self, refined: float | None) -> bool:
        """Whether a refinement's score confirms a face."""
        return refined is not None and refined >= self.confirmed_from

    def score(self, evidence: Evidence) -> float:
        """The fused score, 0..1."""
        weights = self.coefficients[self.kind(evidence)]
        total = sum(w * x for w, x in zip(weights, features(evidence), strict=True))
        return 1 / (1 + math.exp(-total))

    def to_json(self) -> str:
        """The text of ``fusion.json``."""
        return json.dumps(asdict(self), indent=1) + "\n"

    @classmethod
    def read(cls, folder: Path) -> ScoreFusion:
        """Reads ``fusion.json``.

        Raises:
            ModelError: When it is missing or damaged.
        """
        path = folder / FUSION_FILE
        try:
            values: dict[str, Any] = json.loads(path.read_text())
            rows = {name: tuple(map(float, row)) for name, row in values["coefficients"].items()}
            if any(len(rows[kind]) != len(FEATURES) for kind in KINDS):
                raise ValueError("a regression has another number of coefficients")
            return cls(
                coefficients=rows,
                refine_from_px=float(values["refine_from_px"]),
                confirmed_from=float(values["confirmed_from"]),
                command=str(values["command"]),
            )
        except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise ModelError(
                f"The detector's file {path} cannot be read ({error}); install it again."
            ) from error


KINDS = ("confirmed", "unconfirmed", "small")


def features(evidence: Evidence) -> tuple[float, ...]:
    """The values that a regression weighs, in the order of ``FEATURES``."""
    first, second, refined, size, agreement = evidence
    return (
        1.0,
        _logit(first),
        float(first is None),
        _logit(second),
        float(second is None),
        _logit(refined),
        agreement,
        math.log2(min(max(size, 1.0), _LARGEST_PX) / _SIZE_UNIT_PX),
    )


def _logit(score: float | None) -> float:
    if score is None:
        return 0.0
    lowest = 1 / (1 + math.exp(_LOGIT_LIMIT))
    inside = min(max(score, lowest), 1 - lowest)
    return logit(inside)
