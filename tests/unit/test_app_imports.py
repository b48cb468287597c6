"""Imports inside the app point one way, and its work and files know nothing of Streamlit."""

from pathlib import Path

import pytest

from tests.unit.test_imports import imports

APP = Path(__file__).parents[2] / "emotion" / "app"

WITHOUT_STREAMLIT = {
    "analyzed_photo", "captions", "clip_preview", "evaluation_report", "logs", "malloc",
    "refusals", "table_formats", "templating",
    "video_job", "video_report", "widgets.bars", "widgets.evaluation_tables", "widgets.face_cards",
    "widgets.person_cards", "widgets.photo_picture", "widgets.sparkline",
    "widgets.stacked_area_chart", "widgets.stream_stats", "widgets.thumbnail", "widgets.timeline",
    "work", "workers", "workers.__main__", "workers.channel", "workers.limits", "workers.pool",
    "workers.pool_task", "workers.process", "workers.tasks",
}  # fmt: skip
PUBLIC_ONLY = ("streamlit", "streamlit_webrtc", "starlette")


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(APP).with_suffix("").parts).removesuffix(".__init__")


FILES = sorted(APP.rglob("*.py"))


def test_the_list_names_modules() -> None:
    assert {name_of(path) for path in FILES} >= WITHOUT_STREAMLIT


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_imports_in_the_app_point_one_way(path: Path) -> None:
    name = name_of(path)
    for other in imports(path):
        if not name.startswith("pages"):
            assert not other.startswith("emotion.app.pages"), other
        if name == "layout" or name.startswith("streamlit_patches"):
            assert not other.startswith("emotion.app.widgets"), other
        if name.startswith("streamlit_patches"):
            assert not other.startswith("emotion.app.layout"), other
        if name in WITHOUT_STREAMLIT:
            assert other.split(".")[0] not in PUBLIC_ONLY, other
            assert not other.startswith(("emotion.app.layout", "emotion.app.streamlit_patches"))


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_private_parts_are_used_in_one_package(path: Path) -> None:
    if name_of(path).startswith("streamlit_patches"):
        return
    public = {"streamlit", "streamlit_webrtc.WebRtcMode", "streamlit_webrtc.webrtc_streamer"}
    if name_of(path).startswith("server"):
        public |= {
            "starlette.datastructures.Headers", "starlette.datastructures.MutableHeaders",
            "starlette.middleware.Middleware", "starlette.responses.JSONResponse",
            "starlette.responses.PlainTextResponse", "starlette.types.ASGIApp",
            "starlette.types.Receive", "starlette.types.Scope", "starlette.types.Send",
        }  # fmt: skip
    for other in imports(path):
        if other.split(".")[0] in PUBLIC_ONLY:
            assert other in public, other
