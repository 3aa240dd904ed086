"""The About page."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parents[2]


def test_about_shows_both_cards_with_n_and_command():
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    app.switch_page("pages/screens/about.py").run()
    assert not app.exception
    text = "\n".join(m.value for m in app.markdown)
    for needed in ("Measured on the test split", "python -m train evaluate", "never diagnos"):
        assert needed in text
    assert len(app.subheader) == 3
