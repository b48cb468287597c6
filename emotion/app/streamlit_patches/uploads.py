"""Uploads stay in memory, and leave it with the page that asked for them."""

from __future__ import annotations

from starlette.formparsers import MultiPartParser
from streamlit.runtime.scriptrunner import get_script_run_ctx


def keep_uploads_in_memory() -> None:
    """Stops the multipart parser from writing uploads to temporary files.

    Streamlit receives uploads through Starlette, which writes everything above 1 MB to disk. The
    page promises that nothing is written there. ``server.maxUploadSize`` still bounds the size.
    """
    MultiPartParser.spool_max_size = 1 << 30


def remove_uploads() -> None:
    """Removes this visitor's uploads and camera pictures.

    Streamlit itself keeps them until the session ends, even when their page was left.
    """
    context = get_script_run_ctx()
    if context is not None:
        context.uploaded_file_mgr.remove_session_files(context.session_id)
