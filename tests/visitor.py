"""A visitor without a browser: speaks Streamlit's protocol, so an attack can be told in full."""

from __future__ import annotations

import contextlib
import http.client
import json
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Mapping, Sequence
from http.cookies import SimpleCookie
from typing import Any, Self
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

UPLOAD = "/_stcore/upload_file/{session}/{file}"


class Visitor:
    """One session on a running page.

    Args:
        url: Of the page.
        origin: That the WebSocket claims to come from; the page's own by default.
        page: Path of the page, such as "video".

    Raises:
        websockets.exceptions.InvalidStatus: The server refuses the WebSocket.
    """

    def __init__(self, url: str, *, origin: str | None = None, page: str = "") -> None:
        self.url, self._page = url, page
        with urllib.request.urlopen(f"{url}/_stcore/health", timeout=30) as answer:
            cookies = SimpleCookie(answer.headers.get("Set-Cookie", ""))
        self._token = {name: morsel.value for name, morsel in cookies.items()}.get(
            "_streamlit_xsrf", ""
        )
        self._closing = contextlib.ExitStack()
        self.socket: ClientConnection = self._closing.enter_context(
            connect(
                f"{url.replace('http', 'ws', 1)}/_stcore/stream",
                origin=Origin(origin or url),
                subprotocols=[Subprotocol("streamlit"), Subprotocol(self._token or "x")],
                additional_headers={"Cookie": f"_streamlit_xsrf={self._token}"},
                max_size=None,
                open_timeout=30,
            )
        )
        self.session = ""
        self._page_hash = ""
        self.uploader: dict[str, str] = {}
        """Label of each file uploader -> its id."""
        self.camera = ""
        """Id of the camera component."""
        self.answer = ""
        """The server's answer to the offer, as JSON; empty before it came."""
        self._buttons: dict[str, str] = {}
        self._files: dict[str, list[tuple[str, str, int]]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave(1001)  # as a browser whose page is closed

    def leave(self, code: int = 1000) -> None:
        """Ends the connection.

        Args:
            code: Why; 1001 from a browser whose page is closed or reloaded.
        """
        with contextlib.suppress(Exception):
            self.socket.close(code)
        with contextlib.suppress(Exception):
            self._closing.close()

    def run(self, timeout_s: float = 60.0, **widgets: list[tuple[str, str, int]]) -> str:
        """Runs the page and returns all that it sent, as text.

        Args:
            timeout_s: For each message.
            widgets: Value of each file uploader, by its id: (file id, name, size) of each file.
        """
        self.request(**widgets)
        return "".join(self.messages(timeout_s))

    def request(self, **widgets: list[tuple[str, str, int]]) -> None:
        """Asks for a run of the page."""
        message = self._rerun()
        self._files = widgets
        self._add_files(message, widgets)
        self.socket.send(message.SerializeToString())

    def _add_files(
        self, message: BackMsg, widgets: Mapping[str, list[tuple[str, str, int]]]
    ) -> None:
        for widget, files in widgets.items():
            state = message.rerun_script.widget_states.widgets.add()
            state.id = widget
            for file_id, name, size in files:
                info = state.file_uploader_state_value.uploaded_file_info.add()
                info.file_id, info.name, info.size = file_id, name, size
                path = UPLOAD.format(session=self.session, file=file_id)
                info.file_urls.file_id = file_id
                info.file_urls.upload_url = info.file_urls.delete_url = path

    def press(self, label: str, timeout_s: float = 60.0) -> str:
        """Presses a button; returns what the page then shows."""
        message = self._rerun()
        self._add_files(message, self._files)
        state = message.rerun_script.widget_states.widgets.add()
        state.id, state.trigger_value = self._buttons[label], True
        self.socket.send(message.SerializeToString())
        return "".join(self.messages(timeout_s))

    def go(self, page: str) -> str:
        """Goes to another page; returns what it shows."""
        self._page, self._page_hash = page, ""
        return self.run()

    def _rerun(self) -> BackMsg:
        """A request for a run of the page: by its path at first, then by the server's own hash."""
        message = BackMsg()
        if self._page_hash:
            message.rerun_script.page_script_hash = self._page_hash
        else:
            message.rerun_script.page_name = self._page
        return message

    def offer(self, sdp: str, candidates: Sequence[str] = (), timeout_s: float = 60.0) -> str:
        """Offers a video to the Webcam page; returns what the page then shows.

        Args:
            sdp: The session description.
            candidates: That follow it.
            timeout_s: For each message.
        """
        value = {
            "playing": False,
            "sdpOffer": {"type": "offer", "sdp": sdp},
            "iceCandidates": {
                str(n): {"candidate": text, "sdpMid": "0", "sdpMLineIndex": 0}
                for n, text in enumerate(candidates)
            },
        }
        message = self._rerun()
        state = message.rerun_script.widget_states.widgets.add()
        state.id, state.json_value = self.camera, json.dumps(value)
        self.socket.send(message.SerializeToString())
        return "".join(self.messages(timeout_s))

    def messages(self, timeout_s: float = 60.0) -> Iterator[str]:
        """Each message of the run, as text, until the run ends."""
        while True:
            packed = self.socket.recv(timeout=timeout_s)
            message = ForwardMsg()
            message.ParseFromString(packed if isinstance(packed, bytes) else packed.encode())
            if message.WhichOneof("type") == "new_session":
                self.session = message.new_session.initialize.session_id or self.session
            if message.WhichOneof("type") == "navigation":
                self._page_hash = message.navigation.page_script_hash
            element: Any = message.delta.new_element
            if element.WhichOneof("type") == "component_instance":
                self.camera = element.component_instance.id
                arguments = json.loads(element.component_instance.json_args)
                self.answer = arguments.get("sdp_answer_json") or self.answer
            if element.WhichOneof("type") == "button":
                self._buttons[element.button.label] = element.button.id
            if element.WhichOneof("type") == "file_uploader":
                self.uploader[element.file_uploader.label] = element.file_uploader.id
            yield str(message)
            if message.WhichOneof("type") == "script_finished":
                return

    def upload(self, data: bytes, *, timeout_s: float = 60.0) -> tuple[int, str]:
        """Stores a file; returns the HTTP status and the file's id."""
        file_id = str(uuid.uuid4())
        body = (
            b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n'
            b"Content-Type: application/octet-stream\r\n\r\n" + data + b"\r\n--x--\r\n"
        )
        request = urllib.request.Request(
            self.url + UPLOAD.format(session=self.session, file=file_id),
            data=body,
            method="PUT",
            headers={
                "Content-Type": "multipart/form-data; boundary=x",
                "X-Xsrftoken": self._token,
                "Cookie": f"_streamlit_xsrf={self._token}",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=timeout_s) as answer:
                return answer.status, file_id
        except urllib.error.HTTPError as error:
            return error.code, file_id
        except (http.client.HTTPException, OSError):
            return 0, file_id  # the server closed the connection before it had read the body

    def remove(self, file_id: str) -> int:
        """Deletes a stored file, as the cross beside its name does; returns the HTTP status."""
        request = urllib.request.Request(
            self.url + UPLOAD.format(session=self.session, file=file_id),
            method="DELETE",
            headers={"X-Xsrftoken": self._token, "Cookie": f"_streamlit_xsrf={self._token}"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return int(answer.status)

    def show(self, data: bytes, name: str, timeout_s: float = 60.0) -> str:
        """Uploads a file into the page's only uploader, and returns what the page then shows."""
        if not self.uploader:
            self.run()
        status, file_id = self.upload(data)
        assert status == 204, status
        (widget,) = self.uploader.values()
        return self.run(timeout_s, **{widget: [(file_id, name, len(data))]})


def address(url: str) -> tuple[str, int]:
    """Host and port of a page."""
    parts = urlsplit(url)
    return str(parts.hostname), int(parts.port or 80)
