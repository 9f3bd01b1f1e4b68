"""Settings of the programs: defaults, then a YAML file, then the command line. Library code never sees them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import yaml

from litcoin_batch.schema import ConfigError

DEFAULT_CHECKPOINT = "transformer"
_SHARES = ("max_reject_share", "max_drop")

Settings = TypeVar("Settings")


@dataclass(frozen=True, slots=True)
class AnnotateConfig:
    """What ``jobs/annotate.py`` can be told; ``conf/annotate.yaml`` says what each key is for."""

    paths: tuple[str, ...] = ()
    warehouse: str = "warehouse"
    format: str = "auto"
    checkpoint: str = DEFAULT_CHECKPOINT
    device: str = "auto"
    lexicon: tuple[str, ...] = ()
    run_id: str | None = None
    partitions: int | None = None
    annotate_titles: bool = False
    max_text_chars: int = 100_000
    batch_pieces: int = 16_384
    precision: str = "auto"
    baseline: bool = False
    max_reject_share: float = 0.01
    max_drop: float = 0.5
    wait_minutes: float = 0.0
    batch_timeout_sec: float = 600.0
    records: str | None = None


def read_config(kind: type[Settings], file: str | Path | None, given: Mapping[str, Any]) -> Settings:
    """``kind``, a dataclass of defaults, with what ``file`` says and over it what was ``given`` (None: not given).

    Raises ``ConfigError`` for a file that cannot be read, an unknown key, a value of the wrong type, a
    whole number below 1, a share outside of 0 to 1 or another number below 0.
    """
    values = {**_read_yaml(kind, file), **{name: value for name, value in given.items() if value is not None}}
    types = get_type_hints(kind)
    return kind(**{name: _checked(name, value, types[name], file) for name, value in values.items()})


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


def _checked(name: str, value: Any, type_: Any, file: str | Path | None) -> Any:
    place = f"setting {name!r}" + (f" (configuration {file})" if file else "")
    if get_origin(type_) is UnionType:
        type_ = next(t for t in get_args(type_) if t is not type(None))
    if get_origin(type_) is tuple:
        of = get_args(type_)[0]
        items = (value,) if type(value) is of else value
        if not isinstance(items, list | tuple) or not all(type(item) is of for item in items):
            raise ConfigError(
                f"{place}: expected a list of {'texts' if of is str else 'whole numbers'}, found {value!r}"
            )
        return tuple(_checked(name, item, of, file) if of is not str else item for item in items)
    if type_ is float and type(value) is int:
        value = float(value)
    # bool is an int to Python, not to a reader of a configuration.
    if type(value) is not type_:
        raise ConfigError(f"{place}: expected {type_.__name__}, found {value!r}")
    if type_ is int and value < 1:
        raise ConfigError(f"{place}: expected a number of at least 1, found {value}")
    if name in _SHARES and not 0 <= value <= 1:
        raise ConfigError(f"{place}: expected a share from 0 to 1, found {value}")
    if type_ is float and not value >= 0:
        raise ConfigError(f"{place}: expected a number of at least 0, found {value}")
    return value
