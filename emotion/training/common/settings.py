"""Settings from a file: values by name, checked against the dataclass that they are for."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints


def read_toml(path: Path) -> dict[str, Any]:
    """The file's tables. Raises ``ValueError`` if it is no TOML, ``OSError`` if it is missing."""
    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except ValueError as error:  # also bytes that are no UTF-8
        raise ValueError(f"{path} is no TOML file: {error}") from error


def validated_settings(kind: type, given: Mapping[str, Any], table: str = "") -> dict[str, Any]:
    """The given values as keyword arguments of the dataclass ``kind``; tables become dataclasses.

    table: the name of the table that ``given`` is, for messages. Raises ``ValueError`` with one
    sentence for an unknown name and for a value of another type; the dataclasses check ranges.
    """
    known = [field.name for field in fields(kind)]
    unknown = [name for name in given if name not in known]
    if unknown:
        plural, names = "s" if len(unknown) > 1 else "", ", ".join(table + u for u in unknown)
        raise ValueError(f"unknown setting{plural} {names}; there are: {', '.join(known)}")
    hints = get_type_hints(kind)
    return {name: _value(hints[name], value, table + name) for name, value in given.items()}


def _value(hint: Any, given: Any, name: str) -> Any:
    """The value as the type hint wants it: lists as tuples, whole numbers as floats."""
    origin, inner = get_origin(hint), get_args(hint)
    if is_dataclass(hint) and isinstance(hint, type) and isinstance(given, Mapping):
        values = validated_settings(hint, given, f"{name}.")
        try:
            return hint(**values)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
    if hint is float and type(given) in (int, float):
        return float(given)
    if isinstance(hint, type) and type(given) is hint:  # exactly: True is no 1 here
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
    """The settings that a TOML file gives, as arguments of ``kind``, a dataclass of settings.

    Its keys are the names of the dataclass's fields, those of a table (``[augmentation]``) the
    names of that field's own. Raises ``ValueError`` with one sentence for what cannot be a setting.
    """
    given = read_toml(path)
    try:
        found = validated_settings(kind, given)
        kind(**found)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return found
