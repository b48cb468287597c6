"""Before anything else: TensorFlow must not be loaded ahead of aiortc.

Importing TensorFlow first and streamlit-webrtc (aiortc, pylibsrtp) second ends the process with a
segmentation fault; the other way round works. The tests need both in one process. And
``emotion.training`` chooses what TensorFlow uses of the processor.
"""

import streamlit_webrtc  # noqa: F401  # only for its place in the order
from hypothesis import settings

import emotion.training  # noqa: F401  # the same; it imports no TensorFlow by itself

settings.register_profile("emotion", deadline=None)  # no test fails on the clock
settings.load_profile("emotion")
