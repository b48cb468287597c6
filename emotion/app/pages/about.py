"""The About page: what this is, its measured accuracy, its limits, and privacy."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import streamlit as st

import emotion
from emotion.app import layout
from emotion.app.captions import escape_markdown
from emotion.app.evaluation_report import confusions, evaluations, read_report
from emotion.app.expression_evidence import TestedPart, expression_evidence
from emotion.app.widgets.evaluation_tables import (
    class_table_html,
    evaluations_table_html,
    evidence_html,
    metric_tiles_html,
    robustness_table_html,
)
from emotion.models.spec import EVAL_FILE, RUN_FILE, model_folder, read_spec

_HOW_IT_WORKS = """
A detector finds the faces in a picture. Each face is cropped and passed to a small neural network
that was trained on faces labelled by people. It returns seven probabilities: **angry, disgust,
fear, happy, sad, surprise** and **neutral**. They say how those people would probably have labelled
the face - its *apparent* expression - and add up to 100%.

Photo, webcam and video use the same detector and the same network.
"""
_LIMITS = """
- **An expression is not a feeling.** People smile when they are sad and look stern when they read.
  This page cannot know what anybody feels, thinks or intends.
- **Not for decisions about people.** It must not be used to judge anybody: not in hiring, school,
  policing, border control, insurance, medicine, or to find out whether somebody lies.
- **Some expressions are easily confused.** Fear, sadness, anger and neutral are often mistaken for
  one another, and disgust is rare in the training data; the figures on this page say how often.
- **Some pictures give poor results.** Faces turned far to the side or upside down, less than 40
  pixels wide, blurred, covered by a hand, mask or dark glasses, or in hard shadow.
- **Accuracy differs between groups.** The training pictures come from web searches; age groups,
  skin tones and cultures are not equally represented, and the labels are a few people's opinions.
"""
_TRAINING_SETS = {
    "fer2013": (
        "[FER2013](https://arxiv.org/abs/1307.0414), grey faces of 48 x 48 pixels, collected for a "
        "contest in 2013, offered for research"
    ),
    "ferplus": (
        "the crowd-sourced votes of [FER+](https://arxiv.org/abs/1608.01041) on the same pictures, "
        "under the MIT licence"
    ),
    "rafdb": (
        "[RAF-DB](https://doi.org/10.1109/CVPR.2017.277), aligned colour faces from the web, "
        "offered for non-commercial research"
    ),
    "ckplus": (
        "[CK+](https://doi.org/10.1109/CVPRW.2010.5543262), posed grey faces, half of its "
        "subjects, offered for research"
    ),
    "wild": (
        "web photos of public figures (muxspace/facial_expressions), under the Apache licence 2.0"
    ),
    "faceres": (
        "and it started from a face-recognition network (A. Savchenko, HSE_FaceRec_tf), under the "
        "MIT licence"
    ),
}
"""Name of a head, or part of a source's name in the run's record -> what was trained on."""

_HOW_OFTEN = """
Each expression, counted over {n} faces of strangers: the network was not trained on any of these
pictures. Their labels were given by people, who do not always agree either. The range after "95%"
holds the true figure for faces of this kind in 95 of 100 such counts.
"""
_WHY_BELIEVE_IT = """
Each face counts once, as answered by this page's own model; the interval says what is likely for
other faces of the same kind, and is wide where there were few. How often "it is right" also depends
on how common an expression is: where fear is rarer than in these pictures, more of the answers
"fear" are wrong. Anybody with the data sets can repeat the count: `python -m emotion evaluate`.
"""
_VALIDATION = (
    " The model was not trained on validation parts either, but it was chosen by how well it does "
    "on them, so their figures are a little too high."
)

_PRIVACY = """
- A picture, clip or camera image goes to the server that runs this page, and nowhere else.
- Photos and clips are kept in that server's memory with their results, also while you look at
  another page, until you remove them or press Clear; of more than 40 photos, the oldest go first.
  Camera images of the live stream are kept only while they are analysed.
- When you close or reload the page, uploads and results are deleted immediately, files offered for
  download within half a minute. If the connection is lost without a word from your browser, the
  server waits two minutes for it to return, then deletes everything in the same way.
- Pictures and videos that the page shows have addresses that cannot be guessed, and browsers and
  proxies are told to store no copy. Whoever has such an address can open it until it is deleted.
- Nothing is written to disk, nothing is used for training, no usage statistics are collected, and
  no font or script is loaded from another site.
- The camera is used only after you start it here and your browser has asked you.
"""


def page() -> None:
    """Draws the page."""
    layout.headline(
        "What this is, and what it is not",
        "Reads the apparent expression of faces. It is a measuring tool with known errors.",
    )
    _accuracy()
    left, right = st.columns([1, 1], gap="large")
    with left:
        _section("How it works", _HOW_IT_WORKS)
        _section("What happens to your pictures", _PRIVACY)
    with right:
        _section("Limits", _LIMITS)
        _section("Training data", _training_data())
    layout.footer()


def _training_data() -> str:
    """The data sets that the default model was trained on."""
    try:
        heads = read_spec(model_folder()).heads
    except emotion.EmotionError:
        heads = {}
    record = json.dumps(read_report(model_folder() / RUN_FILE)) if heads else ""
    lines = [
        f"- {text}" for name, text in _TRAINING_SETS.items() if name in heads or name in record
    ]
    if not lines:
        return "The network was trained on pictures that the operator of this page chose."
    sets = "\n".join(lines)
    return (
        f"The network was trained on\n{sets}\n\nThe rights to the pictures stay with their owners: "
        "use the trained network **for research and teaching** only."
    )


def _section(title: str, text: str) -> None:
    st.header(title, anchor=False)
    st.markdown(text)


def _accuracy() -> None:
    """How often each expression is right, then all figures of the evaluation one level down."""
    st.header("Can I believe it?", anchor=False)
    try:
        folder = model_folder()
        default_head = read_spec(folder).default_head
    except emotion.EmotionError as error:
        st.info(escape_markdown(str(error), 400))
        return
    report = read_report(folder / EVAL_FILE)
    tests = evaluations(report)
    if not tests:
        st.info("This model has not been evaluated yet, so there are no figures to show.")
        return
    evidence, parts = expression_evidence(report, default_head)
    if evidence:
        st.markdown(_HOW_OFTEN.format(n=f"{sum(part.n for part in parts):,}"))
        st.html(evidence_html(evidence))
        st.markdown(f"**What this was counted on.** {_counted_on(parts)} {_WHY_BELIEVE_IT}")
    with st.expander("All figures"):
        _all_figures(folder.name, report, tests, default_head)


def _counted_on(parts: Sequence[TestedPart]) -> str:
    """The data sets' parts in Markdown, and what makes their figures too high or low."""
    names = [
        f"{escape_markdown(part.name)} ({part.n:,} faces, {escape_markdown(part.split)} part"
        f"{', labelled by most of ten people' if part.by_majority else ''})"
        for part in parts
    ]
    validation = any(part.split == "validation" for part in parts)
    return f"{'; '.join(names)}.{_VALIDATION if validation else ''}"


def _all_figures(
    model: str, report: dict[str, Any], tests: dict[str, dict[str, Any]], default_head: str
) -> None:
    """Each evaluation of the report, all of them in a table, and what worse pictures cost."""
    st.markdown(
        f"Model **{escape_markdown(model)}**, {_tested_on(report)}. "
        "These pictures were held back from training. The answers above count the data sets "
        "together; here each stands alone. They differ in how hard their pictures are and in who "
        "labelled them, so an expression such as fear has another figure in each."
    )
    # Variants are only listed below. The labels that this page predicts come first.
    names = [name for name, test in tests.items() if not test.get("variant")]
    names.sort(key=lambda name: tests[name].get("head") != default_head)
    for tab, name in zip(st.tabs([escape_markdown(name) for name in names]), names, strict=True):
        with tab:
            _evaluation(tests[name])
    if len(tests) > 1:
        layout.subheading("All tests")
        st.html(evaluations_table_html(tests))
    robustness = robustness_table_html(report, default_head)
    if robustness:
        layout.subheading("Effect of image quality")
        st.html(robustness)


def _evaluation(evaluation: Any) -> None:
    """One evaluation: three metrics, recall per class, and what is confused."""
    st.html(metric_tiles_html(evaluation))
    table = class_table_html(evaluation)
    if table:
        st.html(table)
    lines = confusions(evaluation)
    if lines:
        st.markdown(f"Most often confused: {'; '.join(lines)}.")


def _tested_on(report: dict[str, Any]) -> str:
    count, split = report.get("n"), report.get("split")
    pictures = f"{count:,} pictures" if isinstance(count, int) else "pictures"
    return f"tested on {pictures}" + (f" of {escape_markdown(str(split))}" if split else "")
