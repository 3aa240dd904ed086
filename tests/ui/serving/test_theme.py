"""The theme is read once, and is what Streamlit itself would send."""

from __future__ import annotations

import pytest
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session

from ui.serving import theme

SECTIONS = ("", ".light", ".dark", ".sidebar", ".light.sidebar", ".dark.sidebar")


def sent() -> CustomThemeConfig:
    """As `AppSession._create_new_session_message` fills it."""
    message = CustomThemeConfig()
    for section in SECTIONS:
        part = message
        for name in section.split(".")[1:]:
            part = getattr(part, name)
        app_session._populate_theme_msg(part, f"theme{section}")
    return message


def test_streamlits_theme_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_session, "_populate_theme_msg", theme._read)
    expected = sent()
    assert expected.dark.primary_color != expected.light.primary_color
    theme.keep_theme()
    assert sent() == expected
    reads = []
    monkeypatch.setattr(theme, "_read", lambda *call: reads.append(call))
    assert sent().SerializeToString() == expected.SerializeToString()
    assert not reads
