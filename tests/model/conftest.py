"""What several tests with the real models need."""

import numpy as np
import pytest
import skimage.data


@pytest.fixture(scope="session")
def astronaut() -> np.ndarray:
    """Eileen Collins, smiling (NASA); RGB uint8 (512, 512, 3)."""
    return np.asarray(skimage.data.astronaut(), np.uint8)
