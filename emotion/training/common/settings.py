"""Reads settings from TOML files and validates them against a dataclass."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints


def read_toml(path: Path) -> dict[str, Any]:
    """Reads a TOML file.

    Raises:
        OSError: When it cannot be read.
        ValueError: When it is no TOML.
    """
    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except ValueError as error:  # also for invalid UTF-8
        raise ValueError(f"{path} is no TOML file: {error}") from error


def validated_settings(kind: type, given: Mapping[str, Any], table: str = "") -> dict[str, Any]:
    """Validates values by the types of a dataclass's fields; tables become dataclasses.

    Args:
        kind: The dataclass.
        given: Name -> value, as TOML or JSON have them.
        table: Prefix of the names in messages.

    Returns:
        Keyword arguments of ``kind``.

    Raises:
        ValueError: For an unknown name or a value of another type, in one sentence; ranges are
            checked by the dataclasses.
    """
    known = [field.name for field in fields(kind)]
    unknown = [name for name in given if name not in known]
    if unknown:
        plural, names = "s" if len(unknown) > 1 else "", ", ".join(table + u for u in unknown)
        raise ValueError(f"unknown setting{plural} {names}; there are: {', '.join(known)}")
    hints = get_type_hints(kind)
    return {name: _value(hints[name], value, table + name) for name, value in given.items()}


def _value(hint: Any, given: Any, name: str) -> Any:
    """The value as the type hint requires: lists as tuples, whole numbers as floats."""
    origin, inner = get_origin(hint), get_args(hint)
    if is_dataclass(hint) and isinstance(hint, type) and isinstance(given, Mapping):
        values = validated_settings(hint, given, f"{name}.")
        try:
            return hint(**values)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
    if hint is float and type(given) in (int, float):
        return float(given)
    if isinstance(hint, type) and type(given) is hint:  # not isinstance, by which True is an int
        return given
    if origin is tuple and isinstance(given, (list, tuple)):
        kinds = [inner[0]] * len(given) if inner[-1] is Ellipsis else list(inner)
        if len(kinds) == len(given):
            return tuple(_value(k, v, name) for k, v in zip(kinds, given, strict=True))
    if origin is dict and isinstance(given, Mapping):
        return {key: _value(inner[1], value, f"{name}.{key}") for key, value in given.items()}
    if origin in (Union, UnionType):
        for option in inner:
            try:
                return _value(option, given, name)
            except ValueError:
                continue
    expected = hint.__name__ if isinstance(hint, type) and origin is None else str(hint)
    raise ValueError(f"expected {name} as {expected}, got {given!r}")


def read_settings(path: Path, kind: type) -> dict[str, Any]:
    """Reads settings from a TOML file.

    Args:
        path: The file. Its keys are names of the dataclass's fields, those of a table
            (``[augmentation]``) of that field's own.
        kind: Dataclass of the settings.

    Returns:
        Keyword arguments of ``kind``.

    Raises:
        OSError: When the file cannot be read.
        ValueError: For an invalid setting, in one sentence.
    """
    given = read_toml(path)
    try:
        found = validated_settings(kind, given)
        kind(**found)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return found
