"""Training and evaluation of the single-shot face detector.

``data`` reads images and labels, ``geometric_augmentation`` and ``photometric_augmentation`` change
them, ``assignment`` matches anchor points to faces, ``network`` and ``losses`` define the model,
``trainer`` runs the epochs and ``export`` writes the model's folder. ``metrics`` measures any
detector, those of ``baselines`` included, and ``evaluate`` writes the results. Boxes are ``xyxy``
in pixels, with pixel 0 spanning 0 to 1.
"""
