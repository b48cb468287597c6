"""Confidence intervals of counted fractions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from emotion.intervals import wilson_interval


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_it_is_wilsons_interval(counts: tuple[int, int]) -> None:
    expected = binomtest(*counts).proportion_ci(method="wilson")
    assert wilson_interval(*counts) == pytest.approx((expected.low, expected.high), abs=1e-6)
