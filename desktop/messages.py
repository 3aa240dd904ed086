"""What a person is told who started LesionLab by a double-click, and may have no terminal."""

import ctypes
import shutil
import subprocess
import sys

TITLE = "LesionLab"
_MAC = (
    'on run words\ndisplay dialog (item 1 of words) with title "LesionLab" buttons {"OK"}\nend run'
)


def say(text: str) -> None:
    """Print it where there is a terminal."""
    if sys.stderr is not None:
        print(text, file=sys.stderr, flush=True)


def alarm(text: str) -> None:
    """Print it; where nobody would read that, show a box of the system's."""
    say(text)
    if sys.stderr is not None and sys.stderr.isatty():
        return
    if sys.platform == "win32":
        ctypes.windll.user32.MessageBoxW(None, text, TITLE, 0)
        return
    if command := _box(text):
        subprocess.run(command, check=False, capture_output=True)


def _box(text: str) -> list[str]:
    """The command for a box on macOS or Linux; empty if there is none."""
    if sys.platform == "darwin":
        return ["osascript", "-e", _MAC, text]
    for words in (
        ["zenity", "--error", "--no-markup", f"--title={TITLE}", f"--text={text}"],
        ["kdialog", "--title", TITLE, "--error", text],
        ["xmessage", "-center", text],
    ):
        if shutil.which(words[0]):
            return words
    return []
