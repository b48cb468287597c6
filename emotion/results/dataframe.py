"""Results as a pandas ``DataFrame``, with the same columns and values as the written tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from emotion.results.frames import FrameResult, video_rows
from emotion.results.rows import COLUMNS, Row, face_rows
from emotion.types import Face

if TYPE_CHECKING:
    import pandas as pd

Results = Iterable[Face] | Iterable[FrameResult]
"""What ``Analyzer.analyze`` returns for a photo, or ``analyze_video`` for a clip."""

_TYPES = {
    "source": "str",
    "label": "str",
    **dict.fromkeys(("frame", "track", "face", "event"), "Int64"),
}
"""The rest are float64. Int64 is pandas' integer that may be missing, as it is for photos."""


def to_dataframe(results: Results | Mapping[str, Results], *, source: str = "") -> pd.DataFrame:
    """A data frame with one row per face; the columns are described in ``emotion.results.rows``.

    Args:
        results: One photo's faces, one clip's frames, or a mapping from source names to either.
        source: Value of the first column where ``results`` is not a mapping.

    Returns:
        All columns, whether there are rows or not.

    Raises:
        ValueError: An item is neither a face nor a frame.

    Example:
        >>> emotion.to_dataframe(analyzer.analyze(image), source="a.jpg")["label"]
    """
    import pandas as pd  # half a second; nobody else needs it

    named = results if isinstance(results, Mapping) else {source: results}
    rows: list[Row] = []
    for name, given in named.items():
        faces: list[Face] = []
        for result in given:
            if isinstance(result, FrameResult):
                rows += video_rows(name, result)
            elif isinstance(result, Face):
                faces.append(result)
            else:
                raise ValueError(f"expected faces or frames, got {type(result).__name__}")
        rows += face_rows(name, faces)  # together: they are numbered in their order
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.astype({name: _TYPES.get(name, "float64") for name in COLUMNS})
