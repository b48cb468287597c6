"""Face detection: ``load_detector().detect(image)``.

- ``base``: the ``Detector`` interface, search options and candidate faces.
- ``single_shot``: a detector trained by ``emotion train-detector``; ``anchor_points`` decodes its
  outputs, ``spec`` holds its settings.
- ``blazeface``: the default detector (see ``models/DEFAULT_DETECTOR``), a cascade of two published
  networks. ``yunet``: one from a file of your own.
- Used by all of them: ``tiling`` (full-frame detection), ``refinement`` (ROI refinement), ``nms``
  (box voting), ``decoding``. ``loading`` finds each by its name.
"""

from emotion.detection.base import Detector, SearchOptions
from emotion.detection.loading import load_detector
from emotion.detection.single_shot import SingleShotDetector

__all__ = ["Detector", "SearchOptions", "SingleShotDetector", "load_detector"]
