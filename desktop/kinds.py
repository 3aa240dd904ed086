"""Which windows there are on this computer."""

from collections.abc import Callable
from pathlib import Path

from desktop import chrome, webview
from desktop.windows import DefaultBrowser, Window


def kinds(
    profile: Path,
    visited: Callable[[], bool],
    question: Callable[[], str],
    say: Callable[[str], None],
    icon: Path,
) -> list[Window]:
    """Windows to try here, the best first.

    Args:
        profile: folder for what a browser keeps.
        visited: whether a page of LesionLab is open.
        question: what to ask before the window is closed; empty if it just closes.
        say: tells a person.
        icon: folder of `icon.png` and `icon.ico`.
    """
    found: list[Window] = []
    if webview.installed():
        found.append(webview.WebView(profile, question, icon))
    found += [chrome.Chrome(program, profile, visited) for program in chrome.programs()]
    return [*found, DefaultBrowser(visited, say)]
