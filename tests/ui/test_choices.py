"""One way to choose one of a few things."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def page() -> None:
    import streamlit as st

    from ui.choices import choose_one

    st.write(choose_one("Fruit", {"a": "Apple", "b": "Pear"}, "fruit", default="b"))


def test_one_is_always_chosen_and_kept() -> None:
    app = AppTest.from_function(page).run()
    assert app.markdown[0].value == "b"
    app.segmented_control[0].set_value("a").run()
    assert app.run().markdown[0].value == "a"


def test_what_is_no_option_any_more_gives_way_to_the_first_choice() -> None:
    app = AppTest.from_function(page)
    app.session_state["fruit"] = "cherry"
    assert app.run().markdown[0].value == "b"
    assert not app.exception


def addressed() -> None:
    import streamlit as st

    from ui.choices import choose_one, in_address

    in_address("which", "way", ["left", "right"])
    st.write(choose_one("Way", ["left", "right"], "way"))


def test_a_choice_is_in_the_address() -> None:
    app = AppTest.from_function(addressed)
    app.query_params["which"] = "right"
    assert app.run().markdown[0].value == "right"
    app.segmented_control(key="way").set_value("left").run()
    assert app.markdown[0].value == app.query_params["which"] == "left"
    app.query_params["which"] = "right"  # as the browser's Back button does
    assert app.run().markdown[0].value == "right"
    app.query_params["which"] = "nowhere"
    assert app.run().markdown[0].value == app.query_params["which"] == "right"


def test_without_an_address_the_first_is_chosen() -> None:
    app = AppTest.from_function(addressed).run()
    assert app.markdown[0].value == app.query_params["which"] == "left"
