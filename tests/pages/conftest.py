"""What the tests of pages share: to open one headless, and to read what it says.

app = start("performance", performance_tab="Calibration")
button(app, "Swap sides").click().run()
assert "Why" in texts(app)
"""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from core.ham10000.dataset import Dataset
from core.settings import REPOSITORY
from tests.waiting import PATIENCE

ANNA = "a" * 43
"""Key of a browser."""
HEADERS = {"Host": "127.0.0.1:8501", "Origin": "http://127.0.0.1:8501", "User-Agent": "Firefox"}
"""What the browser of somebody at this computer sends."""


@pytest.fixture(autouse=True)
def _what_is_loaded_stays() -> None:
    """Streamlit collects garbage after each run of a script. To look through torch and all others
    that tests have imported takes a quarter of a second each time; the app does the same with its
    models (`ui.state`)."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope="session")
def _components_are_looked_for_once() -> Iterator[None]:
    """For each new `AppTest` Streamlit reads what all installed packages say of themselves, a
    quarter of a second; a server does it once."""
    found = manifest_scanner.scan_component_manifests()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", lambda *_: found)
        yield


@pytest.fixture(autouse=True)
def headers(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Of the visitor's connection (a page run headless has none of its own); may be changed."""
    found = dict(HEADERS)
    monkeypatch.setattr(type(st.context), "headers", property(lambda _: found))
    return found


@pytest.fixture(autouse=True)
def cookies(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Of the visitor's browser; may be changed."""
    found: dict[str, str] = {}
    monkeypatch.setattr(type(st.context), "cookies", property(lambda _: found))
    return found


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh installation without a dataset: its data folder, which is not there yet."""
    monkeypatch.setenv("LESIONLAB_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def imported(drawn: Dataset, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """An installation with HAM10000 in little, of drawn lesions."""
    monkeypatch.setenv("LESIONLAB_DATA", str(drawn.root.parent))
    return drawn


@pytest.fixture
def whole(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """An installation with HAM10000 itself."""
    monkeypatch.setenv("LESIONLAB_DATA", str(dataset.root.parent))
    return dataset


@pytest.fixture
def browser(
    fresh: Path, tmp_path: Path, cookies: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """The cookies of the visitor's browser, Anna's at first, in a fresh installation."""
    cookies["lesionlab_browser"] = ANNA
    monkeypatch.setenv("LESIONLAB_LEARNING", str(tmp_path / "learning"))
    return cookies


def start(page: str = "analyse", **session: Any) -> AppTest:
    """A page (file name in `pages/screens`) in a new session that remembers `session`."""
    app = AppTest.from_file(str(REPOSITORY / "app.py"), default_timeout=PATIENCE)
    for key, value in session.items():
        app.session_state[key] = value
    return visit(app, page)


def visit(app: AppTest, page: str) -> AppTest:
    """Go to another page in the same session."""
    return checked(app.switch_page(f"pages/screens/{page}.py"))


def checked(app: AppTest) -> AppTest:
    """Run the page with what was set on it; no exception may come out of it."""
    app.run()
    assert not app.exception, [e.value for e in app.exception]
    return app


def texts(app: AppTest) -> str:
    """All words of the page that are no labels: as written, and as a reader sees them."""
    notes = [*app.warning, *app.error, *app.info, *app.success]
    parts = [*app.markdown, *app.caption, *notes, *app.header, *app.subheader]
    written = [str(part.value) for part in parts]
    return "\n".join([*written, *(read(words) for words in written if read(words) != words)])


def read(words: str) -> str:
    """Markdown that `ui.text.as_text` made, as a reader sees it."""
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", words).replace("\u2060", "")


def part(app: AppTest, name: str) -> dict[str, Any] | None:
    """What the browser draws as the part of that name (a module of `ui.parts`); None: it is not
    there."""
    for found in app.get("bidi_component"):
        if found.proto.component_name == f"lesionlab_{name}":
            data: dict[str, Any] = json.loads(found.proto.json)
            return data
    return None


def button(app: AppTest, label: str) -> Any:
    """The first button of that label; None if there is none."""
    return next((b for b in app.button if b.label == label), None)
