"""``--archive``: the work of ``analyze`` and ``video`` by Ray Data, see ``emotion.archive``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from emotion.cli.console import report_failure, usage_error
from emotion.cli.options import analyzer_of
from emotion.cli.paths import printable
from emotion.files import found_files


def add_archive_argument(parser: argparse.ArgumentParser) -> None:
    """The option that turns it on."""
    parser.add_argument(
        "--archive",
        action="store_true",
        help="work with Ray, here or on the cluster of RAY_ADDRESS; the table is then the folder "
        "of a Parquet data set, and files may be addresses such as s3://bucket/folder",
    )


def run_archive(
    options: argparse.Namespace,
    kind: Literal["photos", "clips"],
    out: str | None,
    suffixes: tuple[str, ...],
    *,
    given: Sequence[object],
) -> int:
    """Works through all files; 1 when some could not be read. given: options that have no place
    here."""
    from emotion.archive.engine import write_archive
    from emotion.archive.reader import ArchiveWork
    from emotion.archive.stores import is_address

    if out is None:
        usage_error("--archive expects the data set's folder, as --out of photos, --csv of videos")
    if options.resume or any(given):
        usage_error("--archive writes a new data set and nothing else; leave the other out")
    analyzer_of(options)  # a wrong model or head is told before machines are started
    files = list(_files(options.paths, suffixes))
    problems = write_archive(
        files,
        out if is_address(out) else str(Path(out).absolute()),
        ArchiveWork(
            kind=kind,
            model=options.model,
            head=options.head,
            detector=options.detector,
            threads=options.threads,
            min_score=getattr(options, "min_score", None),
            rate_hz=getattr(options, "fps", None),
        ),
        jobs=options.jobs,
    )
    return 1 if sum(report_failure(name, problem) for name, problem in problems.items()) else 0


def _files(paths: Sequence[str], suffixes: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Each file's name in the table, and where it is.

    Workers have another working directory: paths are whole there, and in the table as given.
    """
    from emotion.archive.stores import files_at, is_address

    for path in paths:
        if is_address(path):
            yield from ((found, found) for found in files_at(path, suffixes))
        else:
            for file, _ in found_files([path], suffixes):
                yield printable(file), str(file.absolute())
