"""The server's log: time and level in every line, nothing of a visitor.

No line names a file or an address; what a decoder writes is discarded (``workers.process``).
"""

from __future__ import annotations

import logging

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
"""Also that of Streamlit's own lines, in ``.streamlit/config.toml``."""


def configure_logs() -> None:
    """Sets the form of all lines; does nothing where a handler is set already, as in tests."""
    logging.basicConfig(level=logging.WARNING, format=FORMAT)
    logging.getLogger("emotion").setLevel(logging.INFO)
    # Its errors quote what a browser sent, its addresses among it.
    logging.getLogger("streamlit_webrtc").setLevel(logging.CRITICAL)
