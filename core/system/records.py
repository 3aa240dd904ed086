"""Objects in JSON files as frozen dataclasses: checked once where they are read, and written again
with all that they were read with."""

import math
from dataclasses import MISSING, dataclass, field, fields, replace
from types import NoneType, UnionType
from typing import Any, ClassVar, Self, Union, get_args, get_origin, get_type_hints

from core.system.json_files import is_number


class OddValueError(ValueError):
    """A part of a file is missing or of another form than it should be; the message names it."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """An object in a JSON file. Fields without a default must be there; those at an empty
    default are left out, also where it is None.

    Attributes:
        others: what the file has besides, as it is.
    """

    lenient: ClassVar[bool] = False
    """Whether a part of another form joins `others` (see `odd`), instead of being an error."""

    others: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, value: object, place: str = "") -> Self:
        """Read plain data. Raises OddValueError.

        Args:
            place: of the object in its file, for the message.
        """
        if not isinstance(value, dict):
            raise OddValueError(
                f"“{place}” in it is not an object" if place else "it is not an object"
            )
        parts: dict[str, Any] = {}
        kinds, defaults = _form(cls)
        for name, kind in kinds.items():
            inside = f"{place}.{name}".lstrip(".")
            if name in value:
                try:
                    if value[name] is None and defaults.get(name, "") is None:
                        raise OddValueError(f"“{inside}” in it is null")
                    parts[name] = typed(kind, value[name], inside)
                except OddValueError:
                    if not cls.lenient:
                        raise
            elif name not in defaults:
                raise OddValueError(f"“{inside}” is missing in it")
        return cls(**parts, others={k: v for k, v in value.items() if k not in parts})

    @property
    def odd(self) -> tuple[str, ...]:
        """Names of the parts that are there, and not of their form; see `lenient`."""
        return tuple(name for name in _form(type(self))[0] if name in self.others)

    def updated(self, **parts: Any) -> Self:
        """This with other parts, in the place of odd ones, too (`dataclasses.replace` would leave
        these in `others`, from where they come back)."""
        others = {name: part for name, part in self.others.items() if name not in parts}
        return replace(self, others=others, **parts)

    def as_dict(self) -> dict[str, Any]:
        """Plain data that `of` reads as this."""
        kinds, defaults = _form(type(self))
        written = {}
        for name in kinds:
            value = getattr(self, name)
            if name not in defaults or value != defaults[name] or plain(value):
                written[name] = plain(value)
        return written | self.others


def typed(kind: Any, value: object, place: str) -> Any:
    """Plain data as a type has it: float (finite), int, str, bool, None, Any, a union of some,
    `tuple[X, ...]`, `dict[str, X]` (of printable names), or a `Record`.

    Raises:
        OddValueError: they have another form.
    """
    origin, inner = get_origin(kind), get_args(kind)
    if kind is Any:
        return value
    if isinstance(kind, type) and issubclass(kind, Record):
        return kind.of(value, place)
    if origin in (Union, UnionType):
        return _one_of(inner, value, place)
    if origin is tuple and isinstance(value, (list, tuple)):
        return tuple(typed(inner[0], part, place) for part in value)
    if origin is dict and isinstance(value, dict) and all(map(str.isprintable, value)):
        return {key: typed(inner[1], part, f"{place}.{key}") for key, part in value.items()}
    if kind is float and _is_finite(value):
        return float(value)  # type: ignore[arg-type]
    right = isinstance(kind, type) and isinstance(value, kind)
    if right and kind is not float and (kind is bool or not isinstance(value, bool)):
        return value
    raise OddValueError(f"“{place}” in it is not of its form")


def _one_of(kinds: tuple[Any, ...], value: object, place: str) -> Any:
    if value is None and NoneType in kinds:
        return None
    *first, last = (kind for kind in kinds if kind is not NoneType)
    for kind in first:
        try:
            return typed(kind, value, place)
        except OddValueError:
            continue
    return typed(last, value, place)


def plain(value: Any) -> Any:
    """What JSON can hold: records as objects, tuples as lists, and null for what is not a finite
    number, which could not be measured."""
    if isinstance(value, Record):
        return value.as_dict()
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _is_finite(value: object) -> bool:
    try:
        return is_number(value) and math.isfinite(value)
    except OverflowError:  # an integer beyond all floats
        return False


_forms: dict[type, tuple[dict[str, Any], dict[str, Any]]] = {}


def _form(record: type) -> tuple[dict[str, Any], dict[str, Any]]:
    """The type of each field but `others`, and the defaults of those that need not be there."""
    if record not in _forms:
        hints, declared = get_type_hints(record), {f.name: f for f in fields(record)}
        del declared["others"]
        defaults = {
            name: f.default if f.default_factory is MISSING else f.default_factory()
            for name, f in declared.items()
            if not (f.default is MISSING and f.default_factory is MISSING)
        }
        _forms[record] = {name: hints[name] for name in declared}, defaults
    return _forms[record]
