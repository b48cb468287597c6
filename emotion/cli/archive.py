"""``--archive``: ``analyze`` and ``video`` on a Ray cluster, see ``emotion.archive``."""

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
    """Adds the option ``--archive``."""
    parser.add_argument(
        "--archive",
        action="store_true",
        help="run on Ray, here or on the cluster that RAY_ADDRESS names; the table is then the "
        "folder of a Parquet data set, and files may be URIs such as s3://bucket/folder",
    )


def run_archive(
    options: argparse.Namespace,
    kind: Literal["photos", "clips"],
    out: str | None,
    suffixes: tuple[str, ...],
    *,
    incompatible: Sequence[object],
) -> int:
    """Analyses all files into a Parquet data set.

    Args:
        options: The command's.
        kind: What the files are.
        out: The data set's folder or URI; None, or anything wrong, exits with code 2.
        suffixes: File name endings to look for inside folders.
        incompatible: Values of options that an archive cannot serve.

    Returns:
        The exit code, 1 if some files could not be read.
    """
    from emotion.archive.engine import write_archive
    from emotion.archive.storage import is_uri
    from emotion.archive.worker import ArchiveSettings

    if out is None:
        usage_error("--archive expects the data set's folder, as --out of photos, --csv of videos")
    if options.resume or any(incompatible):
        usage_error("--archive writes a new data set and nothing else; leave the other out")
    analyzer_of(options)  # report a wrong model or head before machines are started
    files = list(_files(options.paths, suffixes))
    problems = write_archive(
        files,
        out if is_uri(out) else str(Path(out).absolute()),
        ArchiveSettings(
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
    """Each file's name in the table, and its path or URI.

    Workers have another working directory, so paths are absolute; the table has them as given.
    """
    from emotion.archive.storage import is_uri, list_files

    for path in paths:
        if is_uri(path):
            yield from ((found, found) for found in list_files(path, suffixes))
        else:
            for file, _ in found_files([path], suffixes):
                yield printable(file), str(file.absolute())
