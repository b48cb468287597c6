"""``emotion video``: a video to an annotated video and a table, one row per face per frame."""

from __future__ import annotations

import argparse
from contextlib import ExitStack, closing
from pathlib import Path

from emotion.cli.common import Progress, add_model_arguments, analyzer_of, usage_error
from emotion.drawing import annotate_into
from emotion.errors import VideoError
from emotion.table import TableWriter, face_rows
from emotion.video import Clip
from emotion.video_writer import ClipWriter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("video", type=Path, metavar="IN", help="MP4, MOV, MKV, WebM, AVI or GIF")
    parser.add_argument("--out", type=Path, metavar="OUT.mp4", help="the annotated video")
    parser.add_argument("--csv", type=Path, metavar="OUT.csv", help="the table")
    parser.add_argument("--fps", type=float, help="frames a second to analyse (default: every one)")
    add_model_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Analyses the frames; rows and pictures are written as they come."""
    if options.out is None and options.csv is None:
        usage_error("video expects --out OUT.mp4, --csv OUT.csv, or both")
    if options.fps is not None and options.fps <= 0:
        usage_error(f"--fps expects a positive number, got {options.fps:g}")
    analyzer = analyzer_of(options)
    try:
        with ExitStack() as stack:
            clip = stack.enter_context(Clip(options.video))
            progress = stack.enter_context(closing(Progress("frames")))
            table = stack.enter_context(closing(TableWriter(options.csv))) if options.csv else None
            film = stack.enter_context(closing(ClipWriter(options.out))) if options.out else None
            for done, (frame, time_s, image) in enumerate(clip.frames(options.fps), 1):
                faces = analyzer.analyze(image, tiled=False)
                if table:
                    table.write(face_rows(str(options.video), faces, frame, time_s))
                if film:
                    annotate_into(image, faces)
                    film.write(image, time_s)
                progress(done, clip.info.frame_count if options.fps is None else None)
    except OSError as error:
        raise VideoError(f"{error.filename or options.video}: {error.strerror}.") from error
    return 1 if clip.damaged else 0
