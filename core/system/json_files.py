"""Reading JSON files that may be anybody's."""

import json
from pathlib import Path
from typing import Any, TypeGuard


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file.

    Raises:
        OSError: the file cannot be read.
        ValueError: it holds no JSON object, or text that cannot be shown or written.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"), parse_int=_whole)
        # Halves of a surrogate pair are valid JSON and no valid text.
        json.dumps(found, ensure_ascii=False).encode("utf-8")
    except RecursionError as error:
        raise ValueError("It is nested too deeply.") from error
    if not isinstance(found, dict):
        raise ValueError("It holds no JSON object.")
    return found


def _whole(digits: str) -> int:
    """A whole number that also fits other programs, and a float: some 10^400 do not."""
    number = int(digits)
    if abs(number) >= 2**63:
        raise ValueError("It has a whole number of more than 63 bits.")
    return number


def is_number(value: object) -> TypeGuard[float]:
    """Whether a JSON value is a number; true and false are none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)
