"""Archives: more files than one machine takes, by Ray Data, to a partitioned Parquet data set.

The engine is Ray's: actors hold the models, it feeds them no faster than rows are written, and it
does the work of a process or machine that dies once more. What a file gives is handed over whole,
and a part of the data set is written under a name of its own, so that doing it again neither loses
a row nor doubles one. Needs the extra ``archive``; ``RAY_ADDRESS`` names a cluster.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Sequence
from typing import Any

from emotion.archive.reader import ArchiveWork, Reader
from emotion.archive.stores import ArchiveError, check_empty, count_rows

PARTITION = "label"
"""The column that the data set is split by; a reader that wants one expression skips the rest."""

ROWS_PER_FILE = 100_000
_PHOTOS_A_TASK = 64
_TRIES = 3


def write_archive(
    files: Sequence[tuple[str, str]], out: str, work: ArchiveWork, *, jobs: int
) -> dict[str, str]:
    """Writes the rows of all files to a data set, and gives what was wrong with some: name -> why.

    files: (name in the table, path or address) of each. out: a new or empty folder, or the address
    of one ("s3://bucket/faces"). jobs: actors on this machine; a cluster takes as many as it has
    room for. Raises ``ArchiveError``. Nothing is said of the rows' order: sort by source and frame.
    """
    ray = _started(jobs * work.threads)
    check_empty(out)
    book = ray.remote(_Book).options(num_cpus=0).remote(len(files))
    problems: dict[str, str] = {}
    left = list(range(len(files)))
    # What a dying process takes with it is at most one task. Once more, each file by itself, only
    # the file that ends every process is left.
    for most in (_PHOTOS_A_TASK if work.kind == "photos" else 1, 1):
        if not left:
            break
        size = max(1, min(most, len(left) // (4 * jobs)))
        _write([(i, *files[i]) for i in left], out, work, book, size, jobs)
        left, told = ray.get(book.result.remote())
        problems |= {files[i][0]: problem for i, problem in told.items()}
    _check_whole(out, ray.get(book.rows.remote()))
    for i in left:
        problems[files[i][0]] = (
            "Every process that worked on this file ended unexpectedly; it was left out."
        )
    return problems


def _started(cores: int) -> Any:
    """Ray, connected to the cluster that ``RAY_ADDRESS`` names, or started here for the actors."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent anywhere
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # spares a warning
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise ArchiveError(
            "Archives need Ray; install it with `pip install 'emotion[archive]'`."
        ) from error
    if ray.is_initialized():
        return ray
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    quiet = {"log_to_driver": False, "logging_level": "ERROR"}
    try:
        if os.environ.get("RAY_ADDRESS"):
            ray.init(**quiet)
        else:
            # One core more than actors, for the tasks that write.
            ray.init("local", num_cpus=cores + 1, include_dashboard=False, **quiet)
    except Exception as error:  # Ray raises plain ones here
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise ArchiveError(f"Ray does not start or does not answer: {said[0]}") from error
    return ray


def _write(
    files: Sequence[tuple[int, str, str]],
    out: str,
    work: ArchiveWork,
    book: Any,
    size: int,
    jobs: int,
) -> None:
    """One pass of the engine over the files; the book tells which it finished."""
    import pyarrow as pa
    import ray.data

    context = ray.data.DataContext.get_current().copy()
    context.max_errored_blocks = -1  # a lost task is in the book, and no reason to end the rest
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    blocks = [
        pa.table(
            {
                "index": [index for index, _, _ in part],
                "name": [name for _, name, _ in part],
                "path": [os.fsencode(path) for _, _, path in part],  # not every name is UTF-8
            }
        )
        for part in (files[i : i + size] for i in range(0, len(files), size))
    ]
    many = None if os.environ.get("RAY_ADDRESS") else jobs
    with ray.data.DataContext.current(context), warnings.catch_warnings():
        # Ray 2.64 will name these arguments otherwise; pyproject.toml stays below it.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.filterwarnings("ignore", message=".*ray_remote_args.*")
        found = ray.data.from_arrow(blocks).map_batches(
            Reader,
            fn_constructor_args=(work, book),
            batch_size=None,
            batch_format="pyarrow",
            compute=ray.data.ActorPoolStrategy(min_size=many or 1, max_size=many),
            num_cpus=work.threads,
            max_task_retries=_TRIES - 1,
        )
        merged = found.repartition(target_num_rows_per_block=ROWS_PER_FILE, strict=True)
        merged.write_parquet(out, partition_cols=[PARTITION])


def _check_whole(out: str, expected: int) -> None:
    """The engine is told to pass over what it loses; that must not be rows of finished files."""
    written = count_rows(out)
    if written != expected:
        raise ArchiveError(
            f"{out} holds {written} rows instead of {expected}: some could not be written (is the "
            "disk full, may the store be written to?). Empty it and begin again."
        )


class _Book:
    """An actor: which files are finished, their rows, and what was wrong with them."""

    def __init__(self, count: int) -> None:
        self._finished = bytearray(count)
        self._rows: dict[int, int] = {}
        self._problems: dict[int, str] = {}

    def note(self, rows: dict[int, int], problems: dict[int, str | None]) -> None:
        """A task is finished; to be told twice changes nothing."""
        self._rows |= {index: count for index, count in rows.items() if count}
        for index, problem in problems.items():
            self._finished[index] = 1
            if problem is not None:
                self._problems[index] = problem

    def rows(self) -> int:
        """How many rows the finished files have."""
        return sum(self._rows.values())

    def result(self) -> tuple[list[int], dict[int, str]]:
        """The unfinished files, and the problems of the finished ones."""
        return [i for i, done in enumerate(self._finished) if not done], self._problems
