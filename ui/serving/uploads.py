"""What visitors upload stays in memory until it is read, and is nowhere afterwards."""

import contextlib

import streamlit as st
from starlette.formparsers import MultiPartParser
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send


class BrokenUploads:
    """ASGI middleware for which an upload that breaks off is no error of the server's: nobody is
    there any more to be told, and the log gets no page of traceback."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on."""
        with contextlib.suppress(ClientDisconnect):
            await self.app(scope, receive, send)


def keep_in_memory() -> None:
    """Starlette, which receives uploads for Streamlit, writes those over 1 MB to a temporary file.
    A patient's photo has no business on a disk: all that Streamlit lets through stays in memory,
    where Streamlit keeps it anyway."""
    MultiPartParser.spool_max_size = (int(st.get_option("server.maxUploadSize")) + 1) * 1024**2
