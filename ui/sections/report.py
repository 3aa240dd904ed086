"""The report to take home: notes of one's own, and everything in one file."""

import time
from datetime import UTC, datetime

import streamlit as st

from core.ham10000.dataset import CREDIT
from core.report.content import Report
from core.report.downloads import file_stem
from core.taxonomy import BY_KEY
from ui import files
from ui.analyse import commit, notes
from ui.browser import by_clock
from ui.case import Case, confirmed_by, verdict
from ui.dataset_cases import unfair
from ui.scale import known_width_mm
from ui.sections import doubt
from ui.sections.similar import SHOWN as SIMILAR
from ui.sections.similar import neighbours
from ui.state import ShownAnalysis, cards, usual

TITLE = ":material/description: Report"

ARRIVAL_SECONDS = 0.3
"""Clicking a download ends the typing: so long the last words may take to get here."""


def show(case: Case, shown: ShownAnalysis) -> None:
    """A field for notes, and the report as PDF and as HTML, made when asked for."""
    written = st.session_state.setdefault(notes.WRITTEN, {})
    _notes(case, written)
    # Read here, since a download's own thread knows no session.
    truth, fairness = revealed(case, shown), unfair(case.record)
    width, today = known_width_mm(case), by_clock(datetime.now(UTC)).date()

    def report() -> Report:
        time.sleep(ARRIVAL_SECONDS)
        return Report.of(
            shown.analysis,
            shown.preview,
            shown.mask,
            case.name,
            usual=usual(),
            cards=cards().values(),
            date=today,
            notes=written[case.digest],
            source=CREDIT if case.record is not None else "",
            own=case.own,
            width_mm=width,
            neighbours=neighbours(case, shown, SIMILAR),
            truth=truth,
            remarks=(
                *filter(None, (fairness and f"{fairness.capitalize()}.", doubt.in_words(shown))),
                *shown.notes,
                *shown.remarks(case.taken).values(),
            ),
        )

    def pdf() -> bytes:
        from core.report.pdf import to_pdf  # takes half a second, so only for who wants a report

        return to_pdf(report())

    def html() -> str:
        from core.report.html import to_html

        return to_html(report())

    stem = file_stem(case.name)
    with st.container(horizontal=True):
        files.download("Report (PDF)", pdf, f"{stem}_report.pdf", type="primary")
        files.download("Report (HTML)", html, f"{stem}_report.html")
    st.caption(
        "In one file: photo, outline, heatmap, probabilities, measurements, similar cases, the "
        "doubts, the truth if you have seen it, and your notes. No camera metadata, no folder "
        "names. The first PDF takes some seconds. A character that it cannot display is shown "
        "there as □; the HTML file has them all."
    )


def revealed(case: Case, shown: ShownAnalysis) -> tuple[str, ...]:
    """What a case of the dataset truly is, once the student has seen it."""
    seen = st.session_state.get(f"reveal_{case.name}") or commit.answer_of(case)
    if case.record is None or not seen:
        return ()
    true = BY_KEY[str(case.record["dx"])]
    said = verdict(case.record, shown.analysis.prediction, shown.analysis.most_probable)
    return (f"True diagnosis: {true.name}, confirmed by {confirmed_by(case.record)}. {said}",)


@st.fragment
def _notes(case: Case, written: dict[str, str]) -> None:
    """The notes on a photo. A fragment of its own: a download that is clicked while they are being
    typed would not outlive a rerun of its button."""
    key = f"notes_{case.digest}"
    st.session_state.setdefault(key, notes.read(case.digest))
    written[case.digest] = st.text_area(
        "Your notes",
        max_chars=notes.LENGTH,
        placeholder="What do you see? What would you have said, and why?",
        help="They go into the report and nowhere else. This browser finds them again for two "
        "hours after they were last looked at, on a shared computer whoever uses it next, too.",
        key=key,
        persist_state="session",
        on_change=_keep,
        args=(case.digest, key),
    )


def _keep(digest: str, key: str) -> None:
    notes.write(digest, str(st.session_state.get(key) or ""))
