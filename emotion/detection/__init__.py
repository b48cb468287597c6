"""Face detection: ``load_detector().detect(image)``.

- ``base``: the ``Detector`` interface, search options and candidate faces.
- ``single_shot``: a detector trained by ``emotion train-detector``; ``anchor_points`` decodes its
  outputs, ``spec`` holds its settings.
- ``hybrid``: the default detector (see ``models/DEFAULT_DETECTOR``). It searches photos with
  ``libfacedetection`` and the cascade together, and weighs their scores by ``score_fusion``.
- ``blazeface``: a cascade of two published networks, which searches streams, and photos where
  libfacedetection is not installed. ``yunet``: one from a file of your own.
- Used by several: ``tiling`` (full-frame detection), ``refinement`` (ROI refinement), ``nms`` (box
  voting), ``quarter_turns`` (pictures that lie on their side), ``decoding``. ``loading`` finds each
  by its name.
"""

from emotion.detection.base import Detector, Effort, SearchOptions
from emotion.detection.loading import load_detector
from emotion.detection.single_shot import SingleShotDetector

__all__ = ["Detector", "Effort", "SearchOptions", "SingleShotDetector", "load_detector"]
