"""``emotion video``: videos to annotated videos, and to tables with one row per face per frame."""

from __future__ import annotations

import argparse
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from emotion.analyzer import Analyzer
from emotion.cli.archive import add_archive_argument, run_archive
from emotion.cli.console import report_failure, usage_error
from emotion.cli.inputs import VIDEOS, Inputs, find_inputs
from emotion.cli.options import (
    add_batch_arguments,
    add_model_arguments,
    analyzer_of,
    check_bom,
    choice_of,
    positive_number,
)
from emotion.cli.paths import printable, unique_path
from emotion.cli.progress import Progress
from emotion.cli.resume_journal import ResumeJournal, journal_path
from emotion.cli.worker_pool import CRASHED, StopRequested, run_in_order
from emotion.errors import EmotionError
from emotion.files import DAMAGED_CLIP, partial_path
from emotion.imaging.annotation import annotate_into
from emotion.results.frames import video_rows
from emotion.results.writers import TABLE_SUFFIXES, forget_rows, open_table
from emotion.video.audio import AudioTrack
from emotion.video.pipeline import track_faces
from emotion.video.reader import Clip
from emotion.video.render import render_clip
from emotion.video.track_store import TrackStore
from emotion.video.writer import ClipWriter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument(
        "paths",
        nargs="+",
        metavar="IN",
        help="videos (MP4, MOV, MKV, WebM, AVI or GIF), or folders of videos",
    )
    parser.add_argument(
        "--out", metavar="OUT.mp4", help="the annotated video; a folder for several videos"
    )
    parser.add_argument(
        "--csv", metavar="OUT.csv", help="the table; a folder of tables for several videos"
    )
    parser.add_argument(
        "--fps", type=positive_number, help="frames a second to analyse (default: every one)"
    )
    add_batch_arguments(parser)
    add_archive_argument(parser)
    add_model_arguments(parser)


@dataclass(frozen=True)
class _Clip:
    """One video to analyse.

    Attributes:
        path: The video.
        film: Where the annotated video goes, if anywhere.
        table: Where the table goes, if anywhere.
        rate_hz: Frames analysed per second; None for every frame.
        watched: Whether its frames are counted on the terminal: with one video and one process.
        bom: See ``open_table``.
    """

    path: Path
    film: Path | None
    table: Path | None
    rate_hz: float | None
    watched: bool
    bom: bool


def run(options: argparse.Namespace) -> int:
    """Analyses the videos; the exit code is 1 if a part of one could not be read,
    or a folder has none.
    """
    check_bom(options, options.csv)
    if options.archive:
        return run_archive(options, "clips", options.csv, incompatible=[options.out])
    clips, inputs = _clips(options)
    analyzer, choice = analyzer_of(options), choice_of(options)
    settings = {**choice.settings(analyzer), "fps": options.fps, "bom": options.bom}
    results = Path(options.csv or options.out)
    journal = ResumeJournal(journal_path(results), settings, resume=options.resume)
    failed = 0
    finished = False
    try:
        with closing(Progress("videos")) as progress:
            unfinished = []
            for clip in clips:
                name = printable(clip.path)
                if journal.skip(name) and _exist(clip):
                    progress.skipped += 1
                    failed += report_failure(name, journal.problem(name))
                else:
                    unfinished.append(clip)
            found = run_in_order(
                _analyze, unfinished, _crashed, jobs=options.jobs, choice=choice, analyzer=analyzer
            )
            for done, (clip, problem) in enumerate(found, 1):
                name = printable(clip.path)
                failed += report_failure(name, problem)
                journal.add(name, problem)
                if not clip.watched:
                    progress(progress.skipped + done, len(clips))
        finished = True
    finally:
        journal.close(finished=finished)
    return inputs.exit_code(failed)


def _clips(options: argparse.Namespace) -> tuple[list[_Clip], Inputs]:
    """Each video with the places of its results, and the inputs; wrong usage exits with code 2."""
    if options.out is None and options.csv is None:
        usage_error("video expects --out OUT.mp4, --csv OUT.csv, or both")
    several = len(options.paths) > 1 or Path(options.paths[0]).is_dir()
    film = _place("--out", options.out, (".mp4",), several)
    table = _place("--csv", options.csv, TABLE_SUFFIXES, several)
    folders = [place for place, many in (film, table) if place and many]
    for folder in folders:
        if any(Path(given).resolve() == folder.resolve() for given in options.paths):
            usage_error(f"{folder} holds the videos; name another folder for the results")
    watched = options.jobs == 1 and not several
    taken: set[Path] = set()
    inputs = find_inputs(options.paths, VIDEOS, without=folders)
    clips = [
        _Clip(
            Path(path),
            _target(film, Path(path).relative_to(base), ".mp4", taken),
            _target(table, Path(path).relative_to(base), ".csv", taken),
            options.fps,
            watched,
            options.bom,
        )
        for path, base in inputs.files
    ]
    return clips, inputs


_Place = tuple[Path | None, bool]
"""A file, or (with True) a folder for the results of several videos."""


def _place(option: str, given: str | None, suffixes: tuple[str, ...], several: bool) -> _Place:
    if given is None:
        return None, several
    path = Path(given)
    names = ", ".join(suffixes)
    if several and (path.is_file() or path.suffix.lower() in suffixes):
        usage_error(f"{option} expects a folder for the results of several videos, got {given!r}")
    if several or path.is_dir():
        return path, True
    if path.suffix.lower() not in suffixes:
        usage_error(f"{option} expects a name ending in {names}, or a folder, got {given!r}")
    return path, False


def _target(place: _Place, relative: Path, suffix: str, taken: set[Path]) -> Path | None:
    path, many = place
    return unique_path(path / relative, suffix, taken) if path and many else path


def _exist(clip: _Clip) -> bool:
    """Whether the results of a video that the journal calls finished are still there."""
    return all(path.exists() for path in (clip.film, clip.table) if path)


def _analyze(analyzer: Analyzer, clip: _Clip, stopped: StopRequested) -> str | None:
    """Analyses one video, in this process or a worker's; returns what was wrong with it."""
    try:
        return _write(analyzer, clip, stopped)
    except EmotionError as error:
        return str(error)
    except OSError as error:
        return f"{error.filename or clip.path}: {error.strerror or error}."


def _write(analyzer: Analyzer, clip: _Clip, stopped: StopRequested) -> str | None:
    """Writes rows and annotated frames as they come.

    If not every frame is analysed, the annotated video is written afterwards, with all frames.
    """
    between = TrackStore() if clip.film and clip.rate_hz else None
    with ExitStack() as stack:
        source = stack.enter_context(Clip(clip.path))
        progress = stack.enter_context(closing(Progress("frames"))) if clip.watched else None
        table = None
        if clip.table:
            table = stack.enter_context(closing(open_table(clip.table, bom=clip.bom)))
        film = sound = None
        if clip.film and between is None:
            sound = stack.enter_context(closing(AudioTrack(clip.path, start_s=source.offset_s)))
            target = ClipWriter(clip.film, audio=sound, color_space=source.color_space)
            film = stack.enter_context(closing(target))
        frames = track_faces(source.frames(clip.rate_hz), analyzer)
        stack.enter_context(closing(frames))
        for done, (found, image) in enumerate(frames, 1):
            if table:
                table.write(video_rows(printable(clip.path), found))
            if film:
                annotate_into(image, found.faces, numbers=[f.track_id for f in found.faces])
                film.write(image, found.time_s)
            if between is not None:
                between.add(found)
            if progress:
                progress(done, source.info.frame_count if clip.rate_hz is None else None)
            if stopped():
                break
        else:
            if film:
                film.ended(source.shown_until_s)
    damaged = source.damaged or bool(sound and sound.damaged)
    if clip.film and between is not None:
        damaged |= not _draw(clip.path, between, clip.film, stopped)
    if clip.table:
        forget_rows(clip.table)
    return DAMAGED_CLIP if damaged else None


def _draw(path: Path, found: TrackStore, film: Path, stopped: StopRequested) -> bool:
    """Writes the annotated video from the faces found before; whether its audio is complete."""
    with closing(render_clip(path, found, film)) as drawing:
        while not stopped():
            try:
                next(drawing)
            except StopIteration as end:
                return bool(end.value)
    return True


def _crashed(clip: _Clip) -> str:
    if clip.film:
        partial_path(clip.film).unlink(missing_ok=True)
    return CRASHED
