"""A student's journey through the Training page, with a real, tiny training, in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.browser.conftest import App
from tests.train.conftest import write_dataset

CHOICES = {"Epochs": 2, "Size, px": 32, "Photos an epoch": 32, "Batch": 8, "Subset": 0}


@pytest.fixture(scope="module")
def server(start_app: Callable[..., App], tmp_path_factory: pytest.TempPathFactory) -> Iterator:
    data = tmp_path_factory.mktemp("painted")
    write_dataset(data / "ham10000")
    app = start_app(data)
    yield app
    for process in psutil.process_iter(["cmdline"]):
        if "train.jobs" in (process.info["cmdline"] or []) and works_for(process, app.runs):
            process.kill()


def works_for(process: psutil.Process, runs: Path) -> bool:
    try:
        return process.environ().get("LESIONLAB_RUNS") == str(runs)
    except psutil.Error:
        return False


@pytest.fixture
def training(visit):
    return visit("/training")


def fill(page, wait_idle, choices: dict[str, int]) -> None:
    page.get_by_text("How it learns").click()
    wait_idle(page)
    for label, value in choices.items():
        box = page.get_by_role("spinbutton", name=label, exact=True)
        box.fill(str(value))
        box.press("Enter")
        wait_idle(page)


def section(page, wait_idle, name: str) -> None:
    page.get_by_role("radio", name=name).click()
    wait_idle(page)


def test_from_the_form_to_a_model_in_use_and_back(
    training, wait_idle, console_errors, foreign_requests, server
):
    page = training
    fill(page, wait_idle, CHOICES)
    # The painted photos are divided in another way than those that the shipped models know.
    page.get_by_text("may have seen photos that are now for validation or test").wait_for()
    page.get_by_role("combobox", name="Start weights").click()
    page.get_by_role("option", name="None").click()
    wait_idle(page)
    page.get_by_role("button", name="Start training").click()
    page.locator(".stMarkdownBadge", has_text="Finished").wait_for()  # by itself, nobody reloads
    page.get_by_role("heading", name="Result").wait_for()
    wait_idle(page)
    assert page.get_by_role("img", name="Photo").count() == 8
    page.get_by_role("button", name="Use this model").click()
    page.get_by_role("button", name="Use it for everybody").click()
    page.get_by_text("In use, for everybody:").wait_for()
    page.get_by_role("link", name="Analyse").click()
    wait_idle(page)
    page.get_by_text("Own classifier").first.wait_for()
    page.get_by_role("button", name="Back to the shipped classifier").click()
    page.get_by_role("button", name="Use the shipped one").click()
    wait_idle(page)
    assert page.get_by_text("Own classifier").count() == 0
    page.get_by_role("link", name="Training").click()
    wait_idle(page)
    section(page, wait_idle, "Runs")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the model").click()
    assert "for_teaching_only" in download.value.suggested_filename
    page.get_by_role("button", name="Delete").click()
    wait_idle(page)
    page.get_by_role("button", name="Undo").click()
    wait_idle(page)
    page.get_by_role("heading", name="Result").wait_for()
    assert not console_errors
    assert not foreign_requests


def test_a_preview_of_augmented_samples(training, wait_idle, console_errors):
    page = training
    section(page, wait_idle, "New training")
    page.get_by_text("Augmentation, with a preview").click()
    wait_idle(page)
    page.get_by_text("Show what it does to a few photos").click()
    page.get_by_role("img", name="random changes").wait_for()
    before = page.get_by_role("img", name="random changes").get_attribute("src")
    page.get_by_role("radio", name="Flip").or_(page.get_by_role("button", name="Flip")).click()
    page.wait_for_function(
        "old => { const now = document.querySelector('img[alt*=\"random changes\"]');"
        " return now && now.src && !now.src.endsWith(old); }",
        arg=before,
    )
    assert not console_errors


@pytest.mark.parametrize("viewport", [(390, 1600)])
@pytest.mark.parametrize("color_scheme", ["dark"])
def test_nothing_sticks_out_on_a_phone(visit, wait_idle, server):
    page = visit("/training")
    for name in ("New training", "Compare", "Models", "Runs"):
        section(page, wait_idle, name)
        main = page.get_by_test_id("stMain")
        assert main.evaluate("e => e.scrollWidth <= e.clientWidth"), name


def test_the_form_can_be_filled_in_by_keyboard(training, wait_idle):
    page = training
    section(page, wait_idle, "New training")
    page.get_by_role("radio", name="New training").focus()
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.innerText || document.activeElement."
                                  "getAttribute('aria-label') || ''").strip())  # fmt: skip
    for name in ("Epochs", "Size, px", "Subset", "Measure time and disk", "Start training"):
        assert any(name in text for text in reached), (name, sorted(reached))
