"""The actor that analyses files: Ray runs several, each with models of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from emotion.analyzer import Analyzer, load_analyzer
from emotion.archive.storage import is_uri, open_file
from emotion.errors import EmotionError
from emotion.files import DAMAGED_CLIP
from emotion.imaging.files import read_photo
from emotion.results.frames import video_rows
from emotion.results.rows import Row, face_rows
from emotion.results.writers import arrow_schema, arrow_table
from emotion.video.pipeline import analyze_video
from emotion.video.reader import Clip

if TYPE_CHECKING:
    import pyarrow as pa

_MAX_BUFFERED_ROWS = 5_000  # then they become columns, which take a tenth of the memory


@dataclass(frozen=True, kw_only=True)
class ArchiveSettings:
    """What is done with each file.

    Attributes:
        kind: What the files are.
        model: As of ``load_analyzer``, like the next two.
        head: Output head to use.
        detector: The face detector.
        threads: Threads of one inference call, and cores that Ray reserves for an actor.
        min_score: Detection threshold for photos, 0..1; None for the detector's own.
        rate_hz: Frames of a clip analysed per second; None for every frame.
    """

    kind: Literal["photos", "clips"]
    model: str | None = None
    head: str | None = None
    detector: str | None = None
    threads: int = 1
    min_score: float | None = None
    rate_hz: float | None = None


class ArchiveWorker:
    """Analyses the files of one task after another, with models that are loaded once.

    Args:
        settings: What is done with each file.
        ledger: The handle of the actor that records finished files, see ``engine``.
    """

    def __init__(self, settings: ArchiveSettings, ledger: Any) -> None:
        self._settings = settings
        self._ledger = ledger
        self._analyzer = load_analyzer(
            settings.model,
            head=settings.head,
            detector=settings.detector,
            num_threads=settings.threads,
        )

    def __call__(self, files: pa.Table) -> pa.Table:
        """Analyses one task's files and records them as finished.

        Args:
            files: Columns ``index``, ``name`` (in the table) and ``path`` (bytes, a path or URI).

        Returns:
            The rows of all files, with the columns of every other table.
        """
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
                    if len(rows) >= _MAX_BUFFERED_ROWS:
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
        ray.get(self._ledger.record.remote(counts, problems))
        return whole

    def _rows(self, name: str, path: str) -> Iterator[tuple[list[Row], str | None]]:
        """A file's rows as they are found, each time with what is wrong with the file so far."""
        if self._settings.kind == "photos":
            yield photo_rows(self._analyzer, name, path, self._settings.min_score), None
            return
        with Clip(open_file(path)) as clip:
            for result in analyze_video(clip, self._analyzer, rate_hz=self._settings.rate_hz):
                yield video_rows(name, result), None
            yield [], DAMAGED_CLIP if clip.damaged else None


def photo_rows(analyzer: Analyzer, name: str, path: str, min_score: float | None) -> list[Row]:
    """The rows of a photo on this machine or in an object store.

    Args:
        analyzer: The models.
        name: The photo's name in the table.
        path: A path or a URI.
        min_score: Detection threshold, 0..1; None for the detector's own.

    Raises:
        EmotionError: It cannot be read.
    """
    if is_uri(path):
        with open_file(path) as file:
            photo = read_photo(file.read())
    else:
        photo = read_photo(path)
    faces = analyzer.analyze(photo.image, min_score)
    return face_rows(name, photo.in_file_pixels(faces))
