"""Words of strangers, shown as they are."""

from __future__ import annotations

import re


def as_text(words: str) -> str:
    """Words of a stranger (a file name), so that Markdown shows them as they are."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~$:])", r"\\\1", words)
