"""What all pages share: header, footer, the analyzer, and errors turned into messages."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path

import streamlit as st
from markupsafe import Markup

import emotion
from emotion.app.captions import escape_markdown
from emotion.app.kept_uploads import forget, put_aside_uploads
from emotion.app.session_state import session_items
from emotion.app.streamlit_patches.page_semantics import page_semantics
from emotion.app.streamlit_patches.session_cleanup import start_session_cleanup, stop_work
from emotion.app.templating import render, style

ICON = str(Path(__file__).parent / "icon.png")

_CURRENT_PAGE = "current-page"
"""Key of the session's state: the title of the page that is shown."""

_KEPT_PAGES = ("photo", "video")
"""Pages whose files and results stay until the visitor removes them."""


def page_frame(pages: Sequence[st.Page], current: st.Page) -> None:
    """Draws the style and the navigation; ends the work of the page that was left.

    Args:
        pages: All pages, in the order of their links.
        current: The page that is about to run.
    """
    start_session_cleanup()
    st.html(f"<style>{style('bars.css')}{style('page.css')}</style>")
    with st.container(key="site-header", horizontal=True, vertical_alignment="center", gap="small"):
        st.html(render("brand.html", icon=_data_url(ICON)), width="content")
        for page in pages:
            st.page_link(page, label=page.title)
    page_semantics(current.title)
    _leave_other_pages(current.title)


def footer() -> None:
    """Draws the line under every page."""
    st.html(render("footer.html"))


def headline(title: str, text: str = "") -> None:
    """Draws the page's title, and a sentence under it if there is one."""
    st.html(headline_html(title, text))


def headline_html(title: str, text: str = "") -> Markup:
    """What ``headline`` draws, for an element that is there already."""
    return render("headline.html", title=title, text=text)


def skeleton_html() -> Markup:
    """The outline of a page that is being loaded."""
    return render("skeleton.html")


def subheading(title: str) -> None:
    """Draws a heading below ``st.header``."""
    st.html(render("subheading.html", title=title))


def small_text(text: str) -> None:
    """Draws a paragraph in small print; the text is escaped."""
    st.html(render("small_text.html", text=text))


def hint(title: str, text: str) -> None:
    """Draws a quiet notice in place of a result that is not there yet; the text is escaped."""
    st.html(render("hint.html", title=title, text=text))


def clear_button(place: str, *, but: tuple[str, ...] = ()) -> None:
    """Draws the button that deletes a place's files and results; ``but`` names keys that stay."""
    st.button(
        "Clear",
        key=f"clear-{place}",
        help="Deletes these files and their results from this server's memory immediately.",
        on_click=forget,
        args=(place,),
        kwargs={"but": but},
    )


@st.cache_resource(show_spinner="Loading the model …")
def load() -> emotion.Analyzer:
    """The default model's analyzer, loaded once for all visitors.

    Raises:
        ModelError: If there is no usable model.
    """
    return emotion.load_analyzer()


def analyzer_or_stop() -> emotion.Analyzer:
    """The analyzer; without a model, draws the error and ends the run of the page."""
    try:
        return load()
    except emotion.EmotionError as error:
        show_error(error)
        st.stop()


def show_error(error: emotion.EmotionError, file_name: str = "") -> None:
    """Draws the error's message, after the visitor's file name if there is one."""
    text = escape_markdown(str(error), 400)
    st.error(f"**{escape_markdown(file_name)}**: {text}" if file_name else text)


def _data_url(path: str) -> str:
    return f"data:image/png;base64,{base64.b64encode(Path(path).read_bytes()).decode()}"


def _leave_other_pages(title: str) -> None:
    """Ends the work of the other pages; those that keep nothing lose their state.

    Pages prefix their keys in the session's state with "photo:", "video:" and so on.
    """
    is_new = st.session_state.get(_CURRENT_PAGE, title) != title
    if is_new:
        put_aside_uploads()
    st.session_state[_CURRENT_PAGE] = title
    for key, value in session_items():
        owner, colon, name = key.partition(":")
        if not colon or owner == title.lower() or owner not in (*_KEPT_PAGES, "webcam"):
            continue
        stop_work(value)
        # The webcam's snapshot has explanations too.
        is_passing = name == "work" or (is_new and name.startswith("explanation:"))
        if owner not in _KEPT_PAGES or is_passing:
            st.session_state.pop(key, None)
