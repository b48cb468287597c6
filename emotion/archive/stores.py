"""Folders, files and object stores by one kind of name: a path, or an address like s3://bucket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from emotion.errors import EmotionError

if TYPE_CHECKING:
    import pyarrow.fs


class ArchiveError(EmotionError):
    """The engine is missing, or the data set cannot be written."""


def is_address(path: str) -> bool:
    """Whether it is an object store's address ("s3://bucket/photos") and no path."""
    return "://" in path


def open_file(path: str) -> Any:
    """A path as it is; of an address, the opened file (binary, seekable)."""
    if not is_address(path):
        return path
    store, inside = _store(path)
    return store.open_input_file(inside)


def files_at(address: str, suffixes: tuple[str, ...]) -> Iterator[str]:
    """The addresses of the files below an address, or itself where it is a file; sorted."""
    from pyarrow import fs

    store, inside = _store(address)
    if store.get_file_info(inside).type != fs.FileType.Directory:
        yield address
        return
    given = urlsplit(address)
    # A host stays where it is one; for object stores the bucket begins the path itself.
    host = (
        given.netloc if not inside.startswith(f"{given.netloc}/") and inside != given.netloc else ""
    )
    for info in sorted(
        store.get_file_info(fs.FileSelector(inside, recursive=True)), key=lambda i: i.path
    ):
        if info.is_file and info.path.lower().endswith(suffixes):
            query = f"?{given.query}" if given.query else ""
            yield f"{given.scheme}://{host}{quote(info.path)}{query}"


def count_rows(out: str) -> int:
    """How many rows a data set holds; 0 where there is none yet."""
    from pyarrow import dataset, fs

    store, inside = _store(out) if is_address(out) else (fs.LocalFileSystem(), out)
    if store.get_file_info(inside).type == fs.FileType.NotFound:
        return 0
    return int(dataset.dataset(inside, filesystem=store, format="parquet").count_rows())


def check_empty(out: str) -> None:
    """Rows of two runs in one data set would be doubles of each other."""
    from pyarrow import fs

    store, inside = _store(out) if is_address(out) else (fs.LocalFileSystem(), out)
    info = store.get_file_info(inside)
    if info.is_file:
        raise ArchiveError(f"{out} is a file; name a new folder for the data set.")
    if info.type == fs.FileType.Directory and store.get_file_info(fs.FileSelector(inside)):
        raise ArchiveError(f"{out} is not empty; name a new folder for the data set.")


def _store(address: str) -> tuple[pyarrow.fs.FileSystem, str]:
    """The file system that an address names, and the path in it."""
    import pyarrow as pa
    from pyarrow import fs

    try:
        found: tuple[pyarrow.fs.FileSystem, str] = fs.FileSystem.from_uri(address)
    except (pa.ArrowInvalid, OSError) as error:
        raise ArchiveError(f"{address} cannot be opened ({error}).") from error
    return found
