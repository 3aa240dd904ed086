"""About: what the app is, and the models' cards (Mitchell et al., "Model Cards for Model
Reporting", FAT* 2019), rendered from `weights/<model>/card.json`."""

from typing import Any

import streamlit as st

from core import __version__
from core.answer.words import domain_note
from core.evaluation.files import split_and_views
from core.evaluation.metrics import NAMES
from core.models.cards import odd, sound
from core.models.gate import ELSEWHERE
from core.models.weights import Card
from core.taxonomy import DIAGNOSES
from ui.state import cards
from ui.text import as_code, as_text

OUT_OF_SCOPE = (
    "Not for diagnosis, triage, second opinions or reassurance, neither by lay people nor by "
    "professionals; not for phone photos; not as the sole basis of a study."
)
LIGHT_SKIN = (
    "On darker skin these models are untested, and are likely to be worse. "
    "Skin tone is not computed from pixels here, since that is unreliable."
)
CITATIONS = """
- **Photos**: P. Tschandl, C. Rosendahl, H. Kittler. The HAM10000 dataset. *Scientific Data* 5,
  180161 (2018). [doi:10.1038/sdata.2018.161](https://doi.org/10.1038/sdata.2018.161), CC BY-NC 4.0
- **Masks**: P. Tschandl et al. Human–computer collaboration for skin cancer recognition.
  *Nature Medicine* 26 (2020).
  [doi:10.1038/s41591-020-0942-0](https://doi.org/10.1038/s41591-020-0942-0), CC BY-NC 4.0
- **Networks**: K. He et al. Deep residual learning, CVPR 2016; O. Ronneberger et al. U-Net, MICCAI
  2015; M. Sandler et al. MobileNetV2, CVPR 2018
- **Heatmaps**: R. Selvaraju et al. Grad-CAM, ICCV 2017
- **Calibration**: C. Guo et al. On calibration of modern neural networks, ICML 2017
- **Model cards**: M. Mitchell et al. Model cards for model reporting, FAT\\* 2019
"""


def model_card(card: Card) -> None:
    """One model's card; what a card leaves out is left out here, what cannot be read is named."""
    strange, known = odd(card), sound(card)
    card = _told(known)
    st.header(card.get("name", "A model without a name"), anchor=False)
    if strange:
        st.warning(
            f"What this model's card says of {as_text(', '.join(strange))} cannot be read, so it "
            "is not shown. Export the model anew, or get it again.",
            icon=":material/warning:",
        )
    st.write(f"**Task** {card.get('task', 'not stated')}.")
    _section(
        "Intended use",
        _sentence(card.get("intended_use", "not stated")),
        OUT_OF_SCOPE,
    )
    _section("Limits", *map(_sentence, card.get("limits", [])), LIGHT_SKIN)
    picture = card.get("input", {})
    _section(
        "Data and split",
        f"Learned from {card.get('data', 'not stated')}.",
        f"Split {as_code(str(known.get('split_id') or '?'))}, grouped by lesion: "
        "photos of one lesion are never in both training and test, or the test would "
        "measure memory.",
        f"Sees {picture.get('frame', 'the photo')}, {picture.get('size', '?')} px.",
    )
    _section("Training", *_training(card))
    if answer := _answer(card):
        _section("From scores to an answer", *answer)
    _metrics(known)
    _section(
        "Licence",
        _sentence(card.get("licence", "not stated")),
        f"SHA-256 {as_code(str(known.get('sha256', '?')))}",
    )


def _told(value: Any) -> Any:
    """A card, or a part of it, whose words Markdown shows as they are."""
    if isinstance(value, dict):
        return {key: _told(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_told(part) for part in value]
    return as_text(value) if isinstance(value, str) else value


def _section(title: str, *points: str) -> None:
    st.markdown(f"**{title}**\n" + "\n".join(f"- {point}" for point in points))


def _figure(value: float | None) -> str:
    return "not stated" if value is None else f"{value:.3f}"


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


def _training(card: Card) -> list[str]:
    done = card.get("training", {})
    stages = ", then ".join(f"{s['epochs']} at {s['size']} px" for s in done.get("stages", []))
    points = [f"Started from {card.get('start', 'not stated')}."]
    if "epochs_trained" in done:
        planned = f"; planned: {stages}" if stages else ""
        points.append(f"{done['epochs_trained']} epochs{planned}.")
    if tried := card.get("size_choice"):
        sizes = ", ".join(
            f"{as_text(str(size))} px {value:.3f}" for size, value in tried["tried"].items()
        )
        points.append(f"Input size by {tried['by']}: {sizes}.")
    return points


def _answer(card: Card) -> list[str]:
    points = []
    if calibration := card.get("calibration"):
        points.append(
            f"Probabilities: {calibration.get('how', 'how is not stated')}. Temperature "
            f"{_figure(calibration.get('temperature'))}, fitted on "
            f"{calibration.get('fitted_on', 'what is not stated')}."
        )
    rule: Any = card.get("decision")
    if isinstance(rule, dict):
        points.append(
            f"Answer: {rule.get('how', 'how is not stated')}. Here the exponent is "
            f"{rule.get('exponent', 0):g}, chosen on {rule.get('chosen_on', 'what is not stated')}."
        )
    elif rule:
        points.append(_sentence(rule))
    if novelty := card.get("novelty"):
        points.append(
            f"Familiar photos: {novelty.get('how', 'how is not stated')} above "
            f"{_figure(novelty.get('threshold'))} "
            f"({novelty.get('fitted_on', 'fitted on what is not stated')})."
        )
    if gate := card.get("gate"):
        points.append(
            f"Refused as no dermoscopy: {gate.get('how', 'how is not stated')} above "
            f"{_figure(gate.get('limit'))} "
            f"({gate.get('fitted_on', 'fitted on what is not stated')})."
        )
    if note := domain_note(ELSEWHERE, card):
        points.append(f"{note[0]}: {note[1]}")
    return points


def _metrics(card: Card) -> None:
    # Test first: on validation, choices were made.
    for name, metrics in sorted(card.get("metrics", {}).items()):
        split, views = split_and_views(name)
        averaged = f", mean of {views} turned and mirrored views" if views > 1 else ""
        st.write(
            f"**Measured on the {as_text(split)} split{averaged}**, "
            f"{metrics['images']:,} images of {metrics['lesions']:,} lesions "
            f"({as_code(str(metrics.get('command', 'command not stated')))}), 95 % intervals:"
        )
        figures = {name: metrics[key] for key, name in NAMES.items() if key in metrics}
        st.table(
            {
                "Measure": list(figures),
                "Value": [f"{v['value']:.3f}" for v in figures.values()],
                "Interval": [
                    f"{v['low']:.3f} to {v['high']:.3f}" if v["low"] is not None else "–"
                    for v in figures.values()
                ],
            }
        )


st.title("About", anchor=False)
st.write(
    "LesionLab teaches how an AI reads dermoscopy. A U-Net outlines the lesion, a ResNet-50 weighs "
    "seven diagnoses, and Grad-CAM shows where its evidence lies. It is not a medical device and "
    "never diagnoses: whoever worries about a mole should see a doctor."
)
found = cards()
if not found:
    st.error("No model card could be read from the weights folder. Get the repository again.")
st.page_link(
    "pages/screens/performance.py",
    label="Performance: where they fail",
    icon=":material/monitoring:",
)
for place, card in zip(st.columns(max(len(found), 1), gap="large"), found.values(), strict=False):
    with place, st.container(border=True):
        model_card(card)

st.header(f"The {len(DIAGNOSES)} diagnoses", anchor=False)
st.table(
    {
        "Key": [d.key for d in DIAGNOSES],
        "Name": [d.name for d in DIAGNOSES],
        "Group": [d.group for d in DIAGNOSES],
        "What it is": [d.text for d in DIAGNOSES],
    }
)
st.page_link(
    "pages/screens/diagnoses.py",
    label="Diagnoses: what to look for in each",
    icon=":material/menu_book:",
)
st.header("Sources", anchor=False)
st.markdown(CITATIONS)
st.caption(f"LesionLab {__version__}")
