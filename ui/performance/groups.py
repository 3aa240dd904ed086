"""The same figures by age, sex, site and confirmation of the diagnosis."""

import streamlit as st

from core.answer.words import LIGHT_SKIN
from core.evaluation.figures import UNKNOWN
from core.evaluation.files import Group
from core.evaluation.reports import ClassifierReport
from core.glossary import CONFIRMED_BY
from ui.choices import choose_one, in_address
from ui.performance import charts
from ui.performance.evaluations import RULE, Choice, classifier_report

TITLE = "Groups"
KINDS = {"age": "Age", "sex": "Sex", "localization": "Site", "dx_type": "Confirmed by"}
MEASURES = {
    "accuracy": "Accuracy",
    "melanoma_recall": "Sensitivity for melanoma",
    "melanoma_auc": "AUC for melanoma",
}
FEW_MELANOMAS = 20


def show(choice: Choice) -> None:
    """A forest plot of one measure over the groups of one kind, and who was too few to measure."""
    found = classifier_report(choice.split)
    kinds = [k for k, groups in found.figures.slices.items() if groups]
    if not kinds:
        st.info("Nothing is known of the people in these photos, so there are no groups.")
        return
    first, second = st.columns(2)
    in_address("by", "slices_by", {k: k for k in kinds})
    in_address("measure", "slices_measure", {m: m for m in MEASURES})
    kind = choose_one("Groups by", {k: KINDS.get(k, k) for k in kinds}, "slices_by", first)
    measure = choose_one("Measure", MEASURES, "slices_measure", second)
    if choice.answer != RULE and measure != "melanoma_auc":
        st.caption(":material/info: Groups were measured for the answer by the rule only.")
    groups = found.figures.slices[kind]
    rows = [_row(name, groups[name], measure) for name in sorted(groups, key=_place)]
    measured = [r for r in rows if r.known]
    if measured:
        words = ", ".join(f"{r.label} {r.figure.number(2)}" for r in measured)
        charts.show(
            charts.forest(rows, MEASURES[measure], _overall(found, measure), "all"),
            "groups",
            f"{MEASURES[measure]} by {KINDS.get(kind, kind).lower()}: {words}",
            "Lines that overlap much show no difference. Groups also differ in their mix of "
            "diagnoses: a lower figure alone does not say why."
            + (f" A ring: fewer than {FEW_MELANOMAS} melanomas." if measure != "accuracy" else ""),
            charts.forest_table(rows),
        )
        number = st.column_config.NumberColumn
        st.dataframe(
            charts.forest_table(rows),
            hide_index=True,
            height="content",
            column_config={
                "what": KINDS.get(kind, kind),
                "value": number(MEASURES[measure], format="%.2f"),
                "low": number("95 % interval from", format="%.2f"),
                "high": number("to", format="%.2f"),
                "n": "Of",
            },
            alt=f"{MEASURES[measure]} of each group, with intervals and numbers of photos",
        )
    few = [f"{r.label} ({r.note})" for r in rows if not r.known]
    if few:
        st.caption(":material/info: Too few, or no melanoma, to measure: " + "; ".join(few) + ".")
    if kind == "dx_type":
        st.caption(
            "Lesions that looked harmless were mostly confirmed by follow-up or consensus, "
            "suspicious ones by histopathology. The harder group is the better confirmed one."
        )
    st.caption(f":material/warning: Most people in these photos have light skin. {LIGHT_SKIN}")


def _place(name: str) -> tuple[int, str]:
    """Youngest first, the unknown last, others by name."""
    return (0 if name.startswith("under") else 2 if name == "unknown" else 1, name)


def _row(name: str, group: Group, measure: str) -> charts.Row:
    sizes = f"{group.images:,} images, {group.lesions:,} lesion{'s' * (group.lesions != 1)}"
    if group.melanomas is not None:
        sizes += f", {group.melanomas:,} melanoma{'s' * (group.melanomas != 1)}"
    few = (group.melanomas or 0) < FEW_MELANOMAS and measure != "accuracy"
    return charts.Row(
        CONFIRMED_BY.get(name, name),
        group.figures.get(measure, UNKNOWN),
        sizes,
        charts.accent(),
        "circle-open" if few else "circle",
    )


def _overall(found: ClassifierReport, measure: str) -> float | None:
    """The measure over everybody."""
    if measure == "accuracy":
        return found.figures.overall["accuracy"].value
    if "mel" not in found.figures.classes:
        return None
    melanoma = found.figures.classes["mel"].figures
    return melanoma.get(measure.removeprefix("melanoma_"), UNKNOWN).value
