"""What the pages promise about privacy is kept."""

import asyncio
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.datastructures import Headers
from starlette.formparsers import MultiPartParser
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec
from streamlit.testing.v1 import AppTest

from emotion.app.streamlit_patches import uploads as uploads_patch
from emotion.app.streamlit_patches.uploads import keep_uploads_in_memory


def test_uploads_are_removed_when_their_page_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    uploads = MemoryUploadedFileManager("/upload")
    visitor = SimpleNamespace(session_id="me", uploaded_file_mgr=uploads)
    monkeypatch.setattr(uploads_patch, "get_script_run_ctx", lambda: visitor)

    def script() -> None:
        import streamlit as st

        from emotion.app import layout

        layout._clear_other_pages(st.session_state["to"])

    class Work:
        stopped: list[str] = []  # noqa: RUF012 - one of it

        def stop(self) -> None:
            self.stopped.append("now")

    page, work = AppTest.from_function(script), Work()
    page.session_state["to"], page.session_state["video:job"] = "Video", work
    page.run()
    uploads.add_file("me", UploadedFileRec("1", "a.mp4", "video/mp4", b"clip"))
    page.run()
    assert uploads.get_files("me", ["1"])
    assert not work.stopped
    page.session_state["to"] = "Photo"
    page.run()
    assert not page.exception
    assert not uploads.get_files("me", ["1"])
    assert work.stopped == ["now"]
    assert "video:job" not in page.session_state


def test_a_large_upload_never_touches_the_disk() -> None:
    keep_uploads_in_memory()
    head = b'--x\r\nContent-Disposition: form-data; name="f"; filename="a.jpg"\r\n\r\n'

    async def body() -> AsyncGenerator[bytes]:
        yield head
        for _ in range(30):
            yield bytes(100_000)
        yield b"\r\n--x--\r\n"

    async def parsed() -> Any:
        headers = Headers({"content-type": "multipart/form-data; boundary=x"})
        return await MultiPartParser(headers, body()).parse()

    # In a thread: Playwright's event loop lives in this one once a browser test has run.
    with ThreadPoolExecutor(1) as pool:
        upload = pool.submit(lambda: asyncio.run(parsed())).result()["f"]
    assert upload.size == 3_000_000
    assert not upload.file._rolled, "the upload was written to a temporary file"
