"""The models are loaded as soon as the app is served, beside the first visitor's download of the
page, which takes as long."""

import contextlib
import logging
import threading

from core.models.weights import WeightsError
from core.settings import SettingsError
from ui import state

THREAD_NAME = "models"


def load_models() -> threading.Thread:
    """Load them beside everything else; who asks for them meanwhile waits for the same ones. What
    keeps them from loading is told by the page that needs them."""
    # Streamlit warns of whatever works without a visitor.
    logger = logging.getLogger("streamlit.runtime.scriptrunner_utils.script_run_context")
    logger.addFilter(_is_of_a_visitor)
    thread = threading.Thread(target=_load, name=THREAD_NAME, daemon=True)
    thread.start()
    return thread


def _is_of_a_visitor(record: logging.LogRecord) -> bool:
    return record.threadName != THREAD_NAME


def _load() -> None:
    with contextlib.suppress(WeightsError, SettingsError):
        state.model_server()
