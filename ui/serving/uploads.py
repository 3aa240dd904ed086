"""What visitors upload stays in memory until it is read, and is nowhere afterwards."""

import streamlit as st
from starlette.formparsers import MultiPartParser


def keep_in_memory() -> None:
    """Starlette, which receives uploads for Streamlit, writes those over 1 MB to a temporary file.
    A patient's photo has no business on a disk: all that Streamlit lets through stays in memory,
    where Streamlit keeps it anyway."""
    MultiPartParser.spool_max_size = (int(st.get_option("server.maxUploadSize")) + 1) * 1024**2
