"""One visitor of the app: what a browser says to the server and what it would show, without one.

The protocol is Streamlit's own, as of version 1.67: protobuf messages over a websocket, photos up
over `/_stcore/upload_file`, pictures down from `/media`.

    async with Session("http://127.0.0.1:8501") as session:
        await session.choose("source", "Your photo")
        await session.upload("file", {"mole.jpg": jpeg})
        print(session.page.answer().headline)
        await session.go("dataset")
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.cookies import RequestsCookieJar
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Common_pb2 import FileURLs
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from urllib3.util import Retry
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Origin, Subprotocol

from benchmarks.page import Page, SessionError

XSRF_COOKIE = "_streamlit_xsrf"


class Session:
    """One visitor, to be used in an `async with` block, which opens the page and leaves it.

    Only what the visitor has touched is sent as widgets' states; the server knows the defaults.

    Args:
        url: `http://HOST:PORT`.
        patience: seconds to wait for the end of one run, and for one transfer.
        slowly: seconds that it leaves each message lying before it reads it.
        place: address of the page to open, such as `dataset`; the first page is "".
        query: what stands behind the question mark of its address.
        cookies: of the browser; the server adds to them.

    Raises:
        SessionError: by every method, whatever goes wrong between the two.
    """

    def __init__(
        self,
        url: str,
        patience: float = 600.0,
        slowly: float = 0.0,
        place: str = "",
        query: str = "",
        cookies: RequestsCookieJar | None = None,
    ) -> None:
        self._slowly = slowly
        self.url, self.patience, self.page = url.rstrip("/"), patience, Page()
        self._http = requests.Session()
        self._http.trust_env = False  # no proxy
        if cookies is not None:
            self._http.cookies = cookies
        self._place, self._query = place, query
        self._http.mount("http://", HTTPAdapter(max_retries=Retry(3)))  # the server hung up
        self._thread = ThreadPoolExecutor(1)  # for what `requests` has to wait for
        self._states: dict[str, WidgetState] = {}
        self._files: dict[str, list[FileURLs]] = {}
        self._open = contextlib.AsyncExitStack()
        self._socket: ClientConnection

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            stack.callback(self._http.close)
            stack.callback(self._thread.shutdown, wait=False)
            await self._request("GET", f"/{self._place}")  # sets the browser's cookie, …
            await self._request("GET", "/_stcore/health")  # … and that of the protocol
            token = self._http.cookies.get(XSRF_COOKIE) or "none"
            with self._plainly("Connecting"):
                connection = connect(
                    f"ws{self.url.removeprefix('http')}/_stcore/stream",
                    origin=Origin(self.url),
                    subprotocols=[Subprotocol("streamlit"), Subprotocol(token)],
                    additional_headers={
                        "Cookie": "; ".join(f"{c.name}={c.value}" for c in self._http.cookies)
                    },
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

    async def go(self, page: str) -> None:
        """To another page, by its address (`dataset`; the first page is "")."""
        if page not in self.page.places:
            raise SessionError(f"There is no page {page!r}.")
        self.page.script, self._states = self.page.places[page], {}
        self._place, self._query = page, ""
        await self._rerun()

    async def choose(self, key: str, option: str) -> None:
        """Take one option of a segmented control, pills, a list or tabs, by its label or the end of
        it (what comes behind the sign)."""
        widget, fragment = self.page.widget(key)
        label = next((o for o in self.page.options(key) if o.endswith(option)), None)
        if label is None:
            raise SessionError(f"{key!r} has no option {option!r}.")
        state = WidgetState(id=widget.id)
        if hasattr(widget, "options") and not hasattr(widget, "placeholder"):
            state.string_array_value.data.append(label)
        else:
            state.string_value = label
        await self._set(state, fragment)

    async def switch(self, key: str, on: bool) -> None:
        """Set a toggle."""
        widget, fragment = self.page.widget(key)
        await self._set(WidgetState(id=widget.id, bool_value=on), fragment)

    async def press(self, key: str) -> None:
        """Click a button."""
        widget, fragment = self.page.widget(key)
        await self._set(WidgetState(id=widget.id, trigger_value=True), fragment)
        self._states.pop(widget.id, None)

    async def submit(self, key: str, text: str) -> None:
        """Type into the one field of a form, and send the form."""
        field, fragment = self.page.widget(key)
        forms = {b.form_id: b for b in self.page.elements("button") if b.is_form_submitter}
        if field.form_id not in forms:
            raise SessionError(f"{key!r} is in no form.")
        button = forms[field.form_id]
        self._states[field.id] = WidgetState(id=field.id, string_value=text)
        await self._set(WidgetState(id=button.id, trigger_value=True), fragment)
        self._states.pop(button.id, None)

    async def turn_to(self, key: str, page: int) -> None:
        """Turn to a page (from 1) of what is shown in pages."""
        widget, fragment = self.page.widget(key)
        await self._set(WidgetState(id=widget.id, int_value=page), fragment)

    async def upload(self, key: str, files: Mapping[str, bytes]) -> None:
        """Put files, by their names, into a file uploader, in place of those before."""
        widget, fragment = self.page.widget(key)
        urls = await self._places(files)
        for before in self._files.pop(key, []):
            await self._request("DELETE", before.delete_url)
        state = WidgetState(id=widget.id)
        for (name, content), place in zip(files.items(), urls, strict=True):
            sent = {name: (name, content, "application/octet-stream")}
            await self._request("PUT", place.upload_url, files=sent)
            state.file_uploader_state_value.uploaded_file_info.add(
                name=name, size=len(content), file_id=place.file_id, file_urls=place
            )
        self._files[key] = list(urls)
        await self._set(state, fragment)

    async def break_off(self, key: str, name: str, content: bytes) -> None:
        """Begin to upload a file, and be gone in the middle of it, without a word: as a browser
        that is closed, or whose network is."""
        self.page.widget(key)
        (place,) = await self._places([name])
        with self._plainly("Uploading half a file"):
            address = urlsplit(self.url)
            _, writer = await asyncio.open_connection(address.hostname, address.port)
            token = self._http.cookies.get(XSRF_COOKIE) or "none"
            head = (
                f"PUT {place.upload_url} HTTP/1.1\r\nHost: {address.netloc}\r\n"
                f"Cookie: {XSRF_COOKIE}={token}\r\nX-Xsrftoken: {token}\r\n"
                "Content-Type: multipart/form-data; boundary=half\r\n"
                f"Content-Length: {len(content) + 1000}\r\n\r\n"
                f'--half\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
            )
            writer.write(head.encode() + content[: len(content) // 2])
            await writer.drain()
            writer.transport.abort()
        self._socket.transport.abort()

    async def download(self, button: Any) -> bytes:
        """What a download button (one of `page.elements("download_button")`) gives."""
        if not button.deferred_file_id:
            return await self.fetch(button.url)
        asked = BackMsg()
        asked.backend_operation_request.request_id = str(uuid.uuid4())
        asked.backend_operation_request.session_id = self.page.session
        asked.backend_operation_request.deferred_file.file_id = button.deferred_file_id
        await self._send(asked)
        kind = "backend_operation_response"
        answer = (await self._receive(kind)).backend_operation_response
        if answer.error_msg:
            raise SessionError(f"{button.label}: {answer.error_msg}")
        return await self.fetch(answer.deferred_file.url)

    async def settle(self, seconds: float) -> None:
        """Run what repeats itself, as the browser does, until nothing does any more."""
        deadline = asyncio.get_running_loop().time() + seconds
        while self.page.repeating:
            if asyncio.get_running_loop().time() > deadline:
                raise SessionError(f"It goes on for more than {seconds:g} s: {self.page.words()}")
            fragment, interval = next(iter(self.page.repeating.items()))
            await asyncio.sleep(interval)
            await self._rerun(fragment, again=True)

    async def look_again(self) -> None:
        """Run what repeats itself, once."""
        for fragment in list(self.page.repeating):
            await self._rerun(fragment, again=True)

    async def fetch(self, path: str) -> bytes:
        """A file of the server, or what a `data:` address holds, such as the shown picture."""
        if path.startswith("data:"):
            return base64.b64decode(path.partition(",")[2])
        return await self._request("GET", path)

    async def _places(self, names: Iterable[str]) -> Sequence[FileURLs]:
        """Where files of these names may be uploaded to."""
        asked = BackMsg()
        asked.file_urls_request.request_id = str(uuid.uuid4())
        asked.file_urls_request.file_names.extend(names)
        asked.file_urls_request.session_id = self.page.session
        await self._send(asked)
        return (await self._receive("file_urls_response")).file_urls_response.file_urls

    async def _set(self, state: WidgetState, fragment: str) -> None:
        self._states[state.id] = state
        await self._rerun(fragment)
        shown = self.page.widgets()  # a browser forgets the state of what is gone
        self._states = {i: state for i, state in self._states.items() if i in shown}

    async def _rerun(self, fragment: str = "", again: bool = False) -> None:
        """Have the script run, with all widgets as they are now, and wait until it has ended."""
        message = BackMsg()
        rerun = message.rerun_script
        rerun.page_script_hash, rerun.fragment_id = self.page.script, fragment
        if not self.page.script:  # which the server tells
            rerun.page_name = self._place
        rerun.query_string = self._query
        rerun.is_auto_rerun = again
        rerun.widget_states.widgets.extend(self._states.values())
        rerun.cached_message_hashes.extend(self.page.kept)
        rerun.context_info.url = f"{self.url}/{self._place}"
        rerun.context_info.color_scheme = "light"
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
                    if self._slowly:
                        await asyncio.sleep(self._slowly)
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
