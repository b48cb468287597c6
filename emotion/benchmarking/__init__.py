"""Timing and memory of every stage on this machine, for ``emotion benchmark``.

``timing`` measures any step, ``stages`` a photo's steps, ``live_frames`` a live stream's;
``synthetic_camera`` makes the stream, ``report`` gathers all figures. Nothing here is needed to
serve.
"""
