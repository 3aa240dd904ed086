"""Visits every page and opens every section in this process; prints which of the packages that a
server must not load it has loaded. What takes long computes elsewhere, and is waited for."""

from __future__ import annotations

import sys

from streamlit.testing.v1 import AppTest

from benchmarks.memory import HEAVY
from tests.pages.conftest import checked, start, visit
from tests.waiting import PATIENCE
from ui import answer, methods
from ui.dataset import views
from ui.subprocess_task import Task
from ui.training import store


def loaded() -> list[str]:
    return sorted({name.partition(".")[0] for name in sys.modules} & {*HEAVY})


def ended(app: AppTest, key: str) -> AppTest:
    task: Task = app.session_state[key][1]
    assert task.wait(PATIENCE), "it does not end"
    assert not task.problem, task.problem
    return checked(app)


def analyse(app: AppTest) -> None:
    for section in answer.SECTIONS:
        app.session_state["section"] = section.TITLE
        checked(app)
        for button in [b for b in app.button if b.key in ("ask_views", "compare_methods")]:
            button.click().run()
            assert not app.exception
            if button.key == "compare_methods":
                ended(app, methods.TASK)
        for toggle in [t for t in app.toggle if str(t.key).startswith(("hair_", "measure_"))]:
            toggle.set_value(True)
            checked(app)


def main() -> None:
    app = start()
    analyse(app)
    visit(app, "compare")
    visit(app, "batch")
    visit(app, "dataset")
    for tab in (views.PEOPLE, views.OUTLINES, views.MAP, views.SPLITS):
        app.session_state["dataset_view"] = tab
        checked(app)
    for tab in [tab.label for tab in start("performance").tabs]:
        for split in ("test", "validation"):
            start("performance", performance_tab=tab, split=split)
    for section in store.VIEWS:
        start("training", training_view=section)
    visit(app, "about")
    print(f"loaded: {loaded()}")


if __name__ == "__main__":
    main()
