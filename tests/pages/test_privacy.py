"""What the pages say of privacy is what happens."""

import asyncio
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from starlette.datastructures import Headers
from starlette.formparsers import MultiPartParser

from emotion.app import shared


def test_a_large_upload_never_touches_the_disk() -> None:
    assert shared.ICON  # importing the page's frame is what sets it
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
