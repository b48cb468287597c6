"""The Photo page: pictures from files, the camera or the samples, with a card for each face.

Results are kept per visitor, keyed by the hash of the file's bytes, and only while they are shown:
a rerun analyses nothing twice and no picture outlives its display.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial
from typing import Any

import streamlit as st

import emotion
from emotion.app import layout
from emotion.app.analyzed_photo import AnalyzedPhoto
from emotion.app.captions import (
    SECURE_PAGES_ONLY,
    counted,
    expression_caption,
    queue_caption,
)
from emotion.app.streamlit_patches.camera_input import insecure_camera_notice
from emotion.app.streamlit_patches.run_control import stopped_with_visit
from emotion.app.streamlit_patches.uploads import remove_uploads
from emotion.app.widgets.photo_view import download_button, faces_csv, photo_view
from emotion.app.work import PhotoWork, annotated_zip
from emotion.errors import ImageTooLargeError
from emotion.imaging.files import FORMAT_NAMES
from emotion.samples import CREDIT, SAMPLES, Sample

MAX_PHOTOS = 40
"""Photos analysed at once; the page says how many more there are."""

_LEAD = "Each face in your photo gets a box and the probabilities of seven apparent expressions."
_MAX_UPLOAD_MB = 50
_INSECURE = f"{SECURE_PAGES_ONLY} Open this page at such an address, or upload a photo."
_RESULTS, _WORK = "photo:results", "photo:work"
_SOURCE, _SAMPLE = "photo:source", "photo:sample"
_UPLOAD, _CAMERA, _SAMPLES = "Upload", "Camera", "Samples"

NamedFile = tuple[str, bytes]
"""A picture's file name and bytes."""

Outcome = AnalyzedPhoto | emotion.EmotionError
"""Result of a photo."""


def page() -> None:
    """Draws the page."""
    head = st.container()
    layout.analyzer_or_stop()
    files, offered = _chosen_files()
    with head:
        layout.headline("What expression does a face show?", "" if files else _LEAD)
    photos = _analyze_all(files)
    for number, (name, photo) in enumerate(photos, start=1):
        photo_view(name, photo, number, is_only=len(files) == 1)
    if len(files) > 1:
        _summary(photos)
    if offered > len(files):
        st.info(
            f"The first {len(files)} of {offered} photos are shown; upload the rest separately."
        )
    if files and st.session_state[_SOURCE] == _SAMPLES:
        layout.small_text(CREDIT)
    layout.footer()


def _chosen_files() -> tuple[list[NamedFile], int]:
    """The pictures to show now, and how many the visitor chose."""
    source = st.segmented_control(
        "Source of the picture",
        [_UPLOAD, _CAMERA, _SAMPLES],
        default=None if _SOURCE in st.session_state else _UPLOAD,
        required=True,
        key=_SOURCE,
        label_visibility="collapsed",
        on_change=remove_uploads,
    )
    if source == _CAMERA:
        insecure_camera_notice(_INSECURE, "photo-insecure-camera")
        snapshot = st.camera_input("Take a picture of your face", key="photo:camera", width=560)
        return ([("snapshot.jpg", snapshot.getvalue())], 1) if snapshot else ([], 0)
    if source == _SAMPLES:
        chosen = [s for s in SAMPLES if s.file == st.session_state.get(_SAMPLE)]
        _sample_buttons(with_pictures=not chosen)
        return [(sample.file, sample.read()) for sample in chosen], len(chosen)
    files = st.file_uploader(
        f"Photos ({FORMAT_NAMES}), one or many",
        # "image" has phones offer their photos and camera (an iPhone converts HEIC to JPEG), and
        # Streamlit leave the check to the browser; the endings are for systems that do not know
        # HEIC and AVIF as pictures.
        type=["image", ".heic", ".heif", ".hif", ".avif"],
        accept_multiple_files=True,
        max_upload_size=_MAX_UPLOAD_MB,
    )
    if not files:
        layout.small_text("No photo at hand? Try a sample:")
        _sample_buttons(with_pictures=True)
    return [(file.name, file.getvalue()) for file in files[:MAX_PHOTOS]], len(files)


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
    remove_uploads()
    st.session_state[_SOURCE] = _SAMPLES
    st.session_state[_SAMPLE] = sample.file


def _analyze_all(files: Sequence[NamedFile]) -> list[tuple[str, Outcome]]:
    """Name and outcome of each file; forgets the results that are no longer shown."""
    # ``shown`` replaces ``known`` at the end: an earlier run that is still ending may write there.
    known: dict[str, Outcome] = st.session_state.setdefault(_RESULTS, {})
    shown: dict[str, Outcome] = {}
    digests = [hashlib.sha256(data).hexdigest() for _, data in files]
    progress = st.empty()
    for number, ((_, data), digest) in enumerate(zip(files, digests, strict=True), start=1):
        text = f"Analysing photo {number} of {len(files)} …"
        # Stored at once: where Streamlit ends this run for a newer one, finished photos stay.
        shown[digest] = known[digest] = known.get(digest) or _analyze(data, digest, progress, text)
    progress.empty()
    _stop_work()
    st.session_state[_RESULTS] = shown
    return [(name, shown[digest]) for (name, _), digest in zip(files, digests, strict=True)]


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


def _summary(photos: Sequence[tuple[str, Outcome]]) -> None:
    """All faces of all photos in one table, with the downloads for all."""
    analyzed = [(name, photo) for name, photo in photos if isinstance(photo, AnalyzedPhoto)]
    rows = [
        {
            "Photo": name,
            "Face": str(number),
            "Apparent expression": expression_caption(face.probabilities),
        }
        for name, photo in analyzed
        for number, face in enumerate(photo.faces, start=1)
    ]
    st.header(
        f"Summary: {counted(len(rows), 'face')} in {counted(len(analyzed), 'photo')}",
        anchor=False,
        divider="gray",
    )
    if not rows:
        return
    st.dataframe(rows, hide_index=True, height="auto" if len(rows) < 8 else 320)
    with st.container(horizontal=True):
        download_button(
            "Download all as one table (CSV)", partial(faces_csv, analyzed), "faces.csv", 0
        )
        download_button(
            "Download all pictures (ZIP)", partial(annotated_zip, analyzed), "faces.zip", 0
        )
