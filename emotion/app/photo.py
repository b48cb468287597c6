"""The Photo place: a picture from a file, the camera or the samples; its faces as cards.

Results are kept per visitor under the bytes' hash and only while they are shown, so that a rerun
(a download, another file) analyses nothing twice and no picture outlives its place on the page.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

import emotion
from emotion.app import shared
from emotion.app.cards import cards_html
from emotion.app.photo_result import Photo, annotated_jpeg, annotated_zip, read_photo, safe_stem
from emotion.app.sessions import forget_uploads
from emotion.app.words import counted, faces_summary, looks, plain
from emotion.results.rows import face_rows, to_csv
from emotion.samples import CREDIT, SAMPLES, Sample

_LEAD = "Each face in your photo gets a box and the probabilities of seven apparent expressions."
MAX_PHOTOS = 40
"""Photos that are analysed at once; more are named, not silently dropped."""

_MAX_UPLOAD_MB = 50
_RESULTS = "photo:results"
_SOURCE, _SAMPLE = "photo:source", "photo:sample"
_UPLOAD, _CAMERA, _SAMPLES = "Upload", "Camera", "Samples"
_BESIDE = 4  # so many cards fit beside the picture; more go under it
_NO_FACE = (
    "**No face was found.** Try a picture in which a face looks towards the camera, is at least "
    "40 pixels wide, well lit, and not turned on its side."
)

Given = tuple[str, bytes]
"""A picture's name and bytes."""


def page() -> None:
    """Draws the place."""
    head = st.container()
    analyzer = shared.analyzer_or_stop()
    given, all_given = _given()
    with head:
        shared.headline("What expression does a face show?", "" if given else _LEAD)
    photos = _analyzed(given, analyzer)
    for number, (name, photo) in enumerate(photos, start=1):
        show_photo(name, photo, number, is_only=len(given) == 1)
    if len(given) > 1:
        _overview(photos)
    if all_given > len(given):
        st.info(f"The first {len(given)} of {all_given} photos are shown; add the rest afterwards.")
    if given and st.session_state[_SOURCE] == _SAMPLES:
        st.html(f'<p class="small">{CREDIT}</p>')
    shared.footer()


def _given() -> tuple[list[Given], int]:
    """The pictures to show now, and how many were offered."""
    source = st.segmented_control(
        "Where the picture comes from",
        [_UPLOAD, _CAMERA, _SAMPLES],
        default=None if _SOURCE in st.session_state else _UPLOAD,
        required=True,
        key=_SOURCE,
        label_visibility="collapsed",
        on_change=forget_uploads,
    )
    if source == _CAMERA:
        snapshot = st.camera_input("Take a picture of your face", key="photo:camera", width=560)
        return ([("snapshot.jpg", snapshot.getvalue())], 1) if snapshot else ([], 0)
    if source == _SAMPLES:
        chosen = [s for s in SAMPLES if s.file == st.session_state.get(_SAMPLE)]
        _sample_buttons(with_pictures=not chosen)
        return [(sample.file, sample.read()) for sample in chosen], len(chosen)
    # No list of types: Streamlit would answer another name with an exception, we with a sentence.
    files = st.file_uploader(
        "Photos (JPEG, PNG, WebP, BMP, GIF or TIFF), one or many",
        accept_multiple_files=True,
        max_upload_size=_MAX_UPLOAD_MB,
    )
    if not files:
        st.html('<p class="small">No photo at hand? One click on a sample shows a result:</p>')
        _sample_buttons(with_pictures=True)
    return [(file.name, file.getvalue()) for file in files[:MAX_PHOTOS]], len(files)


def _sample_buttons(*, with_pictures: bool) -> None:
    """The built-in samples; without their pictures once one of them is shown large."""
    with st.container(key="samples" if with_pictures else None, horizontal=True, gap="xsmall"):
        for sample in SAMPLES:
            if not with_pictures:
                st.button(sample.label, on_click=_choose, args=(sample,))
                continue
            with st.container(key=f"sample-{sample.name}", gap="xsmall"):
                st.image(sample.read(), width="stretch", alt=sample.label)
                st.button(sample.label, width="stretch", on_click=_choose, args=(sample,))
    if with_pictures:
        st.html(f'<p class="small">{CREDIT}</p>')


def _choose(sample: Sample) -> None:
    forget_uploads()
    st.session_state[_SOURCE] = _SAMPLES
    st.session_state[_SAMPLE] = sample.file


def _analyzed(
    given: Sequence[Given], analyzer: emotion.Analyzer
) -> list[tuple[str, Photo | emotion.EmotionError]]:
    """The photo, or the error, of each given picture; what is no longer shown is forgotten."""
    # Another run may be ending still: what is shown here is this run's own.
    known: dict[str, Photo | emotion.EmotionError] = st.session_state.setdefault(_RESULTS, {})
    shown: dict[str, Photo | emotion.EmotionError] = {}
    digests = [hashlib.sha256(data).hexdigest() for _, data in given]
    progress = st.empty()
    for number, ((_, data), digest) in enumerate(zip(given, digests, strict=True), start=1):
        if digest not in known:
            # Where Streamlit ends this run for a newer one, what is done stays.
            progress.caption(f"Looking at photo {number} of {len(given)} …")
        shown[digest] = known[digest] = known.get(digest) or _read(data, analyzer)
    progress.empty()
    st.session_state[_RESULTS] = shown
    return [(name, shown[digest]) for (name, _), digest in zip(given, digests, strict=True)]


def _read(data: bytes, analyzer: emotion.Analyzer) -> Photo | emotion.EmotionError:
    try:
        return read_photo(data, analyzer)
    except emotion.EmotionError as error:
        return error


def show_photo(
    name: str, photo: Photo | emotion.EmotionError, number: int, *, is_only: bool
) -> None:
    """One picture with its cards and downloads, or the sentence that says why not."""
    if not is_only:
        st.subheader(plain(name), anchor=False, divider="gray")
    if isinstance(photo, emotion.EmotionError):
        shared.show_error(photo, name)
        return
    beside = len(photo.faces) <= _BESIDE
    left, right = st.columns([3, 2], gap="medium") if beside else (st.container(), st.container())
    with left, st.container(key=f"picture-{number}", gap="xsmall"):
        st.image(photo.preview, width="stretch", alt=faces_summary(photo.faces))
        st.html(
            f'<p class="small">{counted(len(photo.faces), "face")} · '
            f"{photo.width} × {photo.height} pixels</p>"
        )
    with right:
        if not photo.faces:
            st.info(_NO_FACE)
            return
        st.html(cards_html(photo.faces, photo.thumbnails))
        with st.container(horizontal=True):
            stem = safe_stem(name)
            _download(
                "Download picture", partial(annotated_jpeg, photo), f"{stem}-faces.jpg", number
            )
            _download(
                "Download table (CSV)", partial(_csv, [(name, photo)]), f"{stem}-faces.csv", number
            )


def _overview(photos: Sequence[tuple[str, Photo | emotion.EmotionError]]) -> None:
    """All faces of all photos in one table, with the downloads for all."""
    read = [(name, photo) for name, photo in photos if isinstance(photo, Photo)]
    rows = [
        {"Photo": name, "Face": str(number), "Apparent expression": looks(face.probabilities)}
        for name, photo in read
        for number, face in enumerate(photo.faces, start=1)
    ]
    st.subheader(
        f"All together: {counted(len(rows), 'face')} in {counted(len(read), 'photo')}",
        anchor=False,
        divider="gray",
    )
    if not rows:
        return
    st.dataframe(rows, hide_index=True, height="auto" if len(rows) < 8 else 320)
    with st.container(horizontal=True):
        _download("Download all as one table (CSV)", partial(_csv, read), "faces.csv", 0)
        _download("Download all pictures (ZIP)", partial(annotated_zip, read), "faces.zip", 0)


def _csv(photos: Sequence[tuple[str, Photo]]) -> str:
    return to_csv(row for name, photo in photos for row in face_rows(name, photo.faces))


def _download(label: str, make: Callable[[], str | bytes], file_name: str, number: int) -> None:
    # Made on the click, and without a rerun: most results are looked at, not downloaded.
    st.download_button(
        label, make, file_name=file_name, on_click="ignore", key=f"photo:get:{label}:{number}"
    )
