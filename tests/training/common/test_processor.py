"""oneDNN is left out where it crashes."""

import os

import pytest

from emotion import training


@pytest.mark.parametrize(
    ("vendor", "given", "expected"),
    [
        ("AuthenticAMD", None, "0"),
        ("AuthenticAMD", "1", "1"),
        ("GenuineIntel", None, None),
    ],
)
def test_whether_onednn_is_used(
    vendor: str, given: str | None, expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "")  # so that what the call sets is undone, too
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS")
    if given is not None:
        monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", given)
    training._avoid_onednn_on_amd(f"processor\t: 0\nvendor_id\t: {vendor}\n")
    assert os.environ.get("TF_ENABLE_ONEDNN_OPTS") == expected
