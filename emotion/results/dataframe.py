"""Results as a pandas ``DataFrame``, with the columns and figures of the table's files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from emotion.results.rows import COLUMNS, Row, face_rows
from emotion.types import Face
from emotion.video.faces import FrameResult, video_rows

if TYPE_CHECKING:
    import pandas as pd

Results = Iterable[Face] | Iterable[FrameResult]
"""What ``Analyzer.analyze`` gives for a photo, or ``analyze_video`` for a clip."""

_TYPES = {"source": "str", "label": "str", "frame": "Int64", "track": "Int64"}
"""The rest are float64. Int64 is pandas' integer that may be missing, as it is for photos."""


def to_dataframe(results: Results | Mapping[str, Results], *, source: str = "") -> pd.DataFrame:
    """One row a face, the columns of the table: see ``emotion.results.rows``.

    results: one photo's faces, one clip's frames, or a mapping from names to either. source: the
    name in the first column, where ``results`` has none. No face gives no row, and all columns.
    """
    import pandas as pd  # half a second; nobody else needs it

    named = results if isinstance(results, Mapping) else {source: results}
    rows: list[Row] = []
    for name, given in named.items():
        for result in given:
            if isinstance(result, FrameResult):
                rows += video_rows(name, result)
            elif isinstance(result, Face):
                rows += face_rows(name, [result])
            else:
                raise ValueError(f"expected faces or frames, got {type(result).__name__}")
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.astype({name: _TYPES.get(name, "float64") for name in COLUMNS})
