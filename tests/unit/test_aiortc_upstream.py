"""Fails when a part of aiortc that ``emotion.live.aiortc_patches`` builds on has changed."""

from __future__ import annotations

import ast
import hashlib
import importlib
import inspect
from importlib.metadata import version

import pytest

from emotion.live.aiortc_patches import (
    bounded_decoders,
    bounded_queues,
    jitter_buffer,
    nack,
    vp8_settings,
)

TESTED = "1.16.0"
"""The version of aiortc whose sources have the digests below."""

PATCHED = {
    "aiortc.codecs.h264:H264Decoder": "7a7a122104c845aa",
    "aiortc.codecs.vpx:Vp8Decoder": "c8dfa22e1e64385e",
    "aiortc.codecs.vpx:Vp8Encoder": "51935e523876997f",
    "aiortc.codecs:get_decoder": "c688d901bdd33a2d",
    "aiortc.codecs:get_encoder": "625bca480160fd7b",
    "aiortc.contrib.media:RelayStreamTrack": "322ed4e9cf142718",
    "aiortc.jitterbuffer:JitterBuffer": "7ac35d8598136274",
    "aiortc.jitterbuffer:JitterFrame": "b53f01cfaca3b726",
    "aiortc.rtcrtpreceiver:NackGenerator": "efd9cf18356d2319",
    "aiortc.rtcrtpreceiver:RTCRtpReceiver.__init__": "6dbdf3870580045b",
    "aiortc.rtcrtpreceiver:RTCRtpReceiver._handle_rtp_packet": "fa16b7580887aea0",
    "aiortc.rtcrtpreceiver:RemoteStreamTrack": "99c9190c9569a0d1",
    "aiortc.rtcrtpreceiver:decoder_worker": "d4d16e2781aa52fa",
}
"""What is subclassed, replaced or relied on, with the first digits of its source's SHA-256."""


def source_of(name: str) -> str:
    """The source of ``module:qualified.name``, read from the file: objects may be patched."""
    module_name, _, path = name.partition(":")
    text = inspect.getsource(importlib.import_module(module_name))
    node: ast.AST = ast.parse(text)
    for part in path.split("."):
        node = next(
            each
            for each in ast.iter_child_nodes(node)
            if isinstance(each, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and each.name == part
        )
    source = ast.get_source_segment(text, node)
    assert source is not None
    return source


@pytest.mark.parametrize("name", PATCHED)
def test_the_patched_source_is_the_tested_one(name: str) -> None:
    try:
        digest = hashlib.sha256(source_of(name).encode()).hexdigest()[:16]
    except StopIteration:
        digest = "gone"
    assert digest == PATCHED[name], (
        f"{name} differs between aiortc {version('aiortc')}, which is installed, and {TESTED}, "
        "with which emotion.live.aiortc_patches was tested. Compare the two sources, adapt or "
        "remove the patch, measure with benchmarks/live_viewers.py, then note the new digest "
        f"{digest!r} and version here and in the patch modules."
    )


@pytest.mark.parametrize(
    "module", [bounded_decoders, bounded_queues, jitter_buffer, nack, vp8_settings]
)
def test_each_patch_names_the_version_it_was_tested_with(module: object) -> None:
    assert f"Tested with aiortc {TESTED}" in str(module.__doc__)
