"""The theme of `.streamlit/config.toml` is read once.

Streamlit reads its six parts anew for every run of every page, which took a sixth of the time in
which Python is busy with thirty visitors.
"""

from functools import cache

from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session

_read = app_session._populate_theme_msg


def keep_theme() -> None:
    """Have Streamlit send what it has read at the first run."""
    app_session._populate_theme_msg = _populate


@cache
def _part(section: str) -> CustomThemeConfig:
    message = CustomThemeConfig()
    _read(message, section)
    return message


def _populate(msg: CustomThemeConfig, section: str = "theme") -> None:
    if (part := _part(section)).ByteSize():  # an empty one would become present by merging
        msg.MergeFrom(part)
