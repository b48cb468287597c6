"""Changes to aiortc that keep a live stream's delay low and its memory bounded.

``vp8_settings`` sets the encoder of the returned video, ``bounded_queues`` replaces unbounded
queues and installs ``jitter_buffer`` and ``nack`` on each video receiver, ``bounded_decoders``
refuses huge pictures. The modules touch private
parts of aiortc; each says with which versions it was tested, and
``tests/unit/test_aiortc_upstream.py`` fails when the patched source has changed. Audio is left
alone. Importing a module changes nothing; its ``install_*`` function does.
"""
