"""How well the lesion is outlined, how often that fails, and the worst ones to look at."""

import numpy as np
import streamlit as st

from core.batch.tables import safe_table
from core.errors import DatasetError
from core.evaluation.files import ELSEWHERE
from core.evaluation.metrics import FAILED_BELOW
from core.evaluation.reports import SegmenterReport
from core.glossary import TASKS
from core.imaging.image import to_jpeg
from core.imaging.overlay import draw
from ui import state
from ui.answer import attempt
from ui.case import Case
from ui.choices import choose_one
from ui.dataset_cases import case_link
from ui.figures import LEGEND_ABOVE
from ui.performance import charts
from ui.performance.evaluations import NOT_KEPT, Choice, segmenter_report
from ui.performance.overview import headline
from ui.text import as_text

TITLE = "Outlines"
MEASURES = {"iou": "IoU", "dice": "Dice"}
TRUTH_COLOUR = (255, 176, 0)
BINS = 50


def show(choice: Choice) -> None:
    """Headline figures, the distribution over images, and the worst ones."""
    found = segmenter_report(choice.split)
    st.markdown(f"**{TASKS['segmenter']}**, {as_text(found.of)}")
    headline(found.figures.overall)
    st.caption(
        f":material/menu_book: IoU is the overlap of both areas over their union, Dice the overlap "
        f"over their mean. Thresholded Jaccard counts an IoU below {FAILED_BELOW:g} as 0: failed. "
        f"Intervals: {found.figures.intervals}."
    )
    measure = choose_one("Distribution of", MEASURES, "outline_measure")
    _distribution(found, measure)
    _worst(found)


def _distribution(found: SegmenterReport, measure: str) -> None:
    values = found.predictions[measure].to_numpy()
    counts, edges = np.histogram(values, BINS, (0, 1))
    failed = (edges[1:] <= FAILED_BELOW + 1e-9) & (measure == "iou")
    traces = []
    for name, which, colour, pattern in (
        ("failed", failed, charts.faint(), "/"),
        ("outlined", ~failed, charts.accent(), ""),
    ):
        if which.any():
            traces.append(
                {
                    "type": "bar",
                    "x": (edges[:-1] + edges[1:])[which] / 2,
                    "y": counts[which],
                    "width": 1 / BINS,
                    "name": name,
                    "marker": {
                        "color": colour,
                        "pattern": {"shape": pattern, "fillmode": "overlay"},
                    },
                    "hovertemplate": "%{x:.2f}: %{y} images",
                }
            )
    median = float(np.median(values))
    figure = charts.figure(
        traces,
        380,
        xaxis=charts.axis(f"{MEASURES[measure]} of an image", range=charts.SHARES),
        yaxis=charts.axis("Images"),
        legend=LEGEND_ABOVE,
        margin={"l": 0, "r": 12, "t": 64, "b": 40},
        **charts.guide(median, f"median {median:.3f}"),
        showlegend=bool(failed.any()),
        bargap=0,
    )
    spread = getattr(found.figures.distribution, measure)
    quantiles = ", ".join(f"{q} % below {v:.3f}" for q, v in spread.percentiles.items())
    charts.show(
        figure,
        f"outlines-{measure}",
        f"Histogram of {MEASURES[measure]}: mean {spread.mean:.3f}, {quantiles}",
        f"Mean {spread.mean:.3f} ± {spread.sd or 0:.3f} (standard deviation); {quantiles}. A mean "
        "hides the tail on the left: look at those.",
        found.predictions[list(MEASURES)].reset_index(names="image"),
    )


def _worst(found: SegmenterReport) -> None:
    worst = found.figures.worst
    st.header(f"The worst {len(worst)}", anchor=False)
    table = found.predictions.loc[[i for i in worst if i in found.predictions.index]]
    table = table.reset_index(names="image")
    if found.figures.split == ELSEWHERE:
        st.info(NOT_KEPT)
        st.dataframe(
            safe_table(table[["image", *MEASURES]].rename(columns={"image": "Image", **MEASURES})),
            hide_index=True,
            column_config=dict.fromkeys(
                MEASURES.values(), st.column_config.NumberColumn(format="%.2f")
            ),
            alt="The worst outlines of photos of other clinics",
        )
        charts.download(table, "worst-outlines")
        return
    chosen = st.pills(
        "Image, with its IoU",
        list(worst),
        format_func=lambda i: f"{i} · {worst[i]:.2f}",
        default=next(iter(worst), None),
        key="worst",
        persist_state="session",
    )
    charts.download(table, "worst-outlines")
    data = state.dataset()
    if isinstance(data, str):
        st.info(data, title="To see them, import the dataset", icon=":material/download:")
        return
    if chosen is None:
        st.caption("Choose one to see both outlines.")
        return
    try:
        truth = data.mask(chosen)
        case = Case.of_file(data.photo(chosen), chosen, "", data.table.loc[chosen])
    except DatasetError as error:
        st.warning(as_text(str(error)), title=f"{as_text(str(chosen))} cannot be shown")
        return
    if (shown := attempt(case, "worst_")) is None:
        return
    both = draw(shown.preview, mask=truth, fill=0.35, colour=TRUTH_COLOUR)
    left, right = st.columns(2)
    left.image(to_jpeg(shown.preview), "The photo", width="stretch", alt=f"Photo {chosen}, undrawn")
    right.image(
        to_jpeg(draw(both, mask=shown.mask)),
        "Filled, orange: the expert's mask. Line, cyan: the U-Net's outline, drawn just now.",
        width="stretch",
        alt=f"Photo {chosen} with the expert's mask filled and the U-Net's outline, "
        f"IoU {worst[chosen]:.2f}",
    )
    case_link(chosen, "open_worst", "Open in Analyse")
