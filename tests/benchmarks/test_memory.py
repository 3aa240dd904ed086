"""The memory benchmark: what it calls growth, and that its visit finds its way through the app."""

from __future__ import annotations

import asyncio
import os

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from benchmarks.memory import Round, grown, heavy
from benchmarks.page import Page
from benchmarks.visit import Visit
from desktop.server import running_app


def rounds(*rss: float) -> list[Round]:
    return [Round(mb, mb - 100, 60) for mb in rss]


def test_only_what_grows_after_the_first_rounds_is_growth() -> None:
    warm = (700, 800, 850, 890, 900)
    assert not grown(rounds(*warm))
    assert not grown(rounds(*warm, 940, 890, 944))
    assert "900 MB after round 5 to 950 MB" in grown(rounds(*warm, 890, 950, 890))


def test_too_much_is_too_much_in_the_first_round() -> None:
    assert "1101 MB after round 1" in grown(rounds(1101))
    assert not grown(rounds(1099))


def test_what_this_very_process_has_loaded_is_found() -> None:
    import sklearn.metrics
    import torch

    assert torch.zeros(1) is not None
    assert sklearn.metrics is not None
    assert {"torch", "sklearn"} <= {*heavy(os.getpid())}


def message(kind: str) -> ForwardMsg:
    made = ForwardMsg()
    made.metadata.run.script_run_id = "a"
    getattr(made, kind).SetInParent()
    return made


def test_a_page_knows_its_tabs_and_what_repeats_itself() -> None:
    page = Page()
    page.apply(message("new_session"))
    block = message("delta")
    block.metadata.delta_path.extend((0, 1))
    block.delta.add_block.tab_container.id = "$$ID-0-views"
    page.apply(block)
    for number, label in enumerate(("One", "Two")):
        tab = message("delta")
        tab.metadata.delta_path.extend((0, 1, number))
        tab.delta.add_block.tab.label = label
        page.apply(tab)
    assert page.options("views") == ["One", "Two"]
    assert page.has("views")
    assert page.widget_keys() == ["views"]
    again = message("auto_rerun")
    again.auto_rerun.fragment_id, again.auto_rerun.interval = "f", 2.0
    page.apply(again)
    assert page.repeating == {"f": 2.0}
    page.apply(message("new_session"))
    assert not page.repeating


def test_a_visit_finds_its_way_and_the_server_loads_no_torch(tmp_path) -> None:
    """But for what has a process of its own: see `tests/browser/test_sections.py`."""
    settings = {"LESIONLAB_DATA": str(tmp_path / "data"), "LESIONLAB_RUNS": str(tmp_path / "runs")}
    with running_app(tmp_path / "log", settings) as (url, pid):
        asyncio.run(Visit(url, 0, dataset=False, tasks=False).run())
        assert not heavy(pid)
