"""Groups of pictures that belong in the same split: those of one subject or recording.

Neighbouring frames of a recording are almost equal. With some in training and some in the test
split, the test would measure memorisation.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emotion.errors import DataError
from emotion.training.expression.data.faces import SPLITS

COLUMNS, SPLIT_COLUMN = ("picture", "group"), "split"
"""Columns of a file of groups: a picture's path below the set's root, its group, and its split."""

_CKPLUS_FRAME = re.compile(r"(S\d{2,4})_\d{3}_\d{6,8}(?!\d)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class GroupRule:
    """How a set's groups are found: by a pattern, a table or a network.

    Attributes:
        pattern: A regular expression with one capturing group, searched in a picture's path.
        table: A picture's path below the set's root -> the name of its group.
        splits: A picture's path -> its split, where the table states splits.
        network: File of a face recognition network; similar faces form a group.
    """

    pattern: re.Pattern[str] | None = None
    table: dict[str, str] | None = None
    splits: dict[str, str] | None = None
    network: Path | None = None

    @classmethod
    def parse(cls, text: str) -> GroupRule:
        """Parses a rule.

        Args:
            text: Path of a CSV file with the columns picture and group and, if the splits are to
                stay as they are, split; path of a face recognition network's ``.json``; or a
                regular expression.

        Raises:
            DataError: When it is none of these.
        """
        path = Path(text)
        if path.suffix.lower() == ".json":
            return cls(network=path)
        if path.suffix.lower() == ".csv":
            try:
                with open(path, encoding="utf-8-sig", newline="") as file:
                    rows = list(csv.DictReader(file))
            except (OSError, UnicodeDecodeError, csv.Error) as error:
                raise DataError(f"The file of groups {path} cannot be read ({error}).") from error
            if not rows or not set(COLUMNS) <= set(rows[0]):
                raise DataError(f"{path} has no rows with the columns {' and '.join(COLUMNS)}.")
            table = {row["picture"]: row["group"] for row in rows}
            if SPLIT_COLUMN not in rows[0]:
                return cls(table=table)
            splits = {row["picture"]: row[SPLIT_COLUMN] for row in rows}
            if unknown := set(splits.values()) - set(SPLITS):
                raise DataError(
                    f"{path} names the split {sorted(unknown)[0]!r}; there are {', '.join(SPLITS)}."
                )
            return cls(table=table, splits=splits)
        try:
            pattern = re.compile(text)
        except re.error as error:
            raise DataError(f"The pattern of groups {text!r} is wrong ({error}).") from error
        if pattern.groups != 1:
            raise DataError(
                f"The pattern of groups {text!r} needs one pair of brackets, around the group."
            )
        return cls(pattern=pattern)

    def group(self, path: Sequence[str]) -> str | None:
        """The group of a picture, given the parts of its path below the set's root, or None."""
        whole = "/".join(path)
        if self.table is not None:
            return self.table.get(whole)
        found = self.pattern.search(whole) if self.pattern else None
        return found[1] if found else None


def subject_of(file_name: str) -> str | None:
    """The subject in a file name of CK+ (S005_001_00000011.png: S005); None for any other name."""
    found = _CKPLUS_FRAME.match(file_name)
    return found[1].upper() if found else None


def groups_of(paths: Sequence[Sequence[str]], rule: GroupRule | None = None) -> np.ndarray:
    """Finds the group of each picture.

    Args:
        paths: Parts of each picture's path below the set's root, the file's name last.
        rule: The set's rule; without one, file names of CK+ give the subject.

    Returns:
        str (N,); a picture without a group is a group of its own.
    """
    found = [rule.group(path) if rule else subject_of(path[-1]) for path in paths]
    return np.array([group or f"row {row}" for row, group in enumerate(found)], str)
