"""Windows alone: bring the window of another process to the front, or let another do so."""

import ctypes
from typing import Any

RESTORE = 9
"""SW_RESTORE of `ShowWindow`."""
ANY_PROCESS = -1
"""ASFW_ANY of `AllowSetForegroundWindow`."""


def let_others(user32: Any = None) -> None:
    """Whoever was started by a double-click may bring windows to the front, and hands that on."""
    user32 = user32 or ctypes.windll.user32  # type: ignore[attr-defined,unused-ignore]
    user32.AllowSetForegroundWindow(ANY_PROCESS)


def to_front(pid: int, user32: Any = None) -> bool:
    """Unfold the first visible window with a title that a process has, and bring it to the front;
    false if it has none."""
    user32 = user32 or ctypes.windll.user32  # type: ignore[attr-defined,unused-ignore]
    # The type of what the system calls; other systems, where this is tested, lack the first.
    factory = getattr(ctypes, "WINFUNCTYPE", ctypes.CFUNCTYPE)
    found: list[ctypes.c_void_p] = []

    def look(window: int, _: int) -> int:
        owner, handle = ctypes.c_ulong(), ctypes.c_void_p(window)
        user32.GetWindowThreadProcessId(handle, ctypes.byref(owner))
        if (
            owner.value == pid
            and user32.IsWindowVisible(handle)
            and user32.GetWindowTextLengthW(handle)
        ):
            found.append(handle)
        return int(not found)

    callback = factory(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(look)
    user32.EnumWindows(callback, 0)
    if not found:
        return False
    handle = found[0]
    if user32.IsIconic(handle):
        user32.ShowWindow(handle, RESTORE)
    user32.SetForegroundWindow(handle)
    return True
