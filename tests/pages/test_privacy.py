"""What the pages promise about privacy is kept."""

from collections.abc import AsyncGenerator
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.datastructures import Headers
from starlette.formparsers import MultiPartParser
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec
from streamlit.testing.v1 import AppTest

from emotion.app.kept_uploads import Uploads
from emotion.app.streamlit_patches import uploads as uploads_patch
from emotion.app.streamlit_patches.uploads import keep_uploads_in_memory
from tests.coroutines import run_coroutine


def test_leaving_a_page_ends_its_work_and_keeps_its_files_until_they_are_cleared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    storage = MemoryUploadedFileManager("/upload")
    visitor = SimpleNamespace(session_id="me", uploaded_file_mgr=storage)
    monkeypatch.setattr(uploads_patch, "get_script_run_ctx", lambda: visitor)

    def script() -> None:
        import streamlit as st

        from emotion.app import kept_uploads, layout

        layout._leave_other_pages(st.session_state["to"])
        if st.session_state["to"] == "Clear":
            kept_uploads.forget("video")

    class Work:
        stopped: list[str] = []  # noqa: RUF012 - one of it

        def stop(self) -> None:
            self.stopped.append("now")

    clip = SimpleNamespace(file_id="1", name="a.mp4")
    storage.add_file("me", UploadedFileRec("1", "a.mp4", "video/mp4", b"clip"))
    page = AppTest.from_function(script)
    page.session_state["to"], page.session_state["video:job"] = "Video", Work()
    page.session_state["video:uploads"] = Uploads(current=[clip])
    page.session_state["webcam:history"] = "seen"
    page.run()
    assert not Work.stopped
    assert "webcam:history" not in page.session_state
    page.session_state["to"] = "Photo"
    page.run()
    assert not page.exception
    assert Work.stopped == ["now"]
    assert "video:job" in page.session_state
    assert page.session_state["video:uploads"] == Uploads(earlier=[clip], generation=1)
    assert storage.get_files("me", ["1"])
    page.session_state["to"] = "Clear"
    page.run()
    assert not storage.get_files("me", ["1"])
    assert "video:job" not in page.session_state
    assert page.session_state["video:uploads"] == Uploads(generation=3)  # left once more, cleared


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

    upload = run_coroutine(parsed())["f"]
    assert upload.size == 3_000_000
    assert not upload.file._rolled, "the upload was written to a temporary file"
