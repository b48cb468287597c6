"""Recordings: frames in (``clip``), who is in them (``faces``, ``record``, ``persons``), and the
annotated video out (``film``, ``writer``, ``sound``)."""
