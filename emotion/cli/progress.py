"""Progress bars on stderr, shown only where stderr is a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from tqdm import tqdm


class Progress:
    """A progress bar that is first drawn when something is done; silent when piped.

    Used as a callback and closed in the end:

        with closing(Progress("photos")) as progress:
            for done, photo in enumerate(photos, 1):
                progress(done, len(photos))

    Args:
        name: What is counted, as the bar's label.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._shown = sys.stderr.isatty()
        self._bar: tqdm[None] | None = None
        self.skipped = 0
        """How many of those done are an earlier run's; they do not count in the rate."""

    def __call__(self, done: int, total: int | None) -> None:
        """Redraws the bar, at most ten times a second.

        Args:
            done: How many are done in all, those skipped included.
            total: How many there are; None if that is not known.
        """
        if not self._shown:
            return
        if self._bar is None:
            from tqdm import tqdm  # most runs show no bar, and need not wait for the import

            self._bar = tqdm(
                desc=self._name,
                total=total,
                initial=self.skipped,
                file=sys.stderr,
                unit="",
                smoothing=0,  # the mean rate since the start
                dynamic_ncols=True,
            )
        self._bar.total, self._bar.initial = total, self.skipped
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        """Leaves the bar where it is; what is printed next comes below it."""
        if self._bar is not None:
            self._bar.close()


def print_above_progress(text: str, file: TextIO) -> None:
    """Prints a line without tearing a progress bar that is on the terminal."""
    if "tqdm" not in sys.modules:  # then there is no bar
        print(text, file=file)
        return
    from tqdm import tqdm

    tqdm.write(text, file=file)
