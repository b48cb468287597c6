"""The About place: what this is, how well it was measured to work, its limits, and privacy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import streamlit as st

import emotion
from emotion.app import shared
from emotion.app.figures import (
    confusions,
    evaluations,
    evaluations_html,
    head_html,
    headline_figures,
    robustness_html,
)
from emotion.app.words import plain
from emotion.models.spec import EVAL_FILE, model_folder, read_spec

_WHAT = """
A detector finds the faces in a picture. Each is cut out and given to a small neural network that
was trained on faces labelled by people. It answers with seven probabilities: **angry, disgust,
fear, happy, sad, surprise** and **neutral**. They say how the face would probably have been
labelled by those people - its *apparent* expression - and add up to 100&nbsp;%.

Photo, webcam and video use the same detector and the same network.
"""
_LIMITS = """
- **An expression is not a feeling.** People smile when they are sad and look stern when they read.
  This page cannot know what anybody feels, thinks or intends.
- **Not for decisions about people.** It must not be used to judge anybody: not in hiring, school,
  policing, border control, insurance, medicine, or to find out whether somebody lies.
- **Some expressions are told apart badly.** Fear, sadness, anger and neutral are often taken for
  one another, and disgust is rare in the training data; the figures on this page say how often.
- **Some pictures work badly.** Faces turned far to the side or upside down, under 40 pixels wide,
  blurred, covered by a hand, mask or dark glasses, and faces in hard shadow.
- **Some people are seen worse.** The training pictures come from web searches; age groups, skin
  tones and cultures are not equally represented, and the labels are a few people's opinions.
"""
_SETS = {
    "fer2013": (
        "[FER2013](https://arxiv.org/abs/1307.0414), grey faces of 48 x 48 pixels, collected for a "
        "contest in 2013, offered for research"
    ),
    "ferplus": (
        "the crowd's votes of [FER+](https://arxiv.org/abs/1608.01041) on the same pictures, under "
        "the MIT licence"
    ),
    "rafdb": (
        "[RAF-DB](https://doi.org/10.1109/CVPR.2017.277), aligned colour faces from the web, "
        "offered for research and not for commerce"
    ),
}
"""What each head of the model learned from."""

_PRIVACY = """
- A picture, clip or camera image goes to the server that runs this page, and nowhere else.
- It is held in that server's memory while it is shown, and forgotten when you remove it, go to
  another place of this page, or close it.
- Nothing is written to disk, nothing is used for training, no usage statistics are collected, and
  no font or script is loaded from another site.
- The camera is used only after you start it here and your browser has asked you.
"""


def page() -> None:
    """Draws the place."""
    shared.headline(
        "What this is, and what it is not",
        "Reads the apparent expression of faces. It is a measuring tool with known errors.",
    )
    left, right = st.columns([1, 1], gap="large")
    with left:
        _section("How it works", _WHAT)
        _section("What happens to your pictures", _PRIVACY)
    with right:
        _section("Limits", _LIMITS)
        _section("Training data", _training_data())
    _figures()
    shared.footer()


def _training_data() -> str:
    """The sets that the default model learned from, by its heads."""
    try:
        heads = read_spec(model_folder()).heads
    except emotion.EmotionError:
        heads = {}
    lines = [f"- {text}" for head, text in _SETS.items() if head in heads]
    return "\n".join(
        ["The network learned from", *(lines or ["- pictures that its owner chose"]), ""]
    ) + (
        "\nThe pictures' own rights stay with their owners: treat the trained network as "
        "**for research and teaching**."
    )


def _section(title: str, text: str) -> None:
    st.subheader(title, anchor=False)
    st.markdown(text)


def _figures() -> None:
    """The measured figures of the default model, as far as its evaluation tells them."""
    st.subheader("How well it works, measured", anchor=False)
    try:
        folder = model_folder()
        chosen = read_spec(folder).default_head
    except emotion.EmotionError as error:
        st.info(plain(str(error), 400))
        return
    report = read_report(folder / EVAL_FILE)
    tests = evaluations(report)
    if not tests:
        st.info("This model has not been evaluated yet, so there are no figures to show.")
        return
    st.markdown(
        f"Model **{plain(folder.name)}**, {_tested_on(report)}. "
        "These pictures were held back from training."
    )
    # In full where the tests differ in labels; the labelling that answers on this page comes first.
    full = [name for name, test in tests.items() if not test.get("variant")]
    full.sort(key=lambda name: tests[name].get("head") != chosen)
    for tab, name in zip(st.tabs([plain(name) for name in full]), full, strict=True):
        with tab:
            _head(tests[name])
    if len(tests) > 1:
        st.html(f'<h3 class="subhead">All tests</h3>{evaluations_html(tests)}')
    lost = robustness_html(report, chosen)
    if lost:
        st.html(f'<h3 class="subhead">When the picture is worse</h3>{lost}')


def _head(head: Any) -> None:
    """One test's figures: three numbers, recall by class, and what is confused."""
    st.html(headline_figures(head))
    st.html(head_html(head))
    lines = confusions(head)
    if lines:
        st.markdown(f"Most often confused: {'; '.join(lines)}.")


def read_report(path: Path) -> dict[str, Any]:
    """The evaluation's report; empty when there is none or it cannot be read."""
    try:
        report = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return report if isinstance(report, dict) else {}


def _tested_on(report: dict[str, Any]) -> str:
    count, split = report.get("n"), report.get("split")
    pictures = f"{count:,} pictures" if isinstance(count, int) else "pictures"
    return f"tested on {pictures}" + (f" of {plain(str(split))}" if split else "")
