"""The command line: ``python -m emotion COMMAND``, also installed as ``emotion``.

Each command is a module with ``add_arguments`` and ``run``. A command's own imports happen when it
runs, so that analysing a photo does not wait for the training packages. Exit codes: 0 done, 1 some
inputs failed (each named on stderr, the rest done), 2 wrong usage.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import Any

from emotion import __version__
from emotion.errors import EmotionError

COMMANDS = {
    "analyze": "photos or folders of photos to a table, one row per face",
    "video": "a video to an annotated video and a table, one row per face per frame",
    "data": "what a data set holds: counts, duplicates, problems and sheets of its faces",
    "train": "train a model on fer2013.csv or a folder of faces",
    "blend": "choose the default head, or the blend of heads used by default",
    "ensemble": "several models as one",
    "evaluate": "a model's metrics on a labelled split, as eval.json and plots",
    "compare": "several evaluated models side by side",
    "train-detector": "train a face detector on pictures with labelled faces",
    "fit-detector": "fit how the hybrid detector weighs its scores on labelled pictures",
    "evaluate-detector": "metrics of face detectors on labelled pictures",
    "benchmark": "time and memory of each stage on this machine",
}
TRAINING_PACKAGES = ("keras", "matplotlib", "scipy", "sklearn", "tensorflow")
"""The packages of the extra ``train``, as they are imported."""

DONE, SOME_FAILED, WRONG_USAGE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command.

    Args:
        arguments: The command line without the program's name; the process's own by default.

    Returns:
        The exit code: 0 done, 1 some inputs failed, 130 interrupted. Wrong usage raises
        ``SystemExit`` with code 2.
    """
    parser = argparse.ArgumentParser(
        prog="emotion",
        description="Apparent facial expression in photos and video.",
    )
    parser.add_argument("--version", action="version", version=f"emotion {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    given = list(sys.argv[1:] if arguments is None else arguments)
    for name, text in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        if name in given:
            _module(name).add_arguments(command)
    options = parser.parse_args(given)
    try:
        code: int = _module(options.command).run(options)
    except EmotionError as error:
        print(f"emotion {options.command}: {error}", file=sys.stderr)
        return SOME_FAILED
    except BrokenPipeError:
        sys.stderr.close()  # the reader, such as head or less, has closed the pipe
        return DONE
    except ModuleNotFoundError as error:
        if error.name not in TRAINING_PACKAGES:
            raise
        print(
            f"emotion {options.command}: this command needs {error.name}, which the page does "
            "without; run: pip install -r requirements.txt (or: pip install 'emotion[train]')",
            file=sys.stderr,
        )
        return SOME_FAILED
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        print(f"emotion {options.command}: {place}{error.strerror or error}", file=sys.stderr)
        return SOME_FAILED
    except KeyboardInterrupt:
        print("stopped; what was written stays", file=sys.stderr)
        return 130  # what a shell reports of a command that was interrupted
    return code


def _module(command: str) -> Any:
    """The module of a command; dashes in its name are underscores in the module's."""
    return importlib.import_module(f"emotion.cli.{command.replace('-', '_')}")
