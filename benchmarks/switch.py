"""How soon a page answers a switch: `python -m benchmarks.switch [--presses 20]`.

Each control is set in turn on the page alone, without a browser (Streamlit's AppTest), so the whole
page runs, where in a browser often only a part of it does.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

from benchmarks.common import machine, run, table

ROOT = Path(__file__).resolve().parents[1]
SWITCHES: tuple[tuple[str, dict[str, Any], str, str, tuple[Any, ...]], ...] = (
    ("analyse", {"heat_on": True}, "slider", "heat", (10, 40, 70, 100)),
    ("performance", {"performance_tab": "Overview"}, "segmented_control", "class_measure",
     ("recall", "auc", "f1")),
    ("performance", {"performance_tab": "Thresholds"}, "slider", "threshold", (10, 30, 60)),
    ("performance", {"performance_tab": "Outlines"}, "segmented_control", "outline_measure",
     ("dice", "iou")),
)  # fmt: skip
"""Page, what is in the session at first, kind and key of the control, and what it is set to."""


def seconds_of(
    page: str, session: dict[str, Any], kind: str, key: str, values: Sequence[Any], presses: int
) -> list[float]:
    """Seconds of each press, after the page was shown once. Raises RuntimeError: the page broke."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300)
    for name, value in session.items():
        app.session_state[name] = value
    app.run()
    if page != "analyse":
        app.switch_page(f"pages/screens/{page}.py").run()
    found = []
    for value in islice(cycle(values), presses):
        getattr(app, kind)(key=key).set_value(value)
        began = time.perf_counter()
        app.run()
        found.append(time.perf_counter() - began)
        if app.exception:
            raise RuntimeError(app.exception[0].message)
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.switch", description=__doc__)
    parser.add_argument("--presses", type=int, default=20, help="of each control (default: 20)")
    presses = parser.parse_args().presses
    rows = []
    for page, session, kind, key, values in SWITCHES:
        found = seconds_of(page, session, kind, key, values, presses)
        rows.append(
            (page, key, f"{1000 * statistics.median(found):.0f}", f"{1000 * max(found):.0f}")
        )
    print(f"{machine()}; {presses} presses.\n")
    print(table(("Page", "Control", "Median, ms", "Slowest, ms"), rows))


if __name__ == "__main__":
    run(main)
