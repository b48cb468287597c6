"""The app, run by ``streamlit run app.py``: Streamlit's server with limits of its own."""

from streamlit import App

from emotion.app.server import MIDDLEWARE, SCRIPT, lifespan

app = App(SCRIPT, lifespan=lifespan, middleware=MIDDLEWARE)
