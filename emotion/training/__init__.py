"""Training and evaluation of the expression classifier and the face detector.

It needs the training requirements (Keras with TensorFlow); the app never imports it.
"""

import os
from pathlib import Path


def _avoid_avx512_on_amd(cpuinfo: str) -> None:
    """Keeps oneDNN from its AVX-512 kernels on AMD processors, unless the environment says more.

    On an AMD EPYC, TensorFlow 2.21 dies in them (heap corruption) while it trains separable
    convolutions. oneDNN reads the variable before its first operation.

    Args:
        cpuinfo: The text of ``/proc/cpuinfo``.
    """
    if "AuthenticAMD" in cpuinfo:
        os.environ.setdefault("ONEDNN_MAX_CPU_ISA", "AVX2")


_CPUINFO = Path("/proc/cpuinfo")
if _CPUINFO.is_file():  # Linux
    _avoid_avx512_on_amd(_CPUINFO.read_text())
