"""What a quiz is made of is made once for all who look at it."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from ui.learning import material


def test_a_class_has_each_lesion_drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []
    together = threading.Barrier(8)

    def slow(image: str) -> object:
        drawn.append(image)
        time.sleep(0.05)  # in which all the others come
        return object()

    def look(_: int) -> object:
        together.wait()
        return material.drawn("practice:a lesion of this test")

    monkeypatch.setattr(material, "practice_case", slow)
    with ThreadPoolExecutor(8) as threads:
        seen = list(threads.map(look, range(8)))
    assert len(drawn) == 1
    assert len(set(map(id, seen))) == 1
