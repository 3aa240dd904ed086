"""What one check found."""

from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """How a thing is: `value` is what the command prints."""

    FINE = "ok"
    NOTE = "note"
    PROBLEM = "PROBLEM"


FINE, NOTE, PROBLEM = State


@dataclass(frozen=True)
class Finding:
    """How a thing is, in words; and what to do about it unless it is fine."""

    state: State
    said: str
    remedy: str = ""

    def __str__(self) -> str:
        lines = [f"{self.state.value:<8} {self.said}"]
        return "\n".join([*lines, *([f"{'':<8} → {self.remedy}"] if self.remedy else [])])
