"""Tells when an update of Streamlit or streamlit-webrtc has moved what the patches rely on."""

from __future__ import annotations

import inspect
import re
from functools import cache
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import streamlit
import streamlit_webrtc
from aiortc import RTCIceServer, RTCIceTransportPolicy, RTCRtpSender
from starlette.formparsers import MultiPartParser
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.caching.ttl_cache import TTLCache
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.runtime import AsyncObjects, Runtime
from streamlit.runtime.scriptrunner import ScriptRunContext
from streamlit.runtime.state import SessionState
from streamlit.runtime.websocket_session_manager import WebsocketSessionManager
from streamlit.web.server.starlette.starlette_websocket import StarletteSessionClient
from streamlit_webrtc import component

from emotion.app.streamlit_patches import (
    TESTED,
    camera_component,
    camera_frame,
    camera_offers,
    uploads,
)
from emotion.app.streamlit_patches.camera_component import ROUND_TRIP, round_trip_ms

ROOT = Path(__file__).parents[2]
WHAT_TO_DO = "see emotion/app/streamlit_patches/__init__.py for what to do after an update"


@cache
def scripts(package: Path) -> str:
    """All JavaScript and HTML that the package sends to browsers."""
    files = [path for path in package.rglob("*") if path.suffix in (".js", ".html")]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


@pytest.mark.parametrize("package", TESTED)
def test_the_installed_version_is_the_tested_one(package: str) -> None:
    installed = metadata.version(package)
    assert installed.startswith(f"{TESTED[package]}."), (
        f"{package} {installed} is installed, the patches were tested with {TESTED[package]}: "
        f"{WHAT_TO_DO}"
    )


def test_session_cleanup_finds_streamlits_sessions() -> None:
    assert callable(WebsocketSessionManager.list_active_sessions), WHAT_TO_DO
    assert callable(AppSession.shutdown), WHAT_TO_DO
    assert isinstance(vars(AppSession)["session_state"], property), WHAT_TO_DO
    assert "clear" in vars(SessionState), WHAT_TO_DO
    for state in ("_new_session_state", "_old_state"):
        assert hasattr(SessionState(), state), WHAT_TO_DO
    assert callable(Runtime._get_async_objs), WHAT_TO_DO
    assert "eventloop" in inspect.get_annotations(AsyncObjects), WHAT_TO_DO
    assert "self._session_mgr = " in inspect.getsource(Runtime), WHAT_TO_DO
    assert "self._session_storage = " in inspect.getsource(WebsocketSessionManager), WHAT_TO_DO
    assert isinstance(MemorySessionStorage()._cache, TTLCache), WHAT_TO_DO
    assert callable(TTLCache.expire), WHAT_TO_DO


def test_uploads_are_found_where_streamlit_keeps_them() -> None:
    annotations = inspect.get_annotations(ScriptRunContext)
    assert {"session_id", "uploaded_file_mgr"} <= set(annotations), WHAT_TO_DO
    assert callable(MemoryUploadedFileManager.remove_file), WHAT_TO_DO


def test_starlette_still_has_the_limit_that_sends_uploads_to_disk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = inspect.getsource(MultiPartParser)
    assert "max_size=self.spool_max_size" in source, WHAT_TO_DO
    monkeypatch.setattr(MultiPartParser, "spool_max_size", 1)
    uploads.keep_uploads_in_memory()
    assert MultiPartParser.spool_max_size == 1 << 30


def test_streamlit_webrtc_still_resets_by_its_run_counter() -> None:
    """When this fails, the library may start reliably by itself: see ``camera_component``."""
    source = inspect.getsource(component._get_or_create_context)
    assert "context._last_rendered_run_count is not None" in source, WHAT_TO_DO
    assert list(inspect.signature(component._reset_context).parameters) == ["context"], WHAT_TO_DO
    assert callable(component.generate_frontend_component_key), WHAT_TO_DO
    assert callable(component.WebRtcStreamerContext._get_worker), WHAT_TO_DO


@pytest.mark.parametrize(("is_drawn", "resets"), [(True, 0), (False, 1)])
def test_a_stream_is_reset_only_after_a_visit_to_another_page(
    is_drawn: bool, resets: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = SimpleNamespace(_last_rendered_run_count=3)
    state: dict[str, Any] = {"camera": context}
    if is_drawn:
        state[component.generate_frontend_component_key("camera")] = {}
    was_reset: list[Any] = []
    monkeypatch.setattr(camera_component, "st", SimpleNamespace(session_state=state))
    monkeypatch.setattr(component, "_reset_context", was_reset.append)
    camera_component.keep_starting_stream("camera")
    assert context._last_rendered_run_count is None
    assert was_reset == [context] * resets


def test_the_cameras_iframe_is_what_the_scripts_expect() -> None:
    folder = Path(camera_frame.__file__).parent
    bundle = scripts(Path(streamlit_webrtc.__file__).parent / "frontend")
    for name in ("MuiButton", "MuiPaper", "MuiBox", "MuiAlert", "getUserMedia"):
        assert name in bundle, f"{name}: {WHAT_TO_DO}"
    assert "webrtc_streamer" in inspect.getsource(component), WHAT_TO_DO
    for name in ("camera_notice.js", "camera_resolution.js"):
        text = (folder / name).read_text(encoding="utf-8")
        assert f"streamlit-webrtc {TESTED['streamlit-webrtc']}" in text, f"{name}: {WHAT_TO_DO}"


def test_the_style_sheet_names_elements_that_streamlit_has() -> None:
    style = (ROOT / "emotion" / "app" / "styles" / "page.css").read_text(encoding="utf-8")
    bundle = scripts(Path(streamlit.__file__).parent / "static")
    names = set(re.findall(r'data-testid="(\w+)"', style))
    assert len(names) >= 4
    for name in names:
        assert name in bundle, f"{name} in page.css: {WHAT_TO_DO}"


def stream(connection: object) -> Any:
    """What ``round_trip_ms`` sees of a visitor's stream."""
    worker = None if connection is None else SimpleNamespace(pc=connection)
    return SimpleNamespace(_get_worker=lambda: worker)


@pytest.mark.parametrize(("seconds", "milliseconds"), [(0.012, 12.0), (None, None), (-0.001, 0.0)])
def test_the_round_trip_is_the_senders(seconds: float | None, milliseconds: float | None) -> None:
    sender = RTCRtpSender("video", SimpleNamespace(state="new"))  # type: ignore[arg-type]
    # Fails when aiortc keeps it elsewhere.
    assert getattr(sender, ROUND_TRIP) is None
    setattr(sender, ROUND_TRIP, seconds)
    assert round_trip_ms(stream(SimpleNamespace(getSenders=lambda: [sender]))) == milliseconds


def test_without_a_connection_there_is_no_round_trip() -> None:
    assert round_trip_ms(stream(None)) is None


def test_the_session_of_a_websocket_can_be_found() -> None:
    source = inspect.getsource(StarletteSessionClient)
    assert "self._websocket = websocket" in source, WHAT_TO_DO
    assert callable(WebsocketSessionManager.get_active_session_info), WHAT_TO_DO
    assert callable(MediaFileManager.remove_orphaned_files), WHAT_TO_DO
    assert isinstance(Runtime.media_file_mgr, property), WHAT_TO_DO


def test_the_server_keeps_to_the_relay_where_it_is_told_to() -> None:
    camera_offers.install_relay_policy()
    turn: dict[str, Any] = {"urls": ["turn:t.example.org"], "username": "u", "credential": "c"}
    for given, policy in (({}, "ALL"), ({"iceTransportPolicy": "relay"}, "RELAY")):
        made = component._resolve_server_rtc_configuration({"iceServers": [turn], **given})
        assert made.iceTransportPolicy is RTCIceTransportPolicy[policy], WHAT_TO_DO
        assert made.iceServers == [RTCIceServer(**turn)], WHAT_TO_DO


def test_the_camera_gathers_when_it_sets_its_description() -> None:
    text = scripts(Path(streamlit_webrtc.__file__).parent)
    assert "new RTCPeerConnection(" in text, WHAT_TO_DO
    assert ".setLocalDescription(" in text, WHAT_TO_DO
    assert "iceCandidatePoolSize" not in text, WHAT_TO_DO
