"""``emotion analyze``: photos, or folders of photos, to a table with one row per face."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from emotion.analyzer import Analyzer
from emotion.cli.archive import add_archive_argument, run_archive
from emotion.cli.console import report_failure, usage_error
from emotion.cli.inputs import PHOTOS, find_inputs
from emotion.cli.options import (
    add_batch_arguments,
    add_model_arguments,
    analyzer_of,
    check_bom,
    choice_of,
    table_path,
)
from emotion.cli.paths import printable, unique_path
from emotion.cli.progress import Progress
from emotion.cli.table_writer import ResumableTableWriter, StreamTableWriter, TableWriter
from emotion.cli.worker_pool import CRASHED, StopRequested, run_in_order
from emotion.errors import EmotionError
from emotion.files import atomic_write
from emotion.imaging.annotation import annotate
from emotion.imaging.files import encode_image, read_photo
from emotion.results.rows import Row, face_rows
from emotion.types import Face, Image


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="photos, or folders of photos")
    parser.add_argument(
        "--out", help="the table: a .csv, .json, .jsonl or .parquet (default: printed)"
    )
    parser.add_argument("--annotated", type=Path, metavar="DIR", help="save annotated photos here")
    parser.add_argument("--min-score", type=float, help="detector's threshold, 0..1")
    add_batch_arguments(parser)
    add_archive_argument(parser)
    add_model_arguments(parser)


@dataclass(frozen=True)
class _Photo:
    """One photo to analyse.

    Attributes:
        path: The photo.
        annotated: Where the annotated photo goes, if anywhere.
        min_score: Detection threshold, 0..1; None for the detector's own.
    """

    path: Path
    annotated: Path | None
    min_score: float | None


@dataclass(frozen=True)
class _Outcome:
    """A photo's rows, and what was wrong with it or with saving its annotated picture."""

    rows: list[Row] = field(default_factory=list)
    problem: str | None = None


def run(options: argparse.Namespace) -> int:
    """Analyses every photo; the exit code is 1 if some could not be read, or a folder has none."""
    if options.min_score is not None and not 0 <= options.min_score <= 1:
        usage_error(f"--min-score expects a fraction from 0 to 1, got {options.min_score:g}")
    if options.resume and options.out is None:
        usage_error("--resume continues a table; name it with --out")
    check_bom(options, options.out)
    if options.archive:
        return run_archive(options, "photos", options.out, incompatible=[options.annotated])
    out = table_path(options.out) if options.out else None
    analyzer, choice = analyzer_of(options), choice_of(options)
    # List all inputs first: what this run writes into the same folder must not become one.
    results = [options.annotated] if options.annotated else []
    inputs = find_inputs(options.paths, PHOTOS, without=results)
    table: TableWriter
    if out:
        settings = {
            **choice.settings(analyzer),
            "min_score": options.min_score,
            "annotated": str(options.annotated) if options.annotated else None,
            "bom": options.bom,
        }
        table = ResumableTableWriter(out, settings, resume=options.resume, bom=options.bom)
    else:
        table = StreamTableWriter(sys.stdout, bom=options.bom)
    failed = 0
    finished = False
    try:
        with closing(Progress("photos")) as progress:

            def unfinished() -> Iterator[_Photo]:
                nonlocal failed
                for photo in _photos(inputs.files, options):
                    name = printable(photo.path)
                    if table.skip(name):
                        progress.skipped += 1
                        failed += report_failure(name, table.problem(name))
                    else:
                        yield photo

            found = run_in_order(
                _analyze,
                unfinished(),
                _crashed,
                jobs=options.jobs,
                choice=choice,
                analyzer=analyzer,
            )
            for done, (photo, outcome) in enumerate(found, 1):
                name = printable(photo.path)
                failed += report_failure(name, outcome.problem)
                table.write(name, outcome.rows, outcome.problem)
                progress(progress.skipped + done, len(inputs.files))
        finished = True
    finally:
        table.close(finished=finished)
    return inputs.exit_code(failed)


def _photos(files: Sequence[tuple[str, Path]], options: argparse.Namespace) -> Iterator[_Photo]:
    taken: set[Path] = set()
    for text, base in files:
        path, annotated = Path(text), None
        if options.annotated:
            annotated = unique_path(options.annotated / path.relative_to(base), ".png", taken)
        yield _Photo(path, annotated, options.min_score)


def _analyze(analyzer: Analyzer, photo: _Photo, _: StopRequested) -> _Outcome:
    """Analyses one photo, in this process or a worker's.

    Boxes are in pixels of the file; a photo that is decoded reduced is also drawn reduced.
    """
    try:
        read = read_photo(photo.path)
        faces = analyzer.analyze(read.image, photo.min_score)
    except EmotionError as error:
        return _Outcome(problem=str(error))
    rows = face_rows(printable(photo.path), read.in_file_pixels(faces))
    try:
        if photo.annotated:
            _save(photo.annotated, read.image, faces)
    except OSError as error:
        return _Outcome(rows, f"{photo.annotated} cannot be written ({error.strerror}).")
    return _Outcome(rows)


def _crashed(_: _Photo) -> _Outcome:
    return _Outcome(problem=CRASHED)


def _save(path: Path, image: Image, faces: Sequence[Face]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as partial:
        partial.write_bytes(encode_image(annotate(image, faces)))
