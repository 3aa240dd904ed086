"""The screen of one visitor, without a browser: what the server's messages build up.

The protocol is Streamlit's own, as of version 1.67.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg


class SessionError(RuntimeError):
    """The server, or the page it sent, is not as a visitor should find it."""


@dataclass(frozen=True)
class Answer:
    """What the Analyse page shows of one photo.

    Attributes:
        headline: `Melanocytic naevus · 97 %`.
        shares: the bars' lengths, 0…1, by the diagnosis' name without its spaces (the chart
            breaks names into lines).
        image: path of the shown picture on the server, `/media/….jpg`.
    """

    headline: str
    shares: dict[str, float]
    image: str


@dataclass
class _Shown:
    element: Any  # the member of Streamlit's Element that is set, such as a FileUploader
    kind: str
    run: str
    fragment: str


@dataclass
class _Kept:
    message: ForwardMsg
    used: int


class Page:
    """The screen: the elements by their place, as the server's messages build them up.

    Attributes:
        session: id that the server gave to this visitor.
        script: hash of the page, which the server names and wants to hear with each rerun.
        places: those hashes by the pages' addresses, such as `dataset`; of the first page "".
        repeating: fragments that the browser has to run again and again, with the seconds between.
        kept: large messages by their hash; the server only refers to them when they come again.
    """

    def __init__(self) -> None:
        self.session = self.script = self._run = ""
        self.places: dict[str, str] = {}
        self.repeating: dict[str, float] = {}
        self.kept: dict[str, _Kept] = {}
        self._shown: dict[tuple[int, ...], _Shown] = {}
        self._runs = self._keep_for = 0

    def apply(self, message: ForwardMsg) -> None:
        """Take in one message. Raises SessionError if it refers to one that never came."""
        if message.HasField("ref_hash"):
            message = self._resolved(message)
        elif message.metadata.cacheable:
            self.kept[message.hash] = _Kept(message, self._runs)
        kind, run = message.WhichOneof("type"), message.metadata.run
        if kind == "new_session":
            self._run, new = run.script_run_id, message.new_session
            self.session = new.initialize.session_id or self.session
            self._keep_for = new.config.max_cached_message_age or self._keep_for
            self.script = new.page_script_hash or self.script
            if not run.fragment_ids:
                self.repeating.clear()
        elif kind == "navigation":
            self.script = message.navigation.page_script_hash
            pages = message.navigation.app_pages
            self.places = {
                "" if p.is_default else p.url_pathname: p.page_script_hash for p in pages
            }
        elif kind == "auto_rerun":
            self.repeating[message.auto_rerun.fragment_id] = message.auto_rerun.interval
        elif kind == "stop_auto_rerun":
            for fragment in message.stop_auto_rerun.fragment_ids:
                self.repeating.pop(fragment, None)
        elif kind == "delta":
            self._draw(tuple(message.metadata.delta_path), message.delta)
        elif (
            kind == "script_finished"
            and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN
        ):
            self._finish(run.script_run_id, set(run.fragment_ids))

    def _resolved(self, reference: ForwardMsg) -> ForwardMsg:
        kept = self.kept.get(reference.ref_hash)
        if kept is None:
            raise SessionError("The server refers to a message that it never sent.")
        kept.used = self._runs
        message = ForwardMsg()
        message.CopyFrom(kept.message)
        message.metadata.CopyFrom(reference.metadata)
        return message

    def _draw(self, place: tuple[int, ...], delta: Any) -> None:
        if delta.HasField("add_block"):  # its old children stay until the run has ended
            self._shown.pop(place, None)
            kind = delta.add_block.WhichOneof("type")
            if kind in ("tab", "tab_container"):
                block = getattr(delta.add_block, kind)
                self._shown[place] = _Shown(block, kind, self._run, delta.fragment_id)
        elif delta.HasField("new_element"):  # takes the place of a block and all within
            for other in [p for p in self._shown if p[: len(place)] == place]:
                del self._shown[other]
            kind = delta.new_element.WhichOneof("type")
            element = getattr(delta.new_element, kind)
            self._shown[place] = _Shown(element, kind, self._run, delta.fragment_id)

    def _finish(self, run: str, fragments: set[str]) -> None:
        """Remove what the ended run has not drawn again, and messages not used for some runs."""
        for place, shown in list(self._shown.items()):
            if shown.run != run and (not fragments or shown.fragment in fragments):
                del self._shown[place]
        self._runs += 1
        for digest, kept in list(self.kept.items()):
            mine = not fragments or kept.message.delta.fragment_id in fragments
            if mine and self._runs - kept.used > self._keep_for:
                del self.kept[digest]

    def elements(self, kind: str) -> list[Any]:
        """The elements of a kind (a member of Streamlit's Element), in the order of the page."""
        return [s.element for _, s in sorted(self._shown.items()) if s.kind == kind]

    def widgets(self) -> dict[str, tuple[Any, str]]:
        """What can be used: element and id of its fragment, by its own id."""
        shown = ((getattr(s.element, "id", ""), s) for s in self._shown.values())
        return {widget: (s.element, s.fragment) for widget, s in shown if widget}

    def widget(self, key: str) -> tuple[Any, str]:
        """The widget with that key and its fragment's id. Raises SessionError if there is none."""
        for widget, found in self.widgets().items():
            if _key(widget) == key:
                return found
        raise SessionError(f"There is no widget {key!r}. The page says: {self.words()}")

    def widget_keys(self) -> list[str]:
        """The keys of all widgets, those without one left out."""
        found = [_key(widget) for widget in self.widgets()]
        return [key for key in found if key != "None"]

    def has(self, key: str) -> bool:
        """Whether there is a widget with that key, not greyed out."""
        found = [e for i, (e, _) in self.widgets().items() if _key(i) == key]
        return bool(found) and not getattr(found[0], "disabled", False)

    def options(self, key: str) -> list[str]:
        """The labels of a widget's options, of a group of tabs those of the tabs."""
        widget = self.widget(key)[0]
        for place, shown in sorted(self._shown.items()):
            if shown.element is widget and shown.kind == "tab_container":
                tabs = [s for p, s in sorted(self._shown.items()) if p[:-1] == place]
                return [s.element.label for s in tabs if s.kind == "tab"]
        return [o if isinstance(o, str) else _label(o) for o in widget.options]

    def words(self) -> str:
        """Its errors, warnings and headings."""
        alerts = [f"{a.title} {a.body}".strip() for a in self.elements("alert")]
        headings = [h.body for h in self.elements("heading")]
        return " | ".join([e.message for e in self.elements("exception")] + alerts + headings)

    def answer(self) -> Answer:
        """Read the answer. Raises SessionError if there is none, or an unexpected error."""
        headlines = [h.body for h in self.elements("heading") if h.tag != "h1" and "%" in h.body]
        parts = {
            part.component_name: json.loads(part.json) for part in self.elements("bidi_component")
        }
        photo, bars = parts.get("lesionlab_photo"), parts.get("lesionlab_bars")
        if self.elements("exception") or not (headlines and photo and bars):
            raise SessionError(f"There is no answer. The page says: {self.words()}")
        rows = (row for group in bars["groups"] for row in group["rows"])
        shares = {"".join(row["name"].split()): float(row["share"]) for row in rows}
        return Answer(headlines[0], shares, photo["photo"])


def _label(option: Any) -> str:
    return f"{option.content_icon} {option.content}".strip()


def _key(widget: str) -> str:
    """The key in a widget's id such as `$$ID-0f3a…-file`."""
    return widget.split("-", 2)[-1]
