"""The Photo page: pictures from files, the camera or the samples, with a card for each face.

Photos and results are kept per visitor until they are removed, also while another page or source is
shown. Results are keyed by the hash of the file's bytes: a rerun analyses nothing twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import streamlit as st

from emotion.app import layout
from emotion.app.analyzed_photo import AnalyzedPhoto
from emotion.app.captions import SECURE_PAGES_ONLY, queue_caption
from emotion.app.kept_uploads import put_aside_uploads, remove, uploads
from emotion.app.streamlit_patches.camera_input import insecure_camera_notice
from emotion.app.streamlit_patches.page_drop import take_pasted_and_dropped_files
from emotion.app.streamlit_patches.run_control import stopped_with_visit
from emotion.app.widgets.comparison import comparison
from emotion.app.widgets.face_explanation import forget_explanations
from emotion.app.widgets.photo_summary import photo_summary, row_label
from emotion.app.widgets.photo_view import Outcome, photo_view
from emotion.app.work import PhotoWork
from emotion.errors import ImageTooLargeError
from emotion.imaging.formats import FORMAT_NAMES
from emotion.samples import CREDIT, SAMPLES, Sample

MAX_PHOTOS = 40
"""Photos kept and analysed at a time; the page says how many more there are."""

_MAX_OPEN = 4  # of more photos, each is one row that opens
_LEAD = "Each face in your photo gets a box and the probabilities of seven apparent expressions."
_MAX_UPLOAD_MB = 50
_INSECURE = f"{SECURE_PAGES_ONLY} Open this page at such an address, or upload a photo."
_RESULTS, _WORK = "photo:results:", "photo:work"
_SOURCE, _LAST_SOURCE, _SAMPLE = "photo:source", "photo:last-source", "photo:sample"
_UPLOAD, _CAMERA, _SAMPLES = "Upload", "Camera", "Samples"


def page() -> None:
    """Draws the page."""
    head = st.empty()
    head.html(layout.headline_html("What expression does a face show?", _LEAD))
    layout.analyzer_or_stop()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        source = _source()
        clear = st.empty()
    files = _chosen_files(source)
    shown = files[:MAX_PHOTOS]
    if shown:
        head.html(layout.headline_html("What expression does a face show?"))
        with clear:
            layout.clear_button("photo", but=(_SOURCE, _LAST_SOURCE))
    if len(files) > len(shown):
        st.info(
            f"The first {len(shown)} of {len(files)} photos are shown; upload the rest separately."
        )
    if len(shown) == 1:
        ((_, outcome),) = _analyze_all(shown, source)
        photo_view(_name(shown[0]), outcome, 1)
        _comparison([(_name(shown[0]), outcome)])
    elif shown:
        _photos(shown, source)
    else:
        _stop_work()
        st.session_state.pop(f"{_RESULTS}{source}", None)
        forget_explanations()
    if shown and source == _SAMPLES:
        layout.small_text(CREDIT)
    layout.footer()


def _photos(files: Sequence[Any], source: str) -> None:
    """Several photos: the summary, and under it a row for each, drawn as soon as it is there."""
    summary, photos = st.container(), []
    for number, (file, outcome) in enumerate(_analyze_all(files, source), start=1):
        name = _name(file)
        photos.append((name, outcome))
        row = st.expander(
            row_label(name, outcome),
            expanded=len(files) <= _MAX_OPEN,
            key=f"photo:row:{file.file_id}",
            on_change="rerun",
        )
        if row.open:  # what is closed costs nothing
            with row:
                photo_view(name, outcome, number)
                st.button("Remove", key=f"photo:remove:{number}", on_click=remove, args=(file,))
    with summary:
        photo_summary(photos)
        _comparison(photos)


def _comparison(outcomes: Sequence[tuple[str, Outcome]]) -> None:
    comparison([(n, photo) for n, photo in outcomes if isinstance(photo, AnalyzedPhoto)])


def _source() -> str:
    """The source of the pictures: the visitor's choice, or the one before the page was left."""
    if _SOURCE not in st.session_state:
        last = st.session_state.get(_LAST_SOURCE, _UPLOAD)
        st.session_state[_SOURCE] = _linked_source() or last
    chosen = st.segmented_control(
        "Source of the picture",
        [_UPLOAD, _CAMERA, _SAMPLES],
        required=True,
        key=_SOURCE,
        label_visibility="collapsed",
        on_change=put_aside_uploads,
    )
    source = chosen or _UPLOAD
    st.session_state[_LAST_SOURCE] = source
    _set_link(source)
    return source


def _linked_source() -> str | None:
    """The source that the page's address names, as in "?source=camera" or "?sample=pair"."""
    for sample in SAMPLES:
        if sample.name == st.query_params.get("sample"):
            st.session_state[_SAMPLE] = sample.file
            return _SAMPLES
    sources = {source.lower(): source for source in (_UPLOAD, _CAMERA, _SAMPLES)}
    return sources.get(st.query_params.get("source", "").lower())


def _set_link(source: str) -> None:
    """Has the page's address name source and sample, so that it can be shared."""
    chosen = [s.name for s in SAMPLES if s.file == st.session_state.get(_SAMPLE)]
    link = {} if source == _UPLOAD else {"source": source.lower()}
    if source == _SAMPLES and chosen:
        link = {"sample": chosen[0]}
    if st.query_params.to_dict() != link:
        st.query_params.from_dict(link)


def _chosen_files(source: str) -> list[Any]:
    """The pictures to show now: uploads, the last snapshot, or a sample."""
    if source == _CAMERA:
        insecure_camera_notice(_INSECURE, "photo-insecure-camera")
        return uploads(
            "photo:camera",
            lambda key: st.camera_input("Take a picture of your face", key=key, width=560),
            limit=1,
        )
    if source == _SAMPLES:
        chosen = [s for s in SAMPLES if s.file == st.session_state.get(_SAMPLE)]
        _sample_buttons(with_pictures=not chosen)
        return chosen
    files = uploads(
        "photo:upload",
        lambda key: st.file_uploader(
            f"Photos ({FORMAT_NAMES}), one or many",
            # "image" has phones offer their photos and camera (an iPhone converts HEIC to JPEG),
            # and Streamlit leave the check to the browser; the endings are for systems that do not
            # know HEIC and AVIF as pictures.
            type=["image", ".heic", ".heif", ".hif", ".avif"],
            accept_multiple_files=True,
            key=key,
            max_upload_size=_MAX_UPLOAD_MB,
        ),
        limit=MAX_PHOTOS,
    )
    take_pasted_and_dropped_files("photo-drop")
    layout.small_text("You can also paste a picture, or drop files anywhere on this page.")
    if not files:
        layout.small_text("No photo at hand? Try a sample:")
        _sample_buttons(with_pictures=True)
    return files


def _sample_buttons(*, with_pictures: bool) -> None:
    """The built-in samples; without pictures once one of them is shown large."""
    with st.container(key="samples" if with_pictures else None, horizontal=True, gap="xsmall"):
        for sample in SAMPLES:
            if not with_pictures:
                st.button(sample.label, on_click=_choose_sample, args=(sample,))
                continue
            with st.container(key=f"sample-{sample.name}", gap="xsmall"):
                st.image(sample.read(), width="stretch", alt=sample.label)
                st.button(sample.label, width="stretch", on_click=_choose_sample, args=(sample,))
    if with_pictures:
        layout.small_text(CREDIT)


def _choose_sample(sample: Sample) -> None:
    put_aside_uploads()
    st.session_state[_SOURCE] = _SAMPLES
    st.session_state[_SAMPLE] = sample.file


def _name(file: Any) -> str:
    """The file's name; that of a snapshot is the browser's choice otherwise."""
    if isinstance(file, Sample):
        return file.file
    return "snapshot.jpg" if st.session_state[_LAST_SOURCE] == _CAMERA else str(file.name)


def _analyze_all(files: Sequence[Any], source: str) -> Iterator[tuple[Any, Outcome]]:
    """Each file with its outcome; forgets the results of this source's other files at the end."""
    # ``shown`` replaces ``known`` at the end: an earlier run that is still ending may write there.
    key = f"{_RESULTS}{source}"
    known: dict[str, Outcome] = st.session_state.setdefault(key, {})
    shown: dict[str, Outcome] = {}
    progress = st.empty()
    for number, file in enumerate(files, start=1):
        data = file.read() if isinstance(file, Sample) else file.getvalue()
        digest = hashlib.sha256(data).hexdigest()
        text = f"Analysing photo {number} of {len(files)} …"
        # Stored immediately: where Streamlit ends this run for a newer one, finished photos stay.
        shown[digest] = known[digest] = known.get(digest) or _analyze(data, digest, progress, text)
        yield file, shown[digest]
    progress.empty()
    _stop_work()
    st.session_state[key] = shown
    photos = [photo for photo in shown.values() if isinstance(photo, AnalyzedPhoto)]
    forget_explanations([view for photo in photos for view in photo.views])


def _analyze(data: bytes, digest: str, progress: Any, text: str) -> Outcome:
    """The outcome of a photo; continues the work on it that an earlier run began."""
    if len(data) > _MAX_UPLOAD_MB << 20:  # the browser's own check can be left out
        return ImageTooLargeError(
            f"This file is larger than {_MAX_UPLOAD_MB} MB; make the picture smaller and try again."
        )
    work: PhotoWork | None = st.session_state.get(_WORK)
    if work is None or work.digest != digest:
        _stop_work()
        work = st.session_state[_WORK] = PhotoWork(digest, data)
    with stopped_with_visit(work):
        progress.caption(text)
        while not work.step():
            progress.caption(queue_caption(work.tasks_ahead) or text)
    st.session_state.pop(_WORK, None)
    # A worker that was stopped from outside belongs to a visitor who has left.
    return work.outcome or st.stop()


def _stop_work() -> None:
    """Ends the work on a photo that was removed."""
    work: PhotoWork | None = st.session_state.pop(_WORK, None)
    if work is not None:
        work.stop()
