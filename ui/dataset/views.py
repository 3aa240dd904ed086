"""The charts of the Dataset page, in four tabs; only the open one runs."""

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.formatting import percent
from core.ham10000.dataset import Dataset
from core.ham10000.explore import is_yes_no, leaks, measures, random_test
from ui.choices import choose_one, in_address
from ui.dataset import charts, filters, selection, words
from ui.dataset.gallery import facts_of
from ui.dataset_cases import case_link, small
from ui.figures import WITHOUT_TOOLS
from ui.parts.controls import percent_slider, select
from ui.text import as_text

CLICK = "Click a bar to see its images below; hold Shift for more than one."
MAP_COLOURS = (
    "dx", "right", "answer", "p_true", "split", "localization", "sex", "age", "dx_type", "photos",
)  # fmt: skip


PEOPLE = ":material/groups: People and diagnoses"
OUTLINES = ":material/straighten: Outlines"
MAP = ":material/scatter_plot: Map"
SPLITS = ":material/call_split: Why we split by lesion"


def show(
    chosen: pd.DataFrame, table: pd.DataFrame, data: Dataset | None, known: pd.DataFrame | str
) -> None:
    """The tabs.

    Args:
        chosen: the facts of the images that pass the filters; may be empty.
        table: the facts of all images.
        known: the atlas, or why there is none.
    """
    titles = {PEOPLE: "people", OUTLINES: "outlines", MAP: "map", SPLITS: "splits"}
    in_address("tab", "dataset_view", titles)
    tabs = st.tabs(list(titles), on_change="rerun", key="dataset_view")
    for title, tab in zip(titles, tabs, strict=True):
        if not tab.open:
            continue
        with tab:
            if title == SPLITS:
                splits(table)
            elif chosen.empty:
                st.info(
                    "No image passes these filters. Remove one of them in the sidebar, or reset "
                    "them all.",
                    icon=":material/filter_alt_off:",
                )
                st.button("Reset filters", on_click=filters.reset, key="dataset_reset")
            elif title == PEOPLE:
                people(chosen)
            elif isinstance(known, str):
                st.info(known)
            elif title == OUTLINES:
                outlines(chosen)
            else:
                landscape(chosen, data, str(known.attrs["map"]))


def people(table: pd.DataFrame) -> None:
    """How many of what, in whom, where, and how that is known."""
    row = st.container(horizontal=True, vertical_alignment="center")
    row.caption(f"{CLICK} Colours and hatching (malignant) are the same in all charts.")
    shares = _as_shares(row, "people")
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Images of each diagnosis**")
        selection.show(charts.per_diagnosis(table), table, "dx")
        if "age" in table:
            st.markdown("**Age and diagnosis**")
            selection.show(charts.stacked(table, "age_band", shares), table, "age_band")
            st.caption(_missing(table))
    with right:
        if "age" in table:
            st.markdown("**Site and diagnosis**")
            selection.show(charts.heat_table(table, "localization"), table, "localization")
            st.caption("Images; the stronger the colour, the larger the share of that diagnosis.")
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Photos per lesion**")
        lesions = table.drop_duplicates("lesion")
        selection.show(charts.stacked(lesions, "photos", shares, "lesions"), table, "photos")
    with right:
        if "dx_type" in table:
            st.markdown("**How the diagnosis was confirmed**")
            selection.show(charts.stacked(table, "dx_type", shares), table, "dx_type")
    if "age" not in table:
        st.caption("Age, sex, site and how it was confirmed show once HAM10000 is imported.")


def outlines(table: pd.DataFrame) -> None:
    """What can be measured on the masks."""
    names = measures(table)
    if not names or table[names[0]].isna().all():
        st.info("There are no measurements of these images.")
        return
    row = st.container(horizontal=True, vertical_alignment="bottom")
    titles = {name: words.title(name) for name in names}
    measure = select("Measured on the dataset's own outlines", titles, "dataset_measure", row)
    shares = _as_shares(row, "outlines")
    left, right = st.columns(2, gap="large")
    if is_yes_no(table[measure]):  # nothing spreads
        right = left
    else:
        with left:
            st.markdown("**Spread in each diagnosis**")
            figure, alt = charts.boxes(table, measure)
            st.plotly_chart(figure, alt=alt, config=WITHOUT_TOOLS, key="dataset_boxes")
            st.caption("Box: the middle half of the images, with the median. Whiskers: 5 to 95 %.")
    with right:
        st.markdown(f"**{words.title(measure)}: how many images**")
        chart, with_bins = charts.histogram(table, measure, shares)
        selection.show(chart, with_bins, f"histogram_{measure}")
        missing = int(table[measure].isna().sum())
        st.caption(CLICK + (f" {missing:,} images have no measurement." if missing else ""))


def landscape(table: pd.DataFrame, data: Dataset | None, how: str) -> None:
    """The map of how alike the classifier sees the images."""
    left, right = st.columns([3, 1], gap="large")
    with left:
        offered = [c for c in (*MAP_COLOURS, *measures(table)) if c in table]
        by = select("Colour by", {c: words.title(c) for c in offered}, "dataset_colour")
        chart = charts.scatter(table, by)
        if corners := selection.rectangle(table):
            chart.figure.add_shape(type="rect", line_dash="dot", **corners)
        selection.show(chart, table, "map", ("points", "box", "lasso"))
        st.caption(
            "Each point is an image; close together means alike to the classifier, far apart "
            "means little.",
            help=f"{how}.",
        )
        if by in ("right", "answer", "p_true"):
            st.caption(
                ":material/info: Of images in the training split, the model had been told the "
                "answer: filter by the test split for a fair view."
            )
    with right:
        _one(table, data)
        with st.popover("Select a region", icon=":material/select:"):
            st.caption("For the keyboard: the arrow keys move each end.")
            selection.region(table)


def _one(table: pd.DataFrame, data: Dataset | None) -> None:
    """The photo of the one point that is clicked."""
    chosen = selection.picked()
    if chosen is None or chosen.chart not in selection.MAP or len(chosen.ids) != 1:
        st.markdown("**Click a point** to see its photo here.")
        st.markdown(
            "**Draw around points** to see them all below: choose the lasso or the box at the top "
            "right of the map first. Click names in the legend to hide or show them."
        )
        return
    image_id = next(iter(chosen.ids))
    if image_id not in table.index:
        st.caption("The filters hide the point that was clicked.")
        return
    row = table.loc[image_id]
    if data is not None and image_id in data.table.index:
        st.image(small(data, image_id, True), width="stretch", alt=f"{image_id}, outlined")
        st.markdown(facts_of(row))
        case_link(image_id, f"open_map_{image_id}")
    else:
        st.markdown(f"**{as_text(image_id)}**")
        st.markdown(facts_of(row))


@st.fragment
def splits(table: pd.DataFrame) -> None:
    """Why the split is by lesion, shown on the dataset itself. Always of all images."""
    st.markdown(
        "Many lesions were photographed more than once, and their photos are near copies. If "
        "photos are assigned at random, copies of the same lesion land in training and in test: "
        "the model is then tested on lesions that it has seen, and may look better than it is. How "
        "much that was worth in our experiments is told on the page Performance, under Comparison. "
        "Try it:"
    )
    row = st.container(horizontal=True, vertical_alignment="bottom")
    asked = "Share of images for the test"
    share = percent_slider(asked, 5, 50, 15, 5, key="dataset_share", place=row)
    row.button(
        "Draw another random split",
        icon=":material/casino:",
        key="dataset_draw",
        on_click=_draw,
    )
    seed = st.session_state.get("dataset_seed", 0)
    random = leaks(table, random_test(len(table), share, seed))
    ours = leaks(table, (table["split"] == "test").to_numpy())
    with st.container(horizontal=True):
        for label, found in (
            ("Random split, all test images", random.sum()),
            ("Random split, melanomas", random.loc["mel"]),
            ("LesionLab's split, all test images", ours.sum()),
        ):
            st.metric(
                label,
                percent(found["leaked"] / found["test"]) if found["test"] else "none in the test",
                border=True,
                help=f"{found['leaked']:,} of {found['test']:,} test images show a lesion that "
                "also has an image outside the test.",
            )
    figure, alt = charts.leak_bars(random, ours)
    st.markdown("**Test images whose lesion is also in training**")
    st.plotly_chart(figure, alt=alt, config=WITHOUT_TOOLS, key="dataset_leaks")
    st.caption(
        f"Counted just now on {len(table):,} images of {table['lesion'].nunique():,} lesions, "
        f"whatever the filters say; random split number {seed + 1}. LesionLab's split is drawn by "
        "lesion, and the app refuses a dataset in which a lesion stands on both sides."
    )


def _draw() -> None:
    st.session_state["dataset_seed"] = st.session_state.get("dataset_seed", 0) + 1


def _as_shares(place: DeltaGenerator, name: str) -> bool:
    return (
        choose_one(
            "Bars show",
            ["images", "shares"],
            f"dataset_bars_{name}",
            place,
            help="Shares: each bar is 100 %, so that rare diagnoses show.",
        )
        == "shares"
    )


def _missing(table: pd.DataFrame) -> str:
    """What is not known of these images, in a sentence."""
    parts = {
        "age": int(np.isnan(table["age"]).sum()),
        "sex": int((table["sex"] == "unknown").sum()),
        "site": int((table["localization"] == "unknown").sum()),
    }
    named = [f"{name} of {count:,}" for name, count in parts.items() if count]
    return f"Not known: {', '.join(named)} images." if named else "Nothing is missing here."
