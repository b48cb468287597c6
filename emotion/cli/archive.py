"""``--archive``: ``analyze`` and ``video`` on a Ray cluster, see ``emotion.archive``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from emotion.cli.console import report_failure, usage_error
from emotion.cli.inputs import PHOTOS, VIDEOS, Inputs, Kind, add_listed, find_inputs
from emotion.cli.options import analyzer_of
from emotion.cli.paths import printable


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
    *,
    incompatible: Sequence[object],
) -> int:
    """Analyses all files into a Parquet data set.

    Args:
        options: The command's.
        kind: What the files are.
        out: The data set's folder or URI; None, or anything wrong, exits with code 2.
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
    found = _inputs(options.paths, PHOTOS if kind == "photos" else VIDEOS)
    problems = write_archive(
        [_named(path) for path, _ in found.files],
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
    failed = sum(report_failure(name, problem) for name, problem in problems.items())
    return found.exit_code(failed)


def _inputs(paths: Sequence[str], kind: Kind) -> Inputs:
    """The files of folders here and in object stores."""
    from emotion.archive.storage import is_uri, list_files

    found = find_inputs([path for path in paths if not is_uri(path)], kind)
    for uri in filter(is_uri, paths):
        listed = list_files(uri)
        if listed is None:
            found.files.append((uri, Path()))
        else:
            add_listed(found, uri, listed)
    return found


def _named(path: str) -> tuple[str, str]:
    """A file's name in the table, and its path or URI.

    Workers have another working directory, so paths are absolute; the table has them as given.
    """
    from emotion.archive.storage import is_uri

    return (path, path) if is_uri(path) else (printable(Path(path)), str(Path(path).absolute()))
