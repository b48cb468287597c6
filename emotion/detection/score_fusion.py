"""One score of the two that a face may have: logistic regression, fitted on labelled pictures.

One network proposes faces in the whole picture, another one refines the large ones in a crop of
their own. The coefficients are written by ``emotion fit-detector``. Stateless.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from emotion.detection.decoding import logit
from emotion.errors import ModelError

FUSION_FILE = "fusion.json"

FEATURES = ("bias", "proposed", "refined", "not refined", "agreement")
"""Scores as logits; 1 where there is no refinement, whose score and agreement are 0 then."""

_LOGIT_LIMIT = 4.0  # a score of .98; higher ones count alike


class Evidence(NamedTuple):
    """What is known of a proposed face.

    Attributes:
        proposed: Score of the proposal, 0..1.
        refined: Score of the ROI refinement, 0..1; None where it was not run or found nothing.
        agreement: IoU of the proposed box and the refined one; 0 without a refined one.
    """

    proposed: float
    refined: float | None = None
    agreement: float = 0.0


@dataclass(frozen=True, kw_only=True)
class ScoreFusion:
    """The coefficients, and what counts as refined.

    Attributes:
        coefficients: In the order of ``FEATURES``.
        refine_from_px: Root of a box's area from which a face is refined.
        confirmed_from: Score of the refinement, 0..1, that confirms a face.
        command: That fitted the coefficients.

    Example:
        >>> fusion = ScoreFusion.read(Path("models/hybrid"))
        >>> fusion.score(Evidence(proposed=0.9, refined=0.8, agreement=0.75))
    """

    coefficients: tuple[float, ...]
    refine_from_px: float
    confirmed_from: float
    command: str = ""

    def confirms(self, refined: float | None) -> bool:
        """Whether a refinement's score confirms a face."""
        return refined is not None and refined >= self.confirmed_from

    def score(self, evidence: Evidence) -> float:
        """The fused score, 0..1."""
        values = features(evidence)
        total = sum(w * x for w, x in zip(self.coefficients, values, strict=True))
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
            coefficients = tuple(map(float, values["coefficients"]))
            if len(coefficients) != len(FEATURES):
                raise ValueError(f"{len(coefficients)} coefficients instead of {len(FEATURES)}")
            return cls(
                coefficients=coefficients,
                refine_from_px=float(values["refine_from_px"]),
                confirmed_from=float(values["confirmed_from"]),
                command=str(values["command"]),
            )
        except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise ModelError(
                f"The detector's file {path} cannot be read ({error}); install it again."
            ) from error


def features(evidence: Evidence) -> tuple[float, ...]:
    """The values that the regression weighs, in the order of ``FEATURES``."""
    proposed, refined, agreement = evidence
    if refined is None:
        return (1.0, _logit(proposed), 0.0, 1.0, 0.0)
    return (1.0, _logit(proposed), _logit(refined), 0.0, agreement)


def _logit(score: float) -> float:
    lowest = 1 / (1 + math.exp(_LOGIT_LIMIT))
    inside = min(max(score, lowest), 1 - lowest)
    return logit(inside)
