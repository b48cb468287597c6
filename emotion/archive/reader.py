"""What becomes of one task's files: an actor of the engine, with the models."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from emotion.analyzer import Analyzer, load_analyzer
from emotion.archive.stores import is_address, open_file
from emotion.errors import EmotionError
from emotion.files import DAMAGED_CLIP, read_bytes
from emotion.imaging.files import read_image
from emotion.results.frames import video_rows
from emotion.results.rows import Row, face_rows
from emotion.results.writers import arrow_schema, arrow_table
from emotion.video.pipeline import analyze_video
from emotion.video.reader import Clip

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS_HELD = 5_000  # of a clip, before they become columns: a tenth of the memory


@dataclass(frozen=True, kw_only=True)
class ArchiveWork:
    """What is done with each file.

    model, head, detector, threads: see ``load_analyzer``. min_score: photos' threshold, 0..1.
    rate_hz: of clips, frames analysed a second, None for every one.
    """

    kind: Literal["photos", "clips"]
    model: str | None = None
    head: str | None = None
    detector: str | None = None
    threads: int = 1
    min_score: float | None = None
    rate_hz: float | None = None


class Reader:
    """An actor: the models, loaded once, and what becomes of one task's files."""

    def __init__(self, work: ArchiveWork, book: Any) -> None:
        self._work = work
        self._book = book
        self._analyzer = load_analyzer(
            work.model, head=work.head, detector=work.detector, num_threads=work.threads
        )

    def __call__(self, files: pa.Table) -> pa.Table:
        """The rows of all files of the task, and a note in the book."""
        import pyarrow as pa
        import ray

        tables: list[pa.Table] = [arrow_schema().empty_table()]
        problems: dict[int, str | None] = {}
        counts: dict[int, int] = {}
        for file in files.to_pylist():
            rows: list[Row] = []
            problem: str | None = None
            count = 0
            try:
                for found, state in self._rows(file["name"], os.fsdecode(file["path"])):
                    rows += found
                    count += len(found)
                    problem = state
                    if len(rows) >= _ROWS_HELD:
                        tables.append(arrow_table(rows))
                        rows = []
            except EmotionError as error:
                problem = str(error)
            except OSError as error:
                problem = f"The file cannot be read ({error.strerror or error})."
            tables.append(arrow_table(rows))
            problems[file["index"]] = problem
            counts[file["index"]] = count
        whole = pa.concat_tables(tables).combine_chunks()
        ray.get(self._book.note.remote(counts, problems))
        return whole

    def _rows(self, name: str, path: str) -> Iterator[tuple[list[Row], str | None]]:
        """Rows as they come, with what is wrong with the file so far."""
        if self._work.kind == "photos":
            yield photo_rows(self._analyzer, name, path, self._work.min_score), None
            return
        with Clip(open_file(path)) as clip:
            for result in analyze_video(clip, self._analyzer, rate_hz=self._work.rate_hz):
                yield video_rows(name, result), None
            yield [], DAMAGED_CLIP if clip.damaged else None


def photo_rows(analyzer: Analyzer, name: str, path: str, min_score: float | None) -> list[Row]:
    """The rows of a photo on this machine or in an object store."""
    if is_address(path):
        with open_file(path) as file:
            data = file.read()
    else:
        data = read_bytes(Path(path))
    return face_rows(name, analyzer.analyze(read_image(data), min_score))
