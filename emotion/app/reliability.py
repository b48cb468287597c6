"""How often answers of a given confidence are right, from a model's evaluation (``eval.json``).

The report may be of another version or made by somebody else: every value is checked before it is
used. Free of Streamlit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from emotion.app.evaluation_report import finite_number, head_evaluation, sections
from emotion.intervals import wilson_interval

_TEST_SPLIT = "PrivateTest"
_MIN_FACES = 50  # that a figure is computed from

Bins = dict[tuple[float, float], tuple[int, int]]
"""(lowest, highest confidence) -> (faces, how many of them were right)."""


@dataclass(frozen=True, kw_only=True)
class Reliability:
    """How often answers of about one confidence were right.

    Attributes:
        low: Lowest confidence of these answers, 0..1.
        high: Highest.
        n: Number of faces with such an answer.
        right: How many of them were right.
    """

    low: float
    high: float
    n: int
    right: int

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the fraction that is right."""
        return wilson_interval(self.right, self.n)


def reliability(report: Any, head: str, confidence: float) -> Reliability | None:
    """How often a head's answers of about this confidence were right, on unseen faces.

    Counted over the test splits of all data sets. Validation splits are left out: on them the model
    was chosen and calibrated.

    Args:
        report: The parsed ``eval.json``.
        head: Whose answers count.
        confidence: The highest probability of the answer, 0..1.

    Returns:
        Of the bin of this confidence, and of its neighbours where there are few faces in it; None
        where the report has no such figures.
    """
    totals = _totals(report, head)
    bins = sorted(totals)
    below = [i for i, (low, _) in enumerate(bins) if low <= confidence]
    if not below:
        return None
    first = last = below[-1]
    while True:
        chosen = [totals[each] for each in bins[first : last + 1]]
        n, right = sum(each[0] for each in chosen), sum(each[1] for each in chosen)
        if n >= _MIN_FACES or (first == 0 and last == len(bins) - 1):
            break
        first, last = max(first - 1, 0), min(last + 1, len(bins) - 1)
    if not 0 <= right <= n or not n:
        return None
    return Reliability(low=bins[first][0], high=bins[last][1], n=n, right=right)


def _totals(report: Any, head: str) -> Bins:
    """The bins of all test splits together."""
    totals: Bins = {}
    for section in sections(report):
        for bounds, (n, right) in _test_bins(section, head).items():
            before = totals.get(bounds, (0, 0))
            totals[bounds] = before[0] + n, before[1] + right
    return totals


def _test_bins(section: dict[str, Any], head: str) -> Bins:
    """The bins of one data set's test split; empty where it has none."""
    if section.get("split") != _TEST_SPLIT:
        return {}
    rows = head_evaluation(section, head)[1].get("reliability")
    return _bins(rows if isinstance(rows, list) else [])


def _bins(rows: list[Any]) -> Bins:
    found: Bins = {}
    for row in rows:
        low, high = finite_number(row, "low"), finite_number(row, "high")
        n, right = finite_number(row, "n"), finite_number(row, "right")
        if low is None or high is None or n is None or right is None:
            return {}
        found[low, high] = int(n), int(right)
    return found
