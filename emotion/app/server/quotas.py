"""Bounds the uploads of a session and of all sessions together.

Streamlit bounds a single file (``server.maxUploadSize``), not how many are stored. The bytes are
counted as they arrive, so that neither many files nor many slow ones take more memory than allowed.
"""

from __future__ import annotations

from collections import Counter
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.responses import PlainTextResponse

from emotion.app.limits import upload_quotas_mb
from emotion.app.refusals import count_refusal
from emotion.app.streamlit_patches.uploads import stored_uploads

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_ROUTE = "/_stcore/upload_file/"
_MEGABYTE = 1 << 20
MAX_FILES = 400
"""Files of a session, those that arrive at the moment included."""


class _OverQuotaError(Exception):
    """An upload went beyond a quota; the argument is the answer."""


class UploadQuotas:
    """ASGI middleware that refuses an upload beyond a quota, at the latest when it gets there.

    Answers 413 beyond the session's quota and 503 beyond that of all. Everything runs on the event
    loop, so there is no lock.

    Args:
        app: The server.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        session_mb, all_mb = upload_quotas_mb()
        self._session_bytes, self._all_bytes = session_mb * _MEGABYTE, all_mb * _MEGABYTE
        self._arriving: Counter[str] = Counter()
        self._files: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, counting its body if it is an upload."""
        _, is_upload, rest = scope.get("path", "").partition(_ROUTE)
        if scope["type"] != "http" or scope["method"] != "PUT" or not is_upload:
            await self._app(scope, receive, send)
            return
        session, received, answered = rest.partition("/")[0], 0, False

        async def counted() -> Any:
            nonlocal received
            message = await receive()
            size = len(message.get("body", b""))
            received += size
            self._arriving[session] += size
            self._check(session)
            return message

        async def noted(message: Any) -> None:
            nonlocal answered
            answered = True
            await send(message)

        self._files[session] += 1
        try:
            self._check(session, _stated_length(scope))
            await self._app(scope, counted, noted)
        except _OverQuotaError as error:
            count_refusal("upload_quota")
            if not answered:
                await _discard(receive)
                await PlainTextResponse(status_code=error.args[0])(scope, receive, send)
        finally:
            # What was stored is counted there from now on.
            for counter, amount in ((self._arriving, received), (self._files, 1)):
                counter[session] -= amount
                if not counter[session]:
                    del counter[session]

    def _check(self, session: str, announced: int = 0) -> None:
        """Raises if what is stored, what has arrived and what was announced are too much."""
        stored = stored_uploads(session)
        if (
            stored.session_bytes + self._arriving[session] + announced > self._session_bytes
            or stored.session_files + self._files[session] > MAX_FILES
        ):
            raise _OverQuotaError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if stored.all_bytes + self._arriving.total() + announced > self._all_bytes:
            raise _OverQuotaError(HTTPStatus.SERVICE_UNAVAILABLE)


async def _discard(receive: Receive) -> None:
    """Reads the rest of the body: a browser that is still sending would not see the answer."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            return


def _stated_length(scope: Scope) -> int:
    """The request's Content-Length; 0 if it states none, or one that the server will refuse."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0
