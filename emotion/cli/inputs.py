"""The input files of a command: which files of a folder are taken, and an account of the others."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from emotion.cli.progress import print_above_progress
from emotion.files import VIDEO_SUFFIXES, is_companion
from emotion.imaging.files import is_picture
from emotion.imaging.formats import IMAGE_SUFFIXES


@dataclass(frozen=True)
class Kind:
    """What a command analyses.

    Attributes:
        plural: In messages.
        suffixes: File name endings, lower case, that are taken from folders.
        by_content: Whether a file with another ending is taken, too.
    """

    plural: str
    suffixes: tuple[str, ...]
    by_content: Callable[[Path], bool]


PHOTOS = Kind("photos", IMAGE_SUFFIXES, is_picture)
VIDEOS = Kind("videos", VIDEO_SUFFIXES, lambda _: False)


@dataclass
class Inputs:
    """The files that a command takes, and what it passed over.

    Attributes:
        kind: What the files are.
        files: The path of each as text (there may be a million, and a ``Path`` takes several times
            the memory), and the folder that the name of its result is relative to.
        skipped: Why files were passed over, mostly their endings -> their number.
        empty: Folders without anything to take -> a sentence about it.
        several: Whether more than one file was asked for, or a folder.
    """

    kind: Kind
    files: list[tuple[str, Path]] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    empty: dict[str, str] = field(default_factory=dict)
    several: bool = False

    def exit_code(self, failed: int) -> int:
        """Ends a command: names empty folders, and says in one line what was done.

        The line tells what was done, skipped and why, and what failed. It is left out for a single
        file, whose result or failure is plain to see.

        Args:
            failed: How many of the files were named with what was wrong with them.

        Returns:
            The command's exit code: 1 if something failed or a folder held nothing to take.
        """
        for name, sentence in self.empty.items():
            print_above_progress(f"{name}: {sentence}", file=sys.stderr)
        if self.several:
            why = f" ({reasons(self.skipped)})" if self.skipped else ""
            line = (
                f"{self.kind.plural}: {len(self.files) - failed} done, "
                f"{self.skipped.total()} skipped{why}, {failed + len(self.empty)} failed"
            )
            print_above_progress(line, file=sys.stderr)
        return 1 if failed or self.empty else 0


def find_inputs(paths: Sequence[str], kind: Kind, without: Collection[Path] = ()) -> Inputs:
    """Finds the input files, in a fixed order, searching folders recursively.

    Args:
        paths: Files, taken whatever their names, and folders to search.
        kind: What to take from folders.
        without: Folders to leave out, so that results inside an input folder are not taken for
            inputs.
    """
    found = Inputs(kind, several=len(paths) > 1)
    left_out = {folder.resolve() for folder in without}
    for text in paths:
        path = Path(text)
        if path.is_dir():
            found.several = True
            _search(path, found, left_out)
        elif is_companion((path.name,)):
            found.skipped["system files"] += 1
        else:
            found.files.append((text, path.parent))
    if paths and not found.files and not found.empty:
        found.empty[", ".join(paths)] = f"there are no {kind.plural} here, only system files."
    return found


def add_listed(found: Inputs, uri: str, names: Iterable[tuple[str, str]]) -> None:
    """Adds the files below a URI, which are taken by their endings alone.

    Args:
        found: Where they are added.
        uri: Of a folder.
        names: The URI of each file, and its path below the folder.
    """
    before = found.skipped.copy()
    count = len(found.files)
    for file, below in names:
        parts = PurePath(below).parts
        if is_companion(parts):
            continue
        if below.lower().endswith(found.kind.suffixes):
            found.files.append((file, Path(uri)))
        else:
            found.skipped[_ending(parts[-1])] += 1
    found.several = True
    if len(found.files) == count:
        found.empty[uri] = _nothing(found.kind, found.skipped - before)


def reasons(skipped: Counter[str], most: int = 6) -> str:
    """The reasons with their numbers, the most frequent first: "12 .txt, 3 .mov"."""
    ranked = sorted(skipped.items(), key=lambda item: (-item[1], item[0]))
    parts = [f"{count} {reason}" for reason, count in ranked[:most]]
    if rest := sum(count for _, count in ranked[most:]):
        parts.append(f"{rest} others")
    return ", ".join(parts)


def _search(root: Path, found: Inputs, left_out: Collection[Path]) -> None:
    """Adds what is taken of a folder, in the order of the names."""
    count, skipped = len(found.files), Counter[str]()
    unreadable: list[str] = []
    for folder, folders, names in os.walk(root, onerror=lambda e: unreadable.append(e.filename)):
        folders[:] = sorted(
            name
            for name in folders
            if not is_companion((name,)) and Path(folder, name).resolve() not in left_out
        )
        # Not followed: a link may lead to a folder around this one.
        skipped["links to folders"] += sum(Path(folder, name).is_symlink() for name in folders)
        for name in sorted(names):
            path = Path(folder, name)
            if is_companion((name,)):
                continue
            if name.lower().endswith(found.kind.suffixes) or (
                path.is_file() and found.kind.by_content(path)
            ):
                found.files.append((str(path), root))
            else:
                skipped[_ending(name)] += 1
    # Taken like files: whoever opens them reports why that fails.
    found.files += ((path, root) for path in unreadable)
    skipped = +skipped
    found.skipped += skipped
    if len(found.files) == count:
        found.empty[str(root)] = _nothing(found.kind, skipped)


def _ending(name: str) -> str:
    return PurePath(name).suffix.lower() or "without an ending"


def _nothing(kind: Kind, skipped: Counter[str]) -> str:
    if not skipped:
        return f"there are no {kind.plural} in this folder; it is empty."
    return f"there are no {kind.plural} in this folder, only {reasons(skipped)}."
