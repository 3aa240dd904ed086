"""Windows of an X display, by the system's own library: titles, and closing as a frame's button
does."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from ctypes.util import find_library
from typing import Any

_CLIENT_MESSAGE = 33
_ANY, _MOST = 0, 1024


class _Message(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("serial", ctypes.c_ulong),
        ("send_event", ctypes.c_int),
        ("display", ctypes.c_void_p),
        ("window", ctypes.c_ulong),
        ("message_type", ctypes.c_ulong),
        ("format", ctypes.c_int),
        ("data", ctypes.c_long * 5),
        ("_rest", ctypes.c_long * 24),
    )


def _ignored(*_: object) -> int:
    return 0


class Display:
    """A display, such as `:99`. Raises RuntimeError: it cannot be opened."""

    def __init__(self, name: str) -> None:
        library = find_library("X11")
        if library is None:
            raise RuntimeError("There is no libX11.")
        self._x: Any = ctypes.CDLL(library)
        # By default an error ends this process, such as a window that was closed meanwhile.
        self._ignore = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(_ignored)
        self._x.XSetErrorHandler(self._ignore)
        self._x.XOpenDisplay.restype = ctypes.c_void_p
        self._x.XDefaultRootWindow.restype = ctypes.c_ulong
        self._x.XInternAtom.restype = ctypes.c_ulong
        opened = self._x.XOpenDisplay(name.encode())
        if not opened:
            raise RuntimeError(f"There is no display {name}.")
        self._display = ctypes.c_void_p(opened)

    def titles(self) -> dict[int, str]:
        """Of the top windows that have one."""
        found = {window: self._title(window) for window in self._tops()}
        return {window: title for window, title in found.items() if title}

    def close(self, window: int) -> None:
        """Ask a window to close."""
        message = _Message(
            type=_CLIENT_MESSAGE,
            display=self._display,
            window=window,
            message_type=self._atom("WM_PROTOCOLS"),
            format=32,
        )
        message.data[0] = self._atom("WM_DELETE_WINDOW")
        self._x.XSendEvent(
            self._display, ctypes.c_ulong(window), 0, ctypes.c_long(0), ctypes.byref(message)
        )
        self._x.XFlush(self._display)

    def _atom(self, name: str) -> int:
        return int(self._x.XInternAtom(self._display, name.encode(), 0))

    def _tops(self) -> Iterator[int]:
        root = ctypes.c_ulong(self._x.XDefaultRootWindow(self._display))
        ignored, count = ctypes.c_ulong(), ctypes.c_uint()
        children = ctypes.POINTER(ctypes.c_ulong)()
        self._x.XQueryTree(
            self._display, root, ctypes.byref(ignored), ctypes.byref(ignored),
            ctypes.byref(children), ctypes.byref(count),
        )  # fmt: skip
        yield from (int(children[n]) for n in range(count.value))
        if children:
            self._x.XFree(children)

    def _title(self, window: int) -> str:
        kind, form = ctypes.c_ulong(), ctypes.c_int()
        items, left = ctypes.c_ulong(), ctypes.c_ulong()
        text = ctypes.POINTER(ctypes.c_char)()
        self._x.XGetWindowProperty(
            self._display, ctypes.c_ulong(window), ctypes.c_ulong(self._atom("_NET_WM_NAME")),
            ctypes.c_long(0), ctypes.c_long(_MOST), 0, ctypes.c_ulong(_ANY),
            ctypes.byref(kind), ctypes.byref(form), ctypes.byref(items), ctypes.byref(left),
            ctypes.byref(text),
        )  # fmt: skip
        if not text:
            return ""
        title = text[: items.value].decode("utf-8", "replace")
        self._x.XFree(text)
        return title
