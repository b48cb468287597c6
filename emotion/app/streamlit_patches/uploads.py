"""Uploads stay in memory, and leave it when they are removed."""

from __future__ import annotations

from typing import Any, NamedTuple

from starlette.formparsers import MultiPartParser
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx


class StoredUploads(NamedTuple):
    """What the server holds of uploads.

    Args:
        session_bytes: Of one session.
        session_files: Of one session.
        all_bytes: Of all sessions.
    """

    session_bytes: int
    session_files: int
    all_bytes: int


def keep_uploads_in_memory() -> None:
    """Stops the multipart parser from writing uploads to temporary files.

    Streamlit receives uploads through Starlette, which writes everything above 1 MB to disk. The
    page promises that nothing is written there. ``server.maxUploadSize`` still bounds the size.
    """
    MultiPartParser.spool_max_size = 1 << 30


def remove_upload(file: Any) -> None:
    """Removes one of this visitor's uploads or camera pictures.

    Streamlit itself keeps them until the session ends, unless they are removed in the widget.

    Args:
        file: An ``UploadedFile``.
    """
    context = get_script_run_ctx()
    if context is not None:
        manager: Any = context.uploaded_file_mgr
        manager.remove_file(context.session_id, file.file_id)


def stored_uploads(session_id: str) -> StoredUploads:
    """What the server holds of a session's uploads, and of everybody's."""
    manager: Any = runtime.get_instance()._uploaded_file_mgr
    files = manager.file_storage.get(session_id, {}).copy().values()
    return StoredUploads(sum(len(file.data) for file in files), len(files), manager._total_bytes)
