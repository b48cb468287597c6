"""The files of a data set, in a folder or packed: ``.zip``, ``.tar``, ``.tar.gz`` and the like."""

from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any

from emotion.errors import DataError
from emotion.files import is_companion
from emotion.imaging.formats import IMAGE_SUFFIXES

DEEPEST = 6
"""Levels of folders that are searched, those around the set and one too deep included."""

File = tuple[tuple[str, ...], Callable[[], bytes]]
"""The parts of a file's path below the set's root, and a function that reads it."""

_SUFFIXES = (
    ".zip", ".tar", ".tgz", ".tbz2", ".txz", ".tar.gz", ".tar.bz2", ".tar.xz",
)  # fmt: skip
_OTHERS = {
    b"7z\xbc\xaf\x27\x1c": "7z", b"Rar!\x1a\x07": "RAR", b"\x28\xb5\x2f\xfd": "Zstandard",
}  # fmt: skip
_COMPRESSED: dict[bytes, Callable[..., IO[Any]]] = {
    b"\x1f\x8b": gzip.open, b"\xfd7zXZ\0": lzma.open, b"BZh": bz2.open,
}  # fmt: skip
DAMAGE = (
    OSError, EOFError, tarfile.TarError, zipfile.BadZipFile, lzma.LZMAError, zlib.error,
    NotImplementedError,
)  # fmt: skip
"""What the modules raise of a damaged archive, the last for a ZIP's unknown compression."""


def is_archive(path: Path) -> bool:
    """Whether a file is an archive, by its name or its content.

    Raises:
        DataError: It is one of a kind that cannot be read.
    """
    if not path.is_file():
        return False
    with open(path, "rb") as file:
        start = file.read(8)
    for magic, name in _OTHERS.items():
        if start.startswith(magic):
            raise DataError(f"{path} is a {name} file; unpack it and name the folder.")
    return (
        path.name.lower().endswith(_SUFFIXES)
        or zipfile.is_zipfile(path)
        or (not is_table(path.name) and tarfile.is_tarfile(path))
    )


def is_table(name: str) -> bool:
    """Whether a file is a table by its name: a ``.csv`` or ``.tsv``, also compressed."""
    suffixes = [suffix.lower() for suffix in PurePosixPath(name).suffixes[-2:]]
    packed = (".gz", ".xz", ".bz2")
    return suffixes[-1:] in ([".csv"], [".tsv"]) or (
        len(suffixes) == 2 and suffixes[0] in (".csv", ".tsv") and suffixes[1] in packed
    )


@contextmanager
def opened_files(root: Path) -> Iterator[list[File]]:
    """All files of a folder or an archive, sorted by name.

    Args:
        root: The folder or archive.

    Raises:
        DataError: The archive cannot be read.
    """
    if root.is_dir():
        # Not rglob, which skips symbolic links to folders.
        found = sorted(
            p for depth in range(1, DEEPEST + 1) for p in root.glob("/".join("*" * depth))
        )
        yield [(p.relative_to(root).parts, p.read_bytes) for p in found if not p.is_dir()]
        return
    try:
        opened = _opened_zip(root) if zipfile.is_zipfile(root) else _opened_tar(root)
        with opened as files:
            yield sorted(files, key=lambda file: "/".join(file[0]))
    except DAMAGE as error:
        raise DataError(f"The archive {root} cannot be read ({error}).") from error


def table_in(root: Path) -> bytes | None:
    """The content of the table in an archive; None if there are pictures or other files instead.

    Raises:
        DataError: There are several tables, or the archive cannot be read.
    """
    with opened_files(root) as files:
        visible = [(name, read) for name, read in files if not is_companion(name)]
        if any(name[-1].lower().endswith(IMAGE_SUFFIXES) for name, _ in visible):
            return None
        tables = [(name, read) for name, read in visible if is_table(name[-1])]
        if len(tables) > 1:
            held = ", ".join("/".join(name) for name, _ in tables[:6])
            raise DataError(f"{root} holds several tables ({held}); unpack it and name one.")
        return tables[0][1]() if tables else None


@contextmanager
def _opened_zip(root: Path) -> Iterator[list[File]]:
    with zipfile.ZipFile(root) as archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
        if any(info.flag_bits & 1 for info in infos):
            raise DataError(f"{root} is locked with a password; unpack it and name the folder.")
        yield [(PurePosixPath(info.filename).parts, _zip_reader(archive, info)) for info in infos]


def _zip_reader(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], bytes]:
    return lambda: archive.read(info)


@contextmanager
def _opened_tar(root: Path) -> Iterator[list[File]]:
    with open(root, "rb") as file, tempfile.TemporaryFile() as plain:
        start = file.read(6)
        opener = next((o for magic, o in _COMPRESSED.items() if start.startswith(magic)), None)
        if opener is not None:
            # Files are read in the order of their names: each step back in a compressed archive
            # would decompress it from its beginning.
            with opener(root, "rb") as packed:
                shutil.copyfileobj(packed, plain, 1 << 20)
        source: IO[bytes] = file if opener is None else plain
        source.seek(0)
        with tarfile.open(fileobj=source, mode="r:") as archive:
            yield [
                (PurePosixPath(member.name).parts, _tar_reader(archive, member))
                for member in archive
                if member.isfile()
            ]


def _tar_reader(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Callable[[], bytes]:
    def read() -> bytes:
        file = archive.extractfile(member)
        return file.read() if file is not None else b""

    return read


def table_opener(path: Path) -> Callable[..., IO[Any]]:
    """The function that opens a table, which may be compressed, by its name."""
    openers: dict[str, Callable[..., IO[Any]]] = {
        ".gz": gzip.open, ".xz": lzma.open, ".bz2": bz2.open,
    }  # fmt: skip
    return openers.get(path.suffix.lower(), open)
