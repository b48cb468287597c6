"""Trains the single-shot face detector, and measures any detector.

``data`` reads the pictures, ``views`` and ``colors`` change them, ``assignment`` says which points
may answer for a face, ``network`` is what learns, ``losses`` what it learns by, ``trainer`` the
loop, ``export`` makes a model's folder. ``scoring`` is the one measure of every detector, ``peers``
the others that it is used on, ``evaluate`` the protocols. Boxes are ``xyxy`` in pixels that count
edges: pixel 0 reaches from 0 to 1.
"""
