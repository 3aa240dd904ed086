"""One visitor of the app: what a browser says to the server and what it would show, without one.

The protocol is Streamlit's own, as of version 1.67: protobuf messages over a websocket, photos up
over `/_stcore/upload_file`, pictures down from `/media`.

    async with Session("http://127.0.0.1:8501") as session:
        await session.choose("source", "Your photo")
        await session.upload("file", "mole.jpg", jpeg)
        print(session.page.answer().headline)
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self

import requests
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Common_pb2 import FileURLs
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Origin, Subprotocol

XSRF_COOKIE = "_streamlit_xsrf"


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
        kept: large messages by their hash; the server only refers to them when they come again.
    """

    def __init__(self) -> None:
        self.session = self.script = self._run = ""
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
        elif kind == "navigation":
            self.script = message.navigation.page_script_hash
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

    def words(self) -> str:
        """Its errors, warnings and headings."""
        alerts = [f"{a.title} {a.body}".strip() for a in self.elements("alert")]
        headings = [h.body for h in self.elements("heading")]
        return " | ".join([e.message for e in self.elements("exception")] + alerts + headings)

    def answer(self) -> Answer:
        """Read the answer. Raises SessionError if there is none, or an unexpected error."""
        headlines = [h.body for h in self.elements("heading") if h.tag == "h3" and " · " in h.body]
        charts = [c for c in self.elements("plotly_chart") if _key(c.id) == "bars"]
        pictures = [i for images in self.elements("imgs") for i in images.imgs]
        if self.elements("exception") or not len(headlines) == len(charts) == len(pictures) == 1:
            raise SessionError(f"There is no answer. The page says: {self.words()}")
        bars = json.loads(charts[0].spec)["data"]
        pairs = ((y, x) for b in bars for y, x in zip(b["y"], b["x"], strict=True))
        shares = {"".join(name.replace("<br>", "").split()): float(share) for name, share in pairs}
        return Answer(headlines[0], shares, pictures[0].url)


def _key(widget: str) -> str:
    """The key in a widget's id such as `$$ID-0f3a…-file`."""
    return widget.split("-", 2)[-1]


class Session:
    """One visitor, to be used in an `async with` block, which opens the page and leaves it.

    Only what the visitor has touched is sent as widgets' states; the server knows the defaults.

    Args:
        url: `http://HOST:PORT`.
        patience: seconds to wait for the end of one run, and for one transfer.

    Raises:
        SessionError: by every method, whatever goes wrong between the two.
    """

    def __init__(self, url: str, patience: float = 120.0) -> None:
        self.url, self.patience, self.page = url.rstrip("/"), patience, Page()
        self._http = requests.Session()
        self._http.trust_env = False  # no proxy
        self._thread = ThreadPoolExecutor(1)  # for what `requests` has to wait for
        self._states: dict[str, WidgetState] = {}
        self._files: dict[str, FileURLs] = {}
        self._open = contextlib.AsyncExitStack()
        self._socket: ClientConnection

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            stack.callback(self._http.close)
            stack.callback(self._thread.shutdown, wait=False)
            await self._request("GET", "/_stcore/health")  # sets the cookie
            token = self._http.cookies.get(XSRF_COOKIE) or "none"
            with self._plainly("Connecting"):
                connection = connect(
                    f"ws{self.url.removeprefix('http')}/_stcore/stream",
                    origin=Origin(self.url),
                    subprotocols=[Subprotocol("streamlit"), Subprotocol(token)],
                    additional_headers={"Cookie": f"{XSRF_COOKIE}={token}"},
                    max_size=None,
                    open_timeout=self.patience,
                    ping_timeout=self.patience,
                    proxy=None,
                )
                self._socket = await stack.enter_async_context(connection)
            await self._rerun()
            self._open = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    async def choose(self, key: str, label: str) -> None:
        """Click on one option of a segmented control, by its visible label."""
        widget, fragment = self.page.widget(key)
        labels = {o.content: f"{o.content_icon} {o.content}".strip() for o in widget.options}
        if label not in labels:
            raise SessionError(f"{key!r} has no option {label!r}.")
        state = WidgetState(id=widget.id)
        state.string_array_value.data.append(labels[label])
        await self._set(state, fragment)

    async def switch(self, key: str, on: bool) -> None:
        """Set a toggle."""
        widget, fragment = self.page.widget(key)
        await self._set(WidgetState(id=widget.id, bool_value=on), fragment)

    async def upload(self, key: str, name: str, content: bytes) -> None:
        """Put a JPEG file into a file uploader, in place of the one before."""
        widget, fragment = self.page.widget(key)
        asked = BackMsg()
        asked.file_urls_request.request_id = str(uuid.uuid4())
        asked.file_urls_request.file_names.append(name)
        asked.file_urls_request.session_id = self.page.session
        await self._send(asked)
        urls = (await self._receive("file_urls_response")).file_urls_response.file_urls[0]
        if before := self._files.pop(key, None):
            await self._request("DELETE", before.delete_url)
        await self._request("PUT", urls.upload_url, files={name: (name, content, "image/jpeg")})
        self._files[key] = urls
        state = WidgetState(id=widget.id)
        state.file_uploader_state_value.uploaded_file_info.add(
            name=name, size=len(content), file_id=urls.file_id, file_urls=urls
        )
        await self._set(state, fragment)

    async def fetch(self, path: str) -> bytes:
        """A file of the server, such as the shown picture."""
        return await self._request("GET", path)

    async def _set(self, state: WidgetState, fragment: str) -> None:
        self._states[state.id] = state
        await self._rerun(fragment)
        shown = self.page.widgets()  # a browser forgets the state of what is gone
        self._states = {i: state for i, state in self._states.items() if i in shown}

    async def _rerun(self, fragment: str = "") -> None:
        """Have the script run, with all widgets as they are now, and wait until it has ended."""
        message = BackMsg()
        rerun = message.rerun_script
        rerun.page_script_hash, rerun.fragment_id = self.page.script, fragment
        rerun.widget_states.widgets.extend(self._states.values())
        rerun.cached_message_hashes.extend(self.page.kept)
        rerun.context_info.url, rerun.context_info.color_scheme = f"{self.url}/", "light"
        await self._send(message)
        await self._receive("new_session")
        end = ForwardMsg.FINISHED_EARLY_FOR_RERUN  # the script has asked for another run
        while end == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            end = (await self._receive("script_finished")).script_finished
        if end == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
            raise SessionError("The script does not compile.")

    @contextlib.contextmanager
    def _plainly(self, what: str) -> Iterator[None]:
        try:
            yield
        except (OSError, WebSocketException) as error:  # timeouts too
            reason = str(error) or f"more than {self.patience:g} s"
            raise SessionError(f"{what}: {reason}. The page says: {self.page.words()}") from error

    async def _send(self, message: BackMsg) -> None:
        with self._plainly("Sending"):
            await self._socket.send(message.SerializeToString())

    async def _receive(self, kind: str) -> ForwardMsg:
        """Show everything that comes, up to the next message of that kind, which is returned."""
        with self._plainly(f"Waiting for {kind}"):
            async with asyncio.timeout(self.patience):
                while True:
                    message = ForwardMsg.FromString(await self._socket.recv(decode=False))
                    self.page.apply(message)
                    if message.WhichOneof("type") == kind:
                        return message

    async def _request(self, method: str, path: str, **options: Any) -> bytes:
        def request() -> bytes:
            token = self._http.cookies.get(XSRF_COOKIE)
            headers = {"X-Xsrftoken": token} if token and method != "GET" else {}
            reply = self._http.request(
                method, self.url + path, headers=headers, timeout=self.patience, **options
            )
            reply.raise_for_status()
            return reply.content

        with self._plainly(f"{method} {path}"):
            return await asyncio.get_running_loop().run_in_executor(self._thread, request)
