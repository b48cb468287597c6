"""Checks what a browser offers before streamlit-webrtc and aiortc see it.

streamlit-webrtc passes on offers of any length and any number of candidates, and keeps a connection
that never comes about until its visitor leaves.

``install_relay_policy``: streamlit-webrtc drops ``iceTransportPolicy`` from the server's
configuration. With it, aiortc gathers relayed candidates alone, so that an answer tells no address
of the server, and sends nothing past the relay.
"""

from __future__ import annotations

import asyncio
import logging
import weakref
from typing import Any

from aiortc import RTCConfiguration, RTCIceTransportPolicy
from streamlit_webrtc import component, config
from streamlit_webrtc import webrtc as library

from emotion.app.limits import refused_candidates
from emotion.app.refusals import count_refusal
from emotion.live.offers import accepted_candidates, accepted_offer

CLOSE_AFTER_S = 30.0
"""A connection that has not come about is closed then; its place is free earlier."""

_CONNECTED = ("connected", "completed")
_log = logging.getLogger(__name__)
_installed = False


def install_offer_limits() -> None:
    """Makes all connections from now on check offers; a second call does nothing."""
    global _installed
    if _installed:
        return
    worker_class: Any = library.WebRtcWorker
    process, add = worker_class.process_offer, worker_class.set_ice_candidates_from_offerer

    def process_offer(self: Any, sdp: object, type_: object, timeout: float | None = None) -> Any:
        try:
            offer = accepted_offer(sdp, type_, refused_candidates())
        except ValueError:
            count_refusal("webcam_offer")
            self.stop(timeout=1)
            raise
        answer = process(self, offer, type_, timeout)
        asyncio.run_coroutine_threadsafe(_close_if_unconnected(weakref.ref(self)), self._loop)
        return answer

    def set_candidates(self: Any, candidates: object) -> None:
        add(self, accepted_candidates(candidates, refused_candidates()))

    worker_class.process_offer = process_offer
    worker_class.set_ice_candidates_from_offerer = set_candidates
    _installed = True


def install_relay_policy() -> None:
    """Makes the server keep to the relay where its configuration says so."""
    component.compile_rtc_configuration = _with_policy


def _with_policy(given: Any) -> RTCConfiguration:
    configuration: RTCConfiguration = config.compile_rtc_configuration(given)
    if given.get("iceTransportPolicy") == "relay":
        configuration.iceTransportPolicy = RTCIceTransportPolicy.RELAY
    return configuration


async def _close_if_unconnected(reference: weakref.ref[Any]) -> None:
    await asyncio.sleep(CLOSE_AFTER_S)
    worker = reference()
    if worker is not None and worker.pc.iceConnectionState not in (*_CONNECTED, "closed"):
        _log.info("A camera's connection did not come about and is closed.")
        await worker.pc.close()
