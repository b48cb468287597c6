"""oneDNN's AVX-512 kernels are left out where they crash."""

import os

import pytest

from emotion import training


@pytest.mark.parametrize(
    ("vendor", "given", "expected"),
    [
        ("AuthenticAMD", None, "AVX2"),
        ("AuthenticAMD", "ALL", "ALL"),
        ("GenuineIntel", None, None),
    ],
)
def test_the_instructions_that_onednn_may_use(
    vendor: str, given: str | None, expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "")  # so that what the call sets is undone, too
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA")
    if given is not None:
        monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", given)
    training._avoid_avx512_on_amd(f"processor\t: 0\nvendor_id\t: {vendor}\n")
    assert os.environ.get("ONEDNN_MAX_CPU_ISA") == expected
