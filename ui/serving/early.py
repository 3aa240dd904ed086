"""The models are loaded as soon as the app is served, beside the first visitor's download of the
page, which takes as long."""

import threading

from core.models.weights import WeightsError
from core.settings import SettingsError
from ui import state


def load_models() -> threading.Thread:
    """Load them beside everything else; who asks for them meanwhile waits for the same ones. What
    keeps them from loading is told by the page that needs them."""
    thread = threading.Thread(target=_load, name="models", daemon=True)
    thread.start()
    return thread


def _load() -> None:
    try:
        state.model_server()
    except (WeightsError, SettingsError):
        return
