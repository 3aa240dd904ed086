"""Models that are loaded before anybody asks."""

import threading
from collections.abc import Iterator

import pytest

from core.models.weights import WeightsError
from ui import state
from ui.serving.preloading import load_models


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The threads that loaded models, by name; nothing is really loaded."""
    found: list[str] = []

    class Server:
        def __init__(self, folders: object) -> None:
            found.append(threading.current_thread().name)

    monkeypatch.setattr(state, "ModelServer", Server)
    state._model_server.clear()  # type: ignore[attr-defined]
    yield found
    state._model_server.clear()  # type: ignore[attr-defined]


def test_are_there_for_who_asks_first(loaded: list[str]) -> None:
    load_models().join()
    state.model_server()
    assert loaded == ["models"]


def test_a_fault_is_left_to_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise WeightsError("damaged")

    faults: list[object] = []
    monkeypatch.setattr("threading.excepthook", faults.append)
    monkeypatch.setattr(state, "model_server", broken)
    load_models().join()
    assert not faults
