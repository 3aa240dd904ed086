"""The Compare page, run headless with the shipped weights."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.answer.words import WORRIED
from core.ham10000.dataset import Dataset
from core.imaging.image import to_jpeg, to_png
from core.lesion.phantom import practice_set, practice_titles
from core.system.fair_queue import BusyError
from core.taxonomy import BY_KEY
from tests.pages.conftest import button, checked, read, start, texts, visit
from tests.waiting import PATIENCE
from ui import state
from ui.compare import address

ROOT = Path(__file__).resolve().parents[2]
PAGE = "pages/screens/compare.py"


@pytest.fixture
def app(fresh: Path) -> AppTest:
    """The page of a fresh clone: no dataset."""
    return start("compare")


@pytest.fixture
def with_dataset(imported: Dataset) -> AppTest:
    return start("compare")


def images(app: AppTest) -> list:
    return [image.proto.imgs[0] for image in app.image]


def alts(app: AppTest) -> list[str]:
    return [image.alt for image in images(app)]


def chart_alt(app: AppTest) -> str:
    return app.get("plotly_chart")[0].proto.alt


def measured(app: AppTest, measure: str) -> list[str]:
    table = app.table[0].value.set_index("Measure")
    return table.loc[measure].tolist()


def upload(app: AppTest, slot: str, name: str, content: bytes) -> AppTest:
    app.segmented_control(key=f"{slot}source").set_value("upload").run()
    app.file_uploader(key=f"{slot}file").set_value((name, content, "image/jpeg")).run()
    assert not app.exception
    return app


def test_starts_with_two_different_photos_both_answered(app):
    left, right = alts(app)
    assert left.startswith(f"Left: Photo {practice_titles()[0]}")
    assert right.startswith(f"Right: Photo {practice_titles()[1]}")
    assert len([s for s in app.header if "\N{NO-BREAK SPACE}%" in s.value]) == 2
    assert len(app.get("plotly_chart")) == 1
    assert "Left: Class probabilities" in chart_alt(app)
    assert "Right: Class probabilities" in chart_alt(app)


def test_every_switch_acts_on_both_photos_and_runs_no_network(app, monkeypatch):
    monkeypatch.setattr(state.ModelServer, "answer", lambda *_: pytest.fail("a network ran"))
    app.toggle(key="outline").set_value(True)
    app.toggle(key="heat_on").set_value(True).run()
    own = [alt.split("heatmap for ")[1] for alt in alts(app)]
    server = state.model_server()
    pair = [server.remembered(lesion.image.digest).analysis for lesion in practice_set()[:2]]
    other = next(  # something in both photos speaks for it
        key
        for key, diagnosis in BY_KEY.items()
        if diagnosis.name not in own and all(a.heatmap(key).max() > 0 for a in pair)
    )
    for change in (
        lambda: app.slider(key="fill").set_value(40),
        lambda: app.slider(key="heat").set_value(90),
        lambda: app.toggle(key="outline").set_value(False),
        lambda: app.pills(key="pair_target").set_value(other),
        lambda: app.toggle(key="heat_on").set_value(False),
    ):
        before = [image.url for image in images(app)]
        change().run()
        assert not app.exception
        assert all(image.url != old for image, old in zip(images(app), before, strict=True))
    assert not any("outlined" in alt or "heatmap" in alt for alt in alts(app))


def test_no_key_is_named_that_does_nothing_here(app):
    assert [t.label for t in app.toggle][:2] == ["Outline", "Heatmap"]


def test_one_class_or_each_photo_s_own(app):
    app.toggle(key="heat_on").set_value(True).run()
    heads = [s.value.lower() for s in app.header if "\N{NO-BREAK SPACE}%" in s.value]
    for head, alt in zip(heads, alts(app), strict=True):
        assert alt.split("heatmap for ")[1].lower() in head
    app.pills(key="pair_target").set_value("vasc").run()
    assert all("heatmap for Vascular lesion" in alt for alt in alts(app))


def test_swap_exchanges_all_that_belongs_to_a_side(app):
    upload(app, "two_", "mole.jpg", to_jpeg(practice_set()[2].image.rgb))
    app.number_input[0].set_value(20.0).run()
    app.number_input[1].set_value(10.0).run()
    before = measured(app, "Equivalent diameter")
    button(app, "Swap sides").click().run()
    assert not app.exception
    left, right = alts(app)
    assert left.startswith("Left: Photo mole.jpg")
    assert right.startswith(f"Right: Photo {practice_titles()[0]}")
    assert [n.value for n in app.number_input] == [10.0, 20.0]
    after = measured(app, "Equivalent diameter")
    assert after[:2] == before[1::-1]
    button(app, "Swap sides").click().run()
    assert measured(app, "Equivalent diameter") == before


def test_pickers_know_nothing_of_each_other_nor_of_analyse(app):
    app.selectbox(key="one_practice").set_value(practice_titles()[4]).run()
    upload(app, "two_", "mole.jpg", to_jpeg(practice_set()[2].image.rgb))
    assert practice_titles()[4] in alts(app)[0]
    assert "mole.jpg" in alts(app)[1]
    visit(app, "analyse")
    assert app.segmented_control(key="source").value == "practice"
    assert app.selectbox(key="practice").value == practice_titles()[0]
    visit(app, "compare")
    assert practice_titles()[4] in alts(app)[0]
    assert "mole.jpg" in alts(app)[1]


def test_removing_one_upload_leaves_the_other(app):
    for place, slot in enumerate(("one_", "two_")):
        upload(app, slot, f"{slot}.jpg", to_jpeg(practice_set()[place].image.rgb))
    button(app, "Forget this photo").click().run()
    assert not app.exception
    assert len(alts(app)) == 1
    assert alts(app)[0].startswith("Right: Photo two_.jpg")


def test_analyse_hands_its_photo_over_to_the_left(app):
    button(app, "Swap sides").click().run()  # the left is then the other slot
    visit(app, "analyse")
    upload(app, "", "carried.jpg", to_jpeg(practice_set()[3].image.rgb))
    button(app, "Compare with another photo").click().run()
    assert not app.exception
    left, right = alts(app)
    assert left.startswith("Left: Photo carried.jpg")
    assert right.startswith(f"Right: Photo {practice_titles()[0]}")


def test_the_right_side_starts_at_another_photo_than_the_one_handed_over(tmp_path, monkeypatch):
    monkeypatch.setenv("LESIONLAB_DATA", str(tmp_path))
    app = start()
    app.selectbox(key="practice").set_value(practice_titles()[1]).run()
    button(app, "Compare with another photo").click().run()
    left, right = alts(app)
    assert practice_titles()[1] in left
    assert practice_titles()[0] in right


def test_days_between_the_photos(app):
    assert "days" not in texts(app)
    app.date_input[0].set_value(date(2024, 1, 31)).run()
    assert "**" not in next((m.value for m in app.markdown if "event" in m.value), "")
    app.date_input[1].set_value(date(2024, 3, 1)).run()
    assert "**30 days** from the left photo to the right one" in texts(app)
    app.date_input[1].set_value(date(2024, 2, 1)).run()
    assert "**1 day** from" in texts(app)
    app.date_input[1].set_value(date(2024, 1, 31)).run()
    assert "the same day" in texts(app)


def test_a_left_photo_later_than_the_right_one_is_pointed_out(app):
    app.date_input[0].set_value(date(2024, 3, 1)).run()
    app.date_input[1].set_value(date(2024, 1, 31)).run()
    assert "30 days after the right one" in app.warning[0].value
    button(app, "Swap sides").click().run()
    assert not app.warning
    assert "**30 days** from" in texts(app)


def test_dates_belong_to_the_photo(app):
    app.date_input[0].set_value(date(2024, 3, 1)).run()
    app.selectbox(key="one_practice").set_value(practice_titles()[3]).run()
    assert app.date_input[0].value is None
    app.selectbox(key="one_practice").set_value(practice_titles()[0]).run()
    assert app.date_input[0].value == date(2024, 3, 1)


def test_growth_is_never_stated(app):
    app.date_input[0].set_value(date(2023, 1, 1)).run()
    app.date_input[1].set_value(date(2024, 1, 1)).run()
    words = texts(app).lower()
    assert "no proof that the lesion has changed" in words
    for word in ("grown", "growth", "grew", "larger than before"):
        assert word not in words


def test_millimetres_need_both_widths(app):
    app.segmented_control(key="pair_size").set_value("mm").run()
    assert "type the width in mm of both photos" in texts(app)
    assert measured(app, "Equivalent diameter")[2] == "needs a scale"
    app.number_input[0].set_value(20.0).run()
    assert measured(app, "Equivalent diameter")[2] == "needs a scale"
    left, right = (image.url for image in images(app))
    app.number_input[1].set_value(10.0).run()
    assert "type the width in mm of both photos. Until" not in texts(app)
    assert all(cell.endswith(" mm") for cell in measured(app, "Equivalent diameter"))
    assert images(app)[0].url == left, "the larger one still fills its place"
    assert images(app)[1].url != right, "the other one is drawn at half its size"


def test_same_pixels_draws_the_smaller_photo_smaller(app):
    upload(app, "two_", "small.png", to_png(practice_set()[1].image.rgb[100:325, 100:400].copy()))
    left, right = (image.url for image in images(app))
    app.segmented_control(key="pair_size").set_value("pixels").run()
    assert not app.exception
    assert images(app)[0].url == left
    assert images(app)[1].url != right


def test_a_portrait_beside_a_landscape(app):
    upload(app, "two_", "tall.png", to_png(practice_set()[1].image.rgb[:, 150:350].copy()))
    assert len(alts(app)) == 2


def test_a_broken_side_says_so_and_leaves_the_other(app):
    upload(app, "one_", "broken.jpg", b"no picture" * 100)
    assert len(app.error) == 1
    assert alts(app)[0].startswith(f"Right: Photo {practice_titles()[1]}")
    assert len(alts(app)) == 1
    assert "Left" not in chart_alt(app)
    assert "Right: Class probabilities" in chart_alt(app)
    assert measured(app, "Asymmetry of shape")[0] == "–"
    assert measured(app, "Asymmetry of shape")[1] != "–"


def test_two_broken_sides_get_two_messages(app):
    for slot in ("one_", "two_"):
        upload(app, slot, "broken.jpg", b"no picture" * 100)
    assert len(app.error) == 2
    assert not app.image


def test_empty_sides_say_what_to_do(app):
    app.segmented_control(key="two_source").set_value("upload").run()
    assert "Choose a file" in texts(app)
    assert len(alts(app)) == 1
    app.segmented_control(key="one_source").set_value("dataset").run()
    assert not app.exception
    assert "python -m core dataset import" in texts(app)
    assert "Choose a photo on each side" in texts(app)
    assert not app.get("plotly_chart")


def test_a_photo_without_a_lesion(app, monkeypatch):
    answer = state.ModelServer.answer

    def none_found(model_server: state.ModelServer, case) -> state.ShownAnalysis:
        shown = answer(model_server, case)
        analysis = replace(shown.analysis, measurements=None)
        return replace(shown, analysis=analysis, mask=np.zeros_like(shown.mask))

    monkeypatch.setattr(state.ModelServer, "answer", none_found)
    upload(app, "two_", "skin.png", to_png(practice_set()[3].image.rgb[:300, :500].copy()))
    assert "Right: no lesion was outlined" in texts(app)
    assert measured(app, "Asymmetry of shape")[1:] == ["–", "–"]
    assert len(alts(app)) == 2


def noise(app: AppTest, slot: str) -> AppTest:
    """A photo that is no dermoscopy."""
    pixels = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)
    return upload(app, slot, "noise.png", to_png(pixels))


def headlines(app: AppTest) -> list[str]:
    return [s.value for s in app.header if "\N{NO-BREAK SPACE}%" in s.value]


def test_what_is_no_dermoscopy_is_answered_only_if_wanted(app):
    noise(app, "two_")
    app.toggle(key="outline").set_value(True)
    app.toggle(key="heat_on").set_value(True).run()
    left, right = alts(app)
    assert "heatmap for" in left
    assert right == "Right: Photo noise.png"
    assert len(headlines(app)) == 1
    assert "Right: Class probabilities" not in chart_alt(app)
    assert measured(app, "Asymmetry of shape")[1:] == ["–", "–"]
    assert set(app.table[0].value["Difference"]) == {"–"}
    next(t for t in app.toggle if str(t.key).startswith("two_anyway_")).set_value(True).run()
    assert not app.exception
    assert "Right: Class probabilities" in chart_alt(app)
    assert "heatmap for" in alts(app)[1]


def test_two_photos_that_are_no_dermoscopy_are_only_shown(app):
    for slot in ("one_", "two_"):
        noise(app, slot)
    assert len(alts(app)) == 2
    assert not headlines(app)
    assert not app.table
    assert not app.get("plotly_chart")
    assert not [t for t in app.toggle if t.key in ("outline", "heat_on")]


def address_of(app: AppTest) -> dict[str, str]:
    return {name: "".join(app.query_params[name]) for name in app.query_params}


def arrive(**address: str) -> AppTest:
    """A new visitor with that address."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=PATIENCE)
    app.switch_page(PAGE)
    for name, value in address.items():
        app.query_params[name] = value
    return checked(app)


def test_both_photos_come_back_from_the_address(app):
    app.selectbox(key="one_practice").set_value(practice_titles()[4]).run()
    found = address_of(app)
    assert set(found) == {"left", "right"}
    other = arrive(**found)
    assert alts(other) == alts(app)
    button(other, "Swap sides").click().run()
    assert address_of(other) == {"left": found["right"], "right": found["left"]}
    assert alts(arrive(**address_of(other))) == alts(other)


def test_a_photo_of_one_s_own_comes_back_after_a_reload_until_it_is_forgotten(app):
    upload(app, "two_", "mole.jpg", to_jpeg(practice_set()[2].image.rgb))
    found = address_of(app)
    assert found["right"].startswith(address.OWN)
    assert "mole" not in found["right"]
    again = arrive(**found)
    assert alts(again) == alts(app)
    assert address_of(again) == found
    again.button(key="two_upload_remove").click().run()
    lost = arrive(**found)
    assert not lost.exception
    assert "no longer here" in texts(lost)
    assert len(alts(lost)) == 1, "no other photo takes its place"


def test_who_brings_a_photo_along_is_told_to_see_a_doctor(app):
    assert WORRIED not in texts(app)
    upload(app, "two_", "mole.jpg", to_jpeg(practice_set()[2].image.rgb))
    assert texts(app).count(WORRIED) == 1


def test_cases_come_back_from_the_address_whatever_the_filters_say(with_dataset, imported):
    seen = imported.table.index[imported.table["split"] == "train"][:2]
    app = arrive(left=seen[0], right=seen[1])
    assert [app.session_state[f"{slot}case"] for slot in ("one_", "two_")] == list(seen)
    assert address_of(app) == {"left": seen[0], "right": seen[1]}


@pytest.mark.parametrize("told", ["practice99", "ISIC_9999999", "<b>", "1" * 5000])
def test_what_names_no_photo_in_an_address_is_named(with_dataset, told):
    app = arrive(left=told, right="practice2")
    assert "There is no image" in texts(app)
    assert practice_titles()[1] in alts(app)[1]
    assert len(alts(app)) == 2
    assert address_of(app)["left"] == app.session_state["one_case"]


def test_the_same_photo_twice_is_pointed_out(app):
    assert "Both sides show the same photo" not in texts(app)
    app.selectbox(key="two_practice").set_value(practice_titles()[0]).run()
    assert not app.exception
    assert "Both sides show the same photo" in texts(app)


def test_full_queue_on_both_sides_offers_two_tries(app, monkeypatch):
    def full(_) -> None:
        raise BusyError("100 photos wait to be analysed already. Try again in a minute.")

    with monkeypatch.context() as patch:
        patch.setattr(type(state.model_server().turns), "take", full)
        photo = to_jpeg(practice_set()[0].image.rgb[:370, :510].copy())
        for slot in ("one_", "two_"):
            upload(app, slot, "late.jpg", photo)
        assert len([b for b in app.button if b.label == "Try again"]) == 2
    button(app, "Try again").click().run()
    assert len(alts(app)) == 2


def test_missing_weights_are_explained(tmp_path, monkeypatch):
    monkeypatch.setenv("LESIONLAB_DATA", str(tmp_path))
    monkeypatch.setenv("LESIONLAB_WEIGHTS", str(tmp_path / "nowhere"))
    state._model_server.clear()
    app = start("compare")
    assert any("card.json" in read(error.value) for error in app.error)
    state._model_server.clear()


def test_dataset_starts_with_two_cases_and_hides_both_truths(with_dataset, imported):
    app = with_dataset
    first, second = (app.session_state[f"{slot}case"] for slot in ("one_", "two_"))
    assert first != second
    assert not [*app.success, *app.error]
    reveal = next(t for t in app.toggle if t.label.startswith("Reveal"))
    reveal.set_value(True).run()
    assert not app.exception
    boxes = [*app.success, *app.error]
    assert len(boxes) == 2
    true = {BY_KEY[imported.table.loc[case, "dx"]].name for case in (first, second)}
    assert {box.proto.title for box in boxes} == true


def test_walking_on_one_side_leaves_the_other(with_dataset):
    app = with_dataset
    first, second = (app.session_state[f"{slot}case"] for slot in ("one_", "two_"))
    app.button(key="two_chevron_right").click().run()
    assert app.session_state["one_case"] == first
    assert app.session_state["two_case"] != second
    app.text_input(key="one_typed").set_value(app.session_state["two_case"]).run()
    assert not app.exception
    assert app.session_state["one_case"] == app.session_state["two_case"]


def test_photos_of_the_same_lesion_are_pointed_out(with_dataset, imported):
    counts = imported.table["lesion_id"].value_counts()
    pair = imported.table.index[imported.table["lesion_id"] == counts.index[0]][:2]
    app = with_dataset
    for slot, case in zip(("one_", "two_"), pair, strict=True):
        app.text_input(key=f"{slot}typed").set_value(case).run()
    assert "photos of the same lesion" in texts(app)
