"""A model's files all at once: written and checked aside, then moved over the old ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from emotion.files import move_into_place
from emotion.models.spec import SPEC_FILE


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """An empty folder beside ``folder``; its files replace those of the same name at the end.

    Where anything is raised inside, ``folder`` stays as it was, or missing. What a model's folder
    holds beyond the files written here stays too. The spec is moved last: it holds the checksums of
    the others, so that a kill between two moves leaves a folder that answers as before or is
    refused, not one that answers with weights that it does not tell of.
    """
    folder = folder.resolve()  # beside what a link points to, where a move is one step
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as aside:
        stage = Path(aside)
        yield stage
        folder.mkdir(exist_ok=True)
        for path in sorted(stage.iterdir(), key=lambda path: (path.name == SPEC_FILE, path.name)):
            move_into_place(path, folder / path.name)
