"""What is known of a configuration's field: its name for people, its help, and which values it
takes. Declared once, in `train.config`; the command line, JSON files and the form read it.

No torch here.
"""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, replace
from dataclasses import field as _field
from difflib import get_close_matches
from numbers import Real
from typing import Any, get_args, get_origin, get_type_hints

from core.errors import UserError
from train.choices import Choice


class ConfigError(UserError, ValueError):
    """A choice that cannot work; the message says which and why."""


@dataclass(frozen=True)
class Spec:
    """A field.

    Attributes:
        title: two or three words, sentence case.
        text: one plain sentence of help.
        least, most: limits of a number, both allowed.
        multiple: a whole number is a multiple of this.
        step: of the form's input.
        options: named values, or of a tuple of words the words.
        others: what else may be named, in a word or two; empty: nothing.
        paths: what else may be named are files and folders.
        kind: int, float, str or tuple.
        item: of a tuple, what it holds: str, or a dataclass with fields like these.
    """

    title: str
    text: str
    least: float = 0
    most: float = 0
    multiple: int = 1
    step: float = 1
    options: Mapping[Any, Choice] = _field(default_factory=dict)
    others: str = ""
    paths: bool = False
    kind: type = str
    item: type = str

    def checked(self, value: Any) -> Any:
        """The value as the field has it: 1 as 1.0, 7.0 as 7, a list as a tuple.

        Raises:
            ConfigError: it is of another kind, out of the limits, or none of the options.
        """
        if self.kind is tuple:
            return self._several(value)
        return self._number(value) if self.kind in (int, float) else self._word(value)

    def parsed(self, text: str) -> Any:
        """The value that `written` has as text. Raises ConfigError."""
        if self.kind is tuple:
            if self.item is str:
                return self.checked([word for word in text.split(",") if word])
            try:
                pairs = [map(int, part.split("x")) for part in text.split(",")]
                return self.checked([self.item(*pair) for pair in pairs])
            except ConfigError:
                raise
            except (TypeError, ValueError) as error:
                raise ConfigError(
                    f"{self.title}: write EPOCHSxSIZE, such as 8x128,2x160, not {text!r}."
                ) from error
        try:
            value = self.kind(text)
        except ValueError as error:
            raise self._wrong(text) from error
        return self.checked(value)

    def written(self, value: Any) -> str:
        """A value as one would type it."""
        if not isinstance(value, tuple):
            return str(value)
        return ",".join(
            v if isinstance(v, str) else "x".join(str(getattr(v, f.name)) for f in fields(v))
            for v in value
        )

    @property
    def limits(self) -> str:
        """`from 0 to 1`."""
        return f"from {_plain(self.least)} to {_plain(self.most)}"

    def _number(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, Real):
            raise self._wrong(value)
        within: Any = value
        if not self.least <= within <= self.most or (self.kind is int and within % self.multiple):
            raise self._wrong(value)
        return self.kind(value)

    def _word(self, value: Any) -> str:
        if not isinstance(value, str) or not value.strip() or "\0" in value:
            several = "one of " if self.options else ""
            raise ConfigError(f"{self.title} must be {several}{self.known()}, not {_shown(value)}.")
        self._check_option(value)
        return value

    def _several(self, value: Any) -> tuple[Any, ...]:
        if not isinstance(value, (list, tuple)):
            raise ConfigError(f"{self.title} must be a list, not {_shown(value)}.")
        if self.item is not str:
            if not value:
                raise ConfigError(f"{self.title}: a training needs at least one stage.")
            return tuple(self._item(part) for part in value)
        for word in value:
            if not isinstance(word, str) or not word.strip() or "," in word:
                raise ConfigError(f"{self.title} must be a list of names, not {_shown(word)}.")
            self._check_option(word)
        return tuple(value)

    def _check_option(self, word: str) -> None:
        if not self.others and word not in self.options:
            raise ConfigError(
                f"There is no {self.title.lower()} {word}; choose from {self.known()}."
            )

    def _item(self, part: Any) -> Any:
        if isinstance(part, self.item):
            return part
        names = [field.name for field in fields(self.item)]
        if not isinstance(part, dict) or set(part) != set(names):
            raise ConfigError(
                f"{self.title}: each has {' and '.join(names)}, and nothing else; "
                f"{_shown(part)} does not."
            )
        return self.item(**part)

    def known(self) -> str:
        """What may be named, in a list."""
        names = [option for option in self.options if isinstance(option, str)]
        return ", ".join([*names, *([self.others] if self.others else [])])

    def _wrong(self, value: Any) -> ConfigError:
        kind = "a whole number" if self.kind is int else "a number"
        if self.multiple > 1:
            kind = f"a multiple of {self.multiple}"
        return ConfigError(f"{self.title} must be {kind} {self.limits}, not {_shown(value)}.")


def number(title: str, text: str, least: float, most: float, step: float = 1, **others: Any) -> Any:
    """Declare a number; `others` are `default` and `multiple` (see `Spec`)."""
    default = others.pop("default", MISSING)
    spec = Spec(title, text, least=least, most=most, step=step, **others)
    return _field(default=default, metadata={"spec": spec})


def share(title: str, text: str, default: float, step: float = 0.1) -> Any:
    """Declare a number from 0 to 1."""
    return number(title, text, 0.0, 1.0, step, default=default)


def named(
    default: Any,
    title: str,
    text: str,
    options: Mapping[Any, Choice] | None = None,
    others: str = "",
    paths: bool = False,
) -> Any:
    """Declare a word or a tuple; see `Spec`."""
    spec = Spec(title, text, options=options or {}, others=others, paths=paths)
    return _field(default=default, metadata={"spec": spec})


_known: dict[type, dict[str, Spec]] = {}


def specs(kind: type) -> dict[str, Spec]:
    """What was declared of each field of a dataclass, by the class itself or, where that only gives
    another default, by the one it is made from."""
    if kind not in _known:
        hints = get_type_hints(kind)
        _known[kind] = {
            each.name: _resolved(_declared(kind, each.name), hints[each.name])
            for each in fields(kind)
        }
    return _known[kind]


def _resolved(spec: Spec, hint: Any) -> Spec:
    if get_origin(hint) is tuple:
        return replace(spec, kind=tuple, item=get_args(hint)[0])
    return replace(spec, kind=hint)


def _declared(kind: Any, name: str) -> Spec:
    for each in kind.__mro__:
        known = getattr(each, "__dataclass_fields__", {})
        if name in known and "spec" in known[name].metadata:
            return known[name].metadata["spec"]
    raise TypeError(f"{kind.__name__}.{name} was not declared by number() or named().")


def check(config: Any) -> None:
    """Check every field of a frozen dataclass, in its `__post_init__`. Raises ConfigError."""
    for name, spec in specs(type(config)).items():
        object.__setattr__(config, name, spec.checked(getattr(config, name)))


def nearest(kind: type, name: str) -> str | None:
    """The field that somebody may have meant who wrote `name`: by its own name or its title."""
    known = {field: field for field in specs(kind)}
    known |= {_bare(spec.title): field for field, spec in specs(kind).items()}
    found = get_close_matches(_bare(name), known, 1)
    return known[found[0]] if found else None


def _bare(name: str) -> str:
    return name.lower().replace(" ", "_").replace("-", "_")


def _plain(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def _shown(value: Any) -> str:
    """A value in a sentence, however long."""
    if isinstance(value, int) and value.bit_length() > 100:
        return "a number with so many digits"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
