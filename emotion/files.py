"""Files: which are meant where a folder is named, what is in them, and where results grow."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

from emotion.errors import ImageError

VIDEO_SUFFIXES = (
    ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".gif", ".mpg", ".mpeg", ".ts", ".ogv",
    ".flv", ".wmv",
)  # fmt: skip
"""File names that are taken for clips when a folder is searched."""

DAMAGED_CLIP = "A part of this clip is damaged or missing; the rest was done."


def found_files(
    paths: Sequence[str], suffixes: tuple[str, ...], without: Collection[Path] = ()
) -> Iterator[tuple[Path, Path]]:
    """Each file with the folder that its result's name is relative to, always in the same order.

    Folders are searched, also those below, for names with these endings (lower case); a file that
    is named itself is taken whatever its name. without: folders that are left out, so that results
    inside the folder are not taken for inputs.
    """
    left_out = {folder.resolve() for folder in without}
    for text in paths:
        path = Path(text)
        if not path.is_dir():
            yield path, path.parent
            continue
        closed: list[Path] = []
        for folder, folders, names in os.walk(path, onerror=_noted(closed)):
            folders[:] = sorted(f for f in folders if Path(folder, f).resolve() not in left_out)
            for name in sorted(names):
                if name.lower().endswith(suffixes):
                    yield Path(folder, name), path
        # Given on like a file: whoever opens it says why that cannot be done.
        yield from ((each, path) for each in closed)


def _noted(closed: list[Path]) -> Callable[[OSError], None]:
    """Notes the folders that cannot be opened."""

    def note(error: OSError) -> None:
        closed.append(Path(error.filename))

    return note


def partial_path(path: Path) -> Path:
    """Where a result is while it is being written: nothing half stands under its own name."""
    return path.with_name(path.name + ".partial")


def read_bytes(path: Path) -> bytes:
    """What is in a picture's file; ``ImageError`` when it cannot be opened."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise ImageError("There is no such file; check the name.") from None
    except OSError as error:
        raise ImageError(f"The file cannot be opened ({error.strerror}).") from error
