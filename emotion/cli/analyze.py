"""``emotion analyze``: photos or folders to a table, one row a face."""

from __future__ import annotations

import argparse
import csv
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TextIO

from emotion.cli.common import (
    Progress,
    add_model_arguments,
    analyzer_of,
    printable,
    table_path,
    usage_error,
    write_table,
)
from emotion.drawing import annotate
from emotion.errors import EmotionError, ImageError
from emotion.images import IMAGE_SUFFIXES, encode_image, read_image
from emotion.table import COLUMNS, Row, face_rows
from emotion.types import Face, Image


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="photos, or folders of photos")
    parser.add_argument(
        "--out", type=table_path, help="the table: a .csv, .json or .parquet (default: printed)"
    )
    parser.add_argument("--annotated", type=Path, metavar="DIR", help="save annotated photos here")
    parser.add_argument("--min-score", type=float, help="detector's threshold, 0..1")
    add_model_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Analyses every photo; 1 when some could not be read."""
    if options.min_score is not None and not 0 <= options.min_score <= 1:
        usage_error(f"--min-score expects a fraction from 0 to 1, got {options.min_score:g}")
    analyzer = analyzer_of(options)
    photos = list(_photos(options.paths))
    rows: list[Row] = []
    taken: set[Path] = set()
    failed = 0
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)  # before the work, not after it
    printed = _Printer(sys.stdout) if options.out is None else None
    try:
        with closing(Progress("photos")) as progress:
            for done, (path, base) in enumerate(photos, 1):
                try:
                    image = read_image(_bytes(path))
                    faces = analyzer.analyze(image, options.min_score)
                    if options.annotated:
                        _save(_free(options.annotated / _target(path, base), taken), image, faces)
                except EmotionError as error:
                    failed += 1
                    print(f"{printable(path)}: {error}", file=sys.stderr)
                else:
                    found = face_rows(printable(path), faces)
                    rows += found
                    if printed:
                        printed(found)
                progress(done, len(photos))
    finally:
        if options.out:
            write_table(rows, options.out)  # also when stopped half-way: nothing done is lost
    return 1 if failed else 0


def _photos(paths: Sequence[str]) -> Iterator[tuple[Path, Path]]:
    """Each photo with the folder that its annotated name is relative to; folders are searched."""
    for text in paths:
        path = Path(text)
        if not path.is_dir():
            yield path, path.parent
            continue
        for folder, folders, names in os.walk(path):
            folders.sort()
            for name in sorted(names):
                if name.lower().endswith(IMAGE_SUFFIXES):
                    yield Path(folder, name), path


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise ImageError("There is no such file; check the name.") from None
    except OSError as error:
        raise ImageError(f"The file cannot be opened ({error.strerror}).") from error


def _target(path: Path, base: Path) -> Path:
    """Where an annotated photo goes below the chosen folder: its own name, as a PNG.

    The old ending stays in the name, or a.jpg and a.png would be one file.
    """
    relative = path.relative_to(base)
    return relative.with_name(relative.name + ".png")


def _free(path: Path, taken: set[Path]) -> Path:
    """The path, numbered where another photo of this run has taken it."""
    free, number = path, 2
    while free in taken:
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
        number += 1
    taken.add(free)
    return free


def _save(path: Path, image: Image, faces: Sequence[Face]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_image(annotate(image, faces)))
    except OSError as error:
        raise ImageError(f"{path} cannot be written ({error.strerror}).") from error


class _Printer:
    """Rows on a stream as they come: CSV for a program, aligned columns for a person."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._person = stream.isatty()
        self._writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        if self._person:
            print(f"{'expression':<11}{'':>6}  {'box (pixels)':<24}source", file=stream)
        else:
            self._writer.writeheader()

    def __call__(self, rows: Sequence[Row]) -> None:
        if not self._person:
            self._writer.writerows(rows)
            self._stream.flush()
            return
        for row in rows:
            box = " ".join(f"{float(row[k] or 0):.0f}" for k in ("x1", "y1", "x2", "y2"))
            probability = float(row[str(row["label"])] or 0)
            print(
                f"{row['label']!s:<11}{probability:>6.0%}  {box:<24}{row['source']}",
                file=self._stream,
            )
