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

    from ui.choices import arrive, choose_one, in_address

    arrive(st.session_state.get("test_page", "one"))
    in_address("which", "way", {"left": "l", "right": "r"})
    st.write(choose_one("Way", ["left", "right"], "way"))


def test_a_choice_is_in_the_address() -> None:
    app = AppTest.from_function(addressed)
    app.query_params["which"] = "r"
    assert app.run().markdown[0].value == "right"
    app.segmented_control(key="way").set_value("left").run()
    assert app.markdown[0].value == "left"
    assert "which" not in app.query_params, "the first needs no address"
    app.query_params["which"] = "r"  # as the browser's Back button does
    assert app.run().markdown[0].value == "right"
    del app.query_params["which"]
    assert app.run().markdown[0].value == "left"
    app.query_params["which"] = "nowhere"
    assert app.run().markdown[0].value == "left"
    assert "which" not in app.query_params


def test_a_choice_outlives_a_look_at_another_page() -> None:
    app = AppTest.from_function(addressed).run()
    app.segmented_control(key="way").set_value("right").run()
    app.session_state["test_page"] = "another"
    del app.query_params["which"]  # as Streamlit does
    assert app.run().markdown[0].value == "right"
    assert app.query_params["which"] == "r"


def forgetful() -> None:
    import streamlit as st

    from ui.choices import arrive, in_address

    page = st.session_state.get("test_page", "one")
    arrive(page)
    if page == "one":
        in_address("which", "way", {"left": "l", "right": "r"})
        st.write(st.radio("Way", ["left", "right"], key="way"))


def test_an_address_brings_back_what_a_left_page_forgot() -> None:
    app = AppTest.from_function(forgetful).run()
    app.radio(key="way").set_value("right").run()
    app.session_state["test_page"] = "another"
    app.run()
    app.session_state["test_page"] = "one"
    assert app.query_params["which"] == "r"
    assert app.run().markdown[0].value == "right"


def test_a_click_wins_over_an_address_that_names_the_first() -> None:
    app = AppTest.from_function(addressed)
    app.query_params["which"] = "l"
    assert app.run().markdown[0].value == "left"
    app.segmented_control(key="way").set_value("right").run()
    assert app.markdown[0].value == "right"
    assert app.query_params["which"] == "r"
    app.query_params["which"] = "l"  # as the browser's Back button does
    assert app.run().markdown[0].value == "left"


def test_a_page_left_without_an_address_comes_back_as_it_was() -> None:
    app = AppTest.from_function(forgetful).run()
    app.radio(key="way").set_value("right").run()
    app.session_state["test_page"] = "another"
    del app.query_params["which"]  # as Streamlit does
    app.run()
    app.session_state["test_page"] = "one"
    assert app.run().markdown[0].value == "right"
    assert app.query_params["which"] == "r"
