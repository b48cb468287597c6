"""Training and evaluation of the expression classifier and the face detector.

It needs the training requirements (Keras with TensorFlow); the app never imports it.
"""

import os
from pathlib import Path


def _avoid_onednn_on_amd(cpuinfo: str) -> None:
    """Keeps TensorFlow from oneDNN on AMD processors, unless the environment says otherwise.

    On an AMD EPYC, TensorFlow 2.21 dies in oneDNN's AVX-512 kernels (heap corruption) while it
    trains separable convolutions, and without AVX-512 oneDNN has no bfloat16. TensorFlow reads the
    variable when it is imported.

    Args:
        cpuinfo: The text of ``/proc/cpuinfo``.
    """
    if "AuthenticAMD" in cpuinfo:
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")


_CPUINFO = Path("/proc/cpuinfo")
if _CPUINFO.is_file():  # Linux
    _avoid_onednn_on_amd(_CPUINFO.read_text())
