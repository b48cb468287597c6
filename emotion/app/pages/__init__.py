"""The four pages: Photo, Webcam, Video and About. Each module has a ``page`` that draws it."""
