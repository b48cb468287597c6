"""Names of input files, and writing output files atomically.

Stateless; safe to use from several threads as long as each writes files of its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from emotion.errors import ImageError

VIDEO_SUFFIXES = (
    ".mp4", ".m4v", ".mov", ".qt", ".3gp", ".3gpp", ".3g2", ".3gp2", ".f4v", ".mj2", ".lrv",
    ".mkv", ".mk3d", ".webm",
    ".avi", ".divx",
    ".gif",
    ".ts", ".mts", ".m2ts", ".m2t", ".trp",
    ".mpg", ".mpeg", ".mpe", ".m2p", ".vob", ".mod", ".tod",
    ".ogv", ".ogm",
    ".flv",
    ".wmv", ".asf",
    ".y4m",
)  # fmt: skip
"""File name endings, lower case, that count as videos when a folder is searched.

One line for each container that ``emotion.video.container`` opens, with every ending under which
cameras, phones, recorders and discs write it.
"""

DAMAGED_CLIP = "A part of this clip is damaged or missing; the rest was done."

_COMPANION_FILES = {
    ".ds_store", ".localized", "icon\r", "thumbs.db", "ehthumbs.db", "ehthumbs_vista.db",
    "desktop.ini", ".nomedia", ".picasa.ini", "picasa.ini",
}  # fmt: skip
_COMPANION_FOLDERS = {
    "__macosx", ".appledouble", ".spotlight-v100", ".trashes", ".fseventsd", ".thumbnails",
    "@eadir", "#recycle", ".@__thumb", "$recycle.bin", "system volume information",
}  # fmt: skip


def is_companion(parts: Sequence[str]) -> bool:
    """Whether a file is what systems lay beside the files of people: no input, and no fault.

    Such are macOS's ``._IMG_1.jpg`` and ``.DS_Store``, Windows's ``Thumbs.db`` and ``desktop.ini``,
    and the thumbnails of network drives in ``@eaDir``.

    Args:
        parts: The file's name, and before it the folders below the one that is searched.
    """
    return any(part.startswith("._") or part.lower() in _COMPANION_FOLDERS for part in parts) or (
        parts[-1].lower() in _COMPANION_FILES
    )


def partial_path(path: Path, *, keep_suffix: bool = False) -> Path:
    """Where a file is written before it is moved to ``path``, in the same folder.

    Args:
        path: The final place.
        keep_suffix: End the name as ``path`` does, for writers that choose the format by it. By
            default the name ends in ``.partial``, which no search for input files matches.
    """
    name = f"partial-{path.name}" if keep_suffix else f"{path.name}.partial"
    return path.with_name(name)


def move_into_place(partial: Path, path: Path) -> None:
    """Moves a closed, completely written file over ``path`` in one step.

    The content reaches the disk first: without that, a power cut could leave the new name with an
    empty file.
    """
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.replace(path)


@contextmanager
def atomic_write(path: Path, *, keep_suffix: bool = False) -> Iterator[Path]:
    """Writes a file so that ``path`` always holds the old content or all of the new one.

    Args:
        path: The final place. Its folder must exist.
        keep_suffix: See ``partial_path``.

    Yields:
        Where to write. The file has to be closed before the block ends; it is removed when the
        block raises.

    Example:
        with atomic_write(Path("state.json")) as partial:
            partial.write_text("{}")
    """
    partial = partial_path(path, keep_suffix=keep_suffix)
    try:
        yield partial
        move_into_place(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def read_bytes(path: Path) -> bytes:
    """The content of an image file.

    Raises:
        ImageError: The file does not exist or cannot be opened.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise ImageError("There is no such file; check the name.") from None
    except OSError as error:
        raise ImageError(f"The file cannot be opened ({error.strerror}).") from error
