"""Analyses more files than one machine takes, with Ray Data, into a partitioned Parquet data set.

Ray feeds the actors no faster than rows are written, and repeats the tasks of a process or machine
that dies. A task hands over its rows at once, and each part of the data set is written under a name
of its own, so repeating a task neither loses nor duplicates a row. Needs the extra ``archive``;
``RAY_ADDRESS`` names a cluster.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Sequence
from typing import Any

from emotion.archive.storage import ArchiveError, check_empty, count_rows
from emotion.archive.worker import ArchiveSettings, ArchiveWorker

PARTITION = "label"
"""The column that the data set is partitioned by: who reads one expression skips the others."""

ROWS_PER_FILE = 100_000
_PHOTOS_PER_TASK = 64
_MAX_ATTEMPTS = 3


def write_archive(
    files: Sequence[tuple[str, str]], out: str, settings: ArchiveSettings, *, jobs: int
) -> dict[str, str]:
    """Writes the rows of all files to a data set, in no particular order.

    Args:
        files: For each file its name in the table, and its path or URI.
        out: The data set: a new or empty folder, or the URI of one.
        settings: What is done with each file.
        jobs: Actors on this machine; a cluster runs as many as it has room for.

    Returns:
        What was wrong with some files, by their names.

    Raises:
        ArchiveError: Ray is missing or does not answer, ``out`` is not empty, or rows were lost.
    """
    ray = _start_ray(jobs * settings.threads)
    check_empty(out)
    ledger = ray.remote(_Ledger).options(num_cpus=0).remote(len(files))
    problems: dict[str, str] = {}
    unfinished = list(range(len(files)))
    # A dying process takes at most one task with it. In the second pass each file is a task of its
    # own, so that only a file that kills every process stays unfinished.
    for max_size in (_PHOTOS_PER_TASK if settings.kind == "photos" else 1, 1):
        if not unfinished:
            break
        task_size = max(1, min(max_size, len(unfinished) // (4 * jobs)))
        batch = [(i, *files[i]) for i in unfinished]
        _run_pass(batch, out, settings, ledger, task_size, jobs)
        unfinished, failed = ray.get(ledger.result.remote())
        problems |= {files[i][0]: problem for i, problem in failed.items()}
    _check_complete(out, ray.get(ledger.row_count.remote()))
    for i in unfinished:
        problems[files[i][0]] = (
            "Every process that worked on this file ended unexpectedly; it was left out."
        )
    return problems


def _start_ray(cores: int) -> Any:
    """Ray, connected to the cluster that ``RAY_ADDRESS`` names or started on this machine."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # send nothing anywhere
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # silences a warning
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
            # One core more than the actors use, for the tasks that write.
            ray.init("local", num_cpus=cores + 1, include_dashboard=False, **quiet)
    except Exception as error:  # Ray raises plain exceptions here
        message = str(error).strip().splitlines() or [type(error).__name__]
        raise ArchiveError(f"Ray does not start or does not answer: {message[0]}") from error
    return ray


def _run_pass(
    files: Sequence[tuple[int, str, str]],
    out: str,
    settings: ArchiveSettings,
    ledger: Any,
    task_size: int,
    jobs: int,
) -> None:
    """Sends the files through Ray once; the ledger records which it finished."""
    import pyarrow as pa
    import ray.data

    context = ray.data.DataContext.get_current().copy()
    context.max_errored_blocks = -1  # the ledger knows which tasks were lost
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
        for part in (files[i : i + task_size] for i in range(0, len(files), task_size))
    ]
    actors = None if os.environ.get("RAY_ADDRESS") else jobs
    with ray.data.DataContext.current(context), warnings.catch_warnings():
        # Ray 2.64 renames these arguments; pyproject.toml stays below it.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.filterwarnings("ignore", message=".*ray_remote_args.*")
        found = ray.data.from_arrow(blocks).map_batches(
            ArchiveWorker,
            fn_constructor_args=(settings, ledger),
            batch_size=None,
            batch_format="pyarrow",
            compute=ray.data.ActorPoolStrategy(min_size=actors or 1, max_size=actors),
            num_cpus=settings.threads,
            max_task_retries=_MAX_ATTEMPTS - 1,
        )
        merged = found.repartition(target_num_rows_per_block=ROWS_PER_FILE, strict=True)
        merged.write_parquet(out, partition_cols=[PARTITION])


def _check_complete(out: str, expected: int) -> None:
    """Ray is set to continue after errors; those must not have cost rows of finished files."""
    written = count_rows(out)
    if written != expected:
        raise ArchiveError(
            f"{out} holds {written} rows instead of {expected}: some could not be written (is the "
            "disk full, may the store be written to?). Empty it and start again."
        )


class _Ledger:
    """An actor that records which files are finished, their rows, and what was wrong with some."""

    def __init__(self, count: int) -> None:
        self._finished = bytearray(count)
        self._rows: dict[int, int] = {}
        self._problems: dict[int, str] = {}

    def record(self, rows: dict[int, int], problems: dict[int, str | None]) -> None:
        """Records the files of one task, by index; idempotent, since tasks are repeated."""
        self._rows |= {index: count for index, count in rows.items() if count}
        for index, problem in problems.items():
            self._finished[index] = 1
            if problem is not None:
                self._problems[index] = problem

    def row_count(self) -> int:
        """How many rows the finished files have."""
        return sum(self._rows.values())

    def result(self) -> tuple[list[int], dict[int, str]]:
        """The unfinished files, and the problems of the finished ones, by index."""
        return [i for i, done in enumerate(self._finished) if not done], self._problems
