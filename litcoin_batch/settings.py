"""A setting stands once, as a field of a dataclass: from it come the option, the line of the YAML file and the checks."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import click
import yaml

from litcoin_batch.schema import ConfigError

Settings = TypeVar("Settings")
_WIDTH = 110


@dataclass(frozen=True, slots=True)
class About:
    """What is said of a setting: ``text`` on the command line, ``text`` and ``more`` in the YAML file.

    ``option``: its name where it is not the field's; "" for the arguments without a name. ``choices``: all values it
    can have. ``share``: a number from 0 to 1.
    """

    text: str
    more: str = ""
    metavar: str | None = None
    option: str | None = None
    choices: tuple[str, ...] = ()
    share: bool = False


def setting(default: Any, text: str, more: str = "", **about: Any) -> Any:
    """A field of a dataclass of settings; the keywords are those of ``About``."""
    return field(default=default, metadata={"about": About(text, more, **about)})


def about(one: Field) -> About:
    return one.metadata["about"]


def options(kind: type) -> Callable[[Callable], Callable]:
    """A decorator: an option for each setting of ``kind``. What is not given comes as None, or as an empty tuple."""

    def decorate(function: Callable) -> Callable:
        types = get_type_hints(kind)
        # Decorators apply from the last to the first.
        for one in reversed(fields(kind)):
            function = _parameter(one, types[one.name])(function)
        config = click.option(
            "--config", type=click.Path(), help="YAML file of settings; options given here win over it."
        )
        return config(function)

    return decorate


def _parameter(one: Field, type_: Any) -> Callable[[Callable], Callable]:
    said, repeats, of = about(one), get_origin(type_) is tuple, _single(type_)
    if said.option == "":
        return click.argument(one.name, nargs=-1, metavar=said.metavar)
    name = said.option or "--" + one.name.replace("_", "-")
    default = "" if one.default in (None, False, ()) else f" (default: {_shown(one.default)})"
    text = f"{said.text.rstrip('.')}{'; may be repeated' if repeats else ''}{default}."
    if of is bool:
        return click.option(name, one.name, is_flag=True, default=None, help=text)
    choice = click.Choice(said.choices) if said.choices else of
    return click.option(name, one.name, multiple=repeats, type=choice, metavar=said.metavar, help=text)


def _shown(default: Any) -> str:
    return ", ".join(map(str, default)) if isinstance(default, tuple) else f"{default}"


def _single(type_: Any) -> Any:
    """``int`` of ``int``, ``int | None`` and ``tuple[int, ...]``."""
    if get_origin(type_) is UnionType:
        return next(t for t in get_args(type_) if t is not type(None))
    return get_args(type_)[0] if get_origin(type_) is tuple else type_


def as_yaml(kind: type, command: str) -> str:
    """The YAML file of all settings of ``command`` with their defaults, each under what it is for."""
    blocks = [
        _comment(
            f"Settings of {command}; options on the command line win over this file. Every key may be left out: these "
            "are the defaults. Made by `make settings` from where the settings stand."
        )
    ]
    for one in fields(kind):
        said = about(one)
        choices = f"One of {', '.join(said.choices)}." if said.choices else ""
        text = " ".join(part for part in (said.text, said.more, choices) if part)
        default = list(one.default) if isinstance(one.default, tuple) else one.default
        value = (
            "" if default is None else yaml.safe_dump(default, default_flow_style=True).removesuffix("...\n").strip()
        )
        blocks.append(f"{_comment(text)}\n{one.name}: {value}".rstrip())
    return "\n\n".join(blocks) + "\n"


def _comment(text: str) -> str:
    return "\n".join(textwrap.wrap(text, _WIDTH, initial_indent="# ", subsequent_indent="# "))


def read_config(kind: type[Settings], file: str | Path | None, given: Mapping[str, Any]) -> Settings:
    """``kind``, a dataclass of defaults, with what ``file`` says and over it what was ``given`` (None, (): not given).

    Raises ``ConfigError`` for a file that cannot be read, an unknown key, a value of the wrong type or none of the
    choices, a whole number below 1, a share outside of 0 to 1 or another number below 0.
    """
    values = {**_read_yaml(kind, file), **{name: value for name, value in given.items() if value not in (None, ())}}
    types, known = get_type_hints(kind), {one.name: one for one in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: _checked(known[name], value, types[name], file) for name, value in values.items()})


def _read_yaml(kind: type, file: str | Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        values = yaml.safe_load(Path(file).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"configuration {file}: cannot be read: {' '.join(str(error).split())}") from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigError(f"configuration {file}: expected `key: value` lines, found {type(values).__name__}")
    known = [field.name for field in fields(kind)]
    unknown = [str(key) for key in values if key not in known]
    if unknown:
        raise ConfigError(f"configuration {file}: unknown key {', '.join(unknown)}; known keys: {', '.join(known)}")
    return {name: value for name, value in values.items() if value is not None}


def _checked(one: Field, value: Any, type_: Any, file: str | Path | None) -> Any:
    name, choices = one.name, about(one).choices
    place = f"setting {name!r}" + (f" (configuration {file})" if file else "")
    if get_origin(type_) is UnionType:
        type_ = _single(type_)
    if get_origin(type_) is tuple:
        of = get_args(type_)[0]
        items = (value,) if type(value) is of else value
        if not isinstance(items, list | tuple) or not all(type(item) is of for item in items):
            raise ConfigError(
                f"{place}: expected a list of {'texts' if of is str else 'whole numbers'}, found {value!r}"
            )
        return tuple(_checked(one, item, of, file) for item in items)
    if type_ is float and type(value) is int:
        value = float(value)
    # bool is an int to Python, not to a reader of a configuration.
    if type(value) is not type_:
        raise ConfigError(f"{place}: expected {type_.__name__}, found {value!r}")
    if choices and value not in choices:
        raise ConfigError(f"{place}: expected {', '.join(choices)}, found {value!r}")
    if type_ is int and value < 1:
        raise ConfigError(f"{place}: expected a number of at least 1, found {value}")
    if about(one).share and not 0 <= value <= 1:
        raise ConfigError(f"{place}: expected a share from 0 to 1, found {value}")
    if type_ is float and not value >= 0:
        raise ConfigError(f"{place}: expected a number of at least 0, found {value}")
    return value
