"""What to look for in each diagnosis, how common it is in life, and where that is written:
`lessons.json`.

Words of our own after the sources named; they teach the usual look, from which single lesions
differ.
"""

from dataclasses import dataclass
from pathlib import Path

from core.system.json_files import read_object
from core.system.records import Record


@dataclass(frozen=True, kw_only=True)
class Source(Record):
    """A publication: what to call it, and its address; empty if none is known for certain."""

    words: str
    link: str = ""

    @property
    def cited(self) -> str:
        """As Markdown."""
        return f"[{self.words}]({self.link})" if self.link else self.words


@dataclass(frozen=True, kw_only=True)
class Lesson(Record):
    """One diagnosis.

    Attributes:
        look: three lines on what to look for.
        beware: what it is taken for, or what takes its look.
        in_life: how common it is, outside of any dataset.
        sources: of the looks.
        in_life_source: of `in_life`.
    """

    look: tuple[str, ...]
    beware: str
    in_life: str
    sources: tuple[Source, ...]
    in_life_source: Source

    @property
    def points(self) -> str:
        """What to look for, as a list in Markdown."""
        return "\n".join(f"- {line}" for line in self.look)

    @property
    def after(self) -> str:
        """Whom the looks are taken from, as Markdown."""
        return "After " + "; ".join(source.cited for source in self.sources)


LESSONS: dict[str, Lesson] = {
    key: Lesson.of(entry, key)
    for key, entry in read_object(Path(__file__).with_suffix(".json")).items()
}
"""By the key of the diagnosis."""
