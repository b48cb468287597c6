"""What stands between the network and Streamlit's own server; set up by ``app.py``.

=============== ================================================================================
``startup``      what is done once, before the first visitor
``origins``      refuses the WebSockets of foreign pages
``media``        keeps visitors' pictures out of caches and other pages
``status``       ``/health``, and ``/metrics`` where it is switched on
``quotas``       bounds the uploads of a session and of all
``connections``  sheds idle WebSockets before the descriptors run out, ends sessions of closed pages
=============== ================================================================================
"""

from pathlib import Path

from starlette.middleware import Middleware

from emotion.app.server.connections import ConnectionLimit
from emotion.app.server.media import MediaHeaders
from emotion.app.server.origins import OriginCheck
from emotion.app.server.quotas import UploadQuotas
from emotion.app.server.startup import lifespan
from emotion.app.server.status import Status

__all__ = ["MIDDLEWARE", "SCRIPT", "lifespan"]

MIDDLEWARE = [
    Middleware(each) for each in (OriginCheck, ConnectionLimit, Status, MediaHeaders, UploadQuotas)
]
SCRIPT = Path(__file__).parents[1] / "script" / "navigation.py"
"""In a folder of its own: Streamlit takes a folder ``pages`` beside its script for pages."""
