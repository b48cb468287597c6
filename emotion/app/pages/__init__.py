"""The four pages: Photo, Webcam, Video and About."""
