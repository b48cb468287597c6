"""Files and folders that are named by a path, or by a URI such as ``s3://bucket/folder``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from emotion.errors import EmotionError

if TYPE_CHECKING:
    import pyarrow.fs


class ArchiveError(EmotionError):
    """Ray is missing or does not answer, or the data set cannot be written."""


def is_uri(path: str) -> bool:
    """Whether it is a URI (``s3://bucket/photos``) and not a path."""
    return "://" in path


def open_file(path: str) -> Any:
    """A path as it is; for a URI, the opened file (binary, seekable)."""
    if not is_uri(path):
        return path
    store, inside = _store(path)
    return store.open_input_file(inside)


def list_files(uri: str) -> Iterator[tuple[str, str]] | None:
    """The files below a URI, sorted by name.

    Args:
        uri: Of a folder or a file.

    Returns:
        A URI for each file, and its path below the folder; None where the URI is that of a file.
    """
    from pyarrow import fs

    store, inside = _store(uri)
    if store.get_file_info(inside).type != fs.FileType.Directory:
        return None
    given = urlsplit(uri)
    # The host of hdfs:// is not part of the path; the bucket of an object store is.
    host = (
        given.netloc if not inside.startswith(f"{given.netloc}/") and inside != given.netloc else ""
    )
    query = f"?{given.query}" if given.query else ""
    infos = store.get_file_info(fs.FileSelector(inside, recursive=True))
    return (
        (f"{given.scheme}://{host}{quote(info.path)}{query}", info.path[len(inside) :].lstrip("/"))
        for info in sorted(infos, key=lambda info: info.path)
        if info.is_file
    )


def count_rows(out: str) -> int:
    """How many rows a data set holds; 0 if there is none yet."""
    from pyarrow import dataset, fs

    store, inside = _store(out) if is_uri(out) else (fs.LocalFileSystem(), out)
    if store.get_file_info(inside).type == fs.FileType.NotFound:
        return 0
    return int(dataset.dataset(inside, filesystem=store, format="parquet").count_rows())


def check_empty(out: str) -> None:
    """Makes sure that a data set is not written on top of another, which would duplicate rows.

    Raises:
        ArchiveError: ``out`` is a file, or a folder with something in it.
    """
    from pyarrow import fs

    store, inside = _store(out) if is_uri(out) else (fs.LocalFileSystem(), out)
    info = store.get_file_info(inside)
    if info.is_file:
        raise ArchiveError(f"{out} is a file; name a new folder for the data set.")
    if info.type == fs.FileType.Directory and store.get_file_info(fs.FileSelector(inside)):
        raise ArchiveError(f"{out} is not empty; name a new folder for the data set.")


def _store(uri: str) -> tuple[pyarrow.fs.FileSystem, str]:
    """The file system that a URI names, and the path in it."""
    import pyarrow as pa
    from pyarrow import fs

    try:
        found: tuple[pyarrow.fs.FileSystem, str] = fs.FileSystem.from_uri(uri)
    except (pa.ArrowInvalid, OSError) as error:
        raise ArchiveError(f"{uri} cannot be opened ({error}).") from error
    return found
