"""``emotion video``: a video to an annotated video and a table, one row per face per frame."""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack, closing
from pathlib import Path

from emotion.cli.common import (
    Progress,
    add_model_arguments,
    analyzer_of,
    positive_number,
    printable,
    usage_error,
)
from emotion.drawing import annotate_into
from emotion.errors import VideoError
from emotion.table import TableWriter
from emotion.video import Clip
from emotion.video_faces import followed, video_rows
from emotion.video_writer import ClipWriter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("video", type=Path, metavar="IN", help="MP4, MOV, MKV, WebM, AVI or GIF")
    parser.add_argument("--out", type=mp4_path, metavar="OUT.mp4", help="the annotated video")
    parser.add_argument("--csv", type=Path, metavar="OUT.csv", help="the table")
    parser.add_argument(
        "--fps", type=positive_number, help="frames a second to analyse (default: every one)"
    )
    add_model_arguments(parser)


def mp4_path(text: str) -> Path:
    """An argparse type: a path that ends in .mp4."""
    if not text.lower().endswith(".mp4"):
        raise argparse.ArgumentTypeError(f"expected a name ending in .mp4, got {text!r}")
    return Path(text)


def run(options: argparse.Namespace) -> int:
    """Analyses the frames; rows and pictures are written as they come."""
    if options.out is None and options.csv is None:
        usage_error("video expects --out OUT.mp4, --csv OUT.csv, or both")
    analyzer = analyzer_of(options)
    try:
        with ExitStack() as stack:
            clip = stack.enter_context(Clip(options.video))
            progress = stack.enter_context(closing(Progress("frames")))
            table = stack.enter_context(closing(TableWriter(options.csv))) if options.csv else None
            film = stack.enter_context(closing(ClipWriter(options.out))) if options.out else None
            frames = followed(clip.frames(options.fps), analyzer)
            for done, (found, image) in enumerate(frames, 1):
                if table:
                    table.write(video_rows(printable(options.video), found))
                if film:
                    annotate_into(image, found.faces, numbers=[f.number for f in found.faces])
                    film.write(image, found.time_s)
                progress(done, clip.info.frame_count if options.fps is None else None)
    except OSError as error:
        raise VideoError(f"{error.filename or options.video}: {error.strerror}.") from error
    if clip.damaged:
        print(
            f"{options.video}: a part of this clip is damaged or missing; the rest was done.",
            file=sys.stderr,
        )
        return 1
    return 0
