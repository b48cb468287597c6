"""The errors that a user's input can cause; everything else is a bug of ours.

    EmotionError
    ├── ImageError          bytes that are no picture we can read
    │   └── ImageTooLargeError  a picture beyond the pixel limit
    ├── VideoError          a file that is no video we can read
    ├── DataError           training or evaluation data that cannot be used
    ├── ProcessingError     a file that needs more time or memory than one file may take
    └── ModelError          a model's folder is missing, damaged or of another version

Each message is one sentence for the person who gave the input: what was wrong, and what to do.
Mistakes of a calling program are ``ValueError`` instead.
"""


class EmotionError(Exception):
    """Root of the errors that a user's input can cause; its text is fit to be shown."""


class ImageError(EmotionError):
    """The bytes are no picture that can be read."""


class ImageTooLargeError(ImageError):
    """The picture has more pixels than the limit."""


class VideoError(EmotionError):
    """The file is no video that can be read."""


class ProcessingError(EmotionError):
    """The file needs more time or memory than one file may take, or crashes its decoder."""


class DataError(EmotionError):
    """The data set is missing, incomplete or of another form than expected."""


class ModelError(EmotionError):
    """The model's folder is missing, incomplete, damaged or of another version."""
