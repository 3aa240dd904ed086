"""Words of strangers, shown as they are: names, notes, errors, whatever a file brought along."""

import html
import re

_ESCAPED = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:=&^@])")
_COMMAND = re.compile(r"(.*: )(python -m (?:(?![.,;:] ).)*?)(\.?)")
_JOINED = re.compile(
    r"(?<=:)(?=\S)|(?<=[-<>=~!])(?=[-<>=~!])|(?<=\bwww)(?=\.)|(?=@)", re.IGNORECASE
)


def as_text(words: str) -> str:
    """Words of a stranger (a file name), so that Markdown shows them as they are, in one line.

    Backslashes keep Markdown and HTML away. They are gone, though, when Streamlit and GitHub's
    Markdown look for addresses, `:material/…:`, `->` and the like in the text that is left: there
    an invisible word joiner (U+2060) breaks the pattern. A command at the end of a text is
    code, without backslashes and joiners, so that it can be copied.
    """
    line = " ".join(words.split())
    if found := _COMMAND.fullmatch(line):
        before, command, stop = found.groups()
        return f"{as_text(before)} {as_code(command)}{stop}"
    return _ESCAPED.sub(r"\\\1", _JOINED.sub("\u2060", line))


def as_plain_html(words: str) -> str:
    """Words of a stranger as a label in a Plotly figure, which reads tags such as `<b>` and
    `<a href=…>`."""
    return html.escape(words, quote=False)


def as_code(words: str) -> str:
    """Words of a stranger as code, in one line: in more backticks than they have themselves."""
    line = " ".join(words.split()) or " "
    fence = "`" * (1 + max(map(len, re.findall("`+", line)), default=0))
    pad = " " if line[0] == "`" or line[-1] == "`" else ""
    return f"{fence}{pad}{line}{pad}{fence}"
