"""About: what the app is, and the models' cards (Mitchell et al., "Model Cards for Model
Reporting", FAT* 2019), rendered from `weights/<model>/card.json`."""

import streamlit as st

from core import __version__
from core.answer.words import LIGHT_SKIN, domain_note, rule_in_words
from core.evaluation.figures import Rule
from core.evaluation.files import split_and_views
from core.evaluation.metrics import NAMES
from core.formatting import percent, signed
from core.models.cards import Card, Measured
from core.models.gate import ELSEWHERE
from core.taxonomy import DIAGNOSES
from train.choices import ARCHITECTURES
from ui.analyse import first_visit
from ui.state import cards
from ui.text import as_code, as_text

OUT_OF_SCOPE = (
    "Not for diagnosis, triage, second opinions or reassurance, neither by lay people nor by "
    "professionals; not for phone photos; not as the sole basis of a study."
)
CITATIONS = """
- **Photos**: P. Tschandl, C. Rosendahl, H. Kittler. The HAM10000 dataset. *Scientific Data* 5,
  180161 (2018). [doi:10.1038/sdata.2018.161](https://doi.org/10.1038/sdata.2018.161), CC BY-NC 4.0
- **Masks**: P. Tschandl et al. Human–computer collaboration for skin cancer recognition.
  *Nature Medicine* 26 (2020).
  [doi:10.1038/s41591-020-0942-0](https://doi.org/10.1038/s41591-020-0942-0), CC BY-NC 4.0
- **Photos of other clinics**, from the ISIC Archive (terms differ, treat as non-commercial):
  N. Codella et al., [arXiv:1710.05006](https://arxiv.org/abs/1710.05006) (2017) and
  [arXiv:1902.03368](https://arxiv.org/abs/1902.03368) (2018); V. Rotemberg et al.
  *Scientific Data* 8, 34 (2021).
  [doi:10.1038/s41597-021-00815-z](https://doi.org/10.1038/s41597-021-00815-z)
- **Networks**: K. He et al. Deep residual learning, CVPR 2016; O. Ronneberger et al. U-Net, MICCAI
  2015; M. Sandler et al. MobileNetV2, CVPR 2018; M. Tan, Q. Le. EfficientNet, ICML 2019
- **Distillation**: G. Hinton, O. Vinyals, J. Dean. Distilling the knowledge in a neural network,
  [arXiv:1503.02531](https://arxiv.org/abs/1503.02531) (2015)
- **Heatmaps**: R. Selvaraju et al. Grad-CAM, ICCV 2017
- **Calibration**: C. Guo et al. On calibration of modern neural networks, ICML 2017
- **Model cards**: M. Mitchell et al. Model cards for model reporting, FAT\\* 2019
"""


def model_card(card: Card) -> None:
    """One model's card; what a card leaves out is left out here, what cannot be read is named."""
    st.header(_stated(card.name, "A model without a name"), anchor=False)
    if card.odd:
        st.warning(
            f"What this model's card says of {as_text(', '.join(card.odd))} cannot be read, so it "
            "is not shown. Export the model again, or get a new copy.",
            icon=":material/warning:",
        )
    st.write(f"**Task** {_stated(card.task)}.")
    _section("Intended use", _sentence(card.intended_use), OUT_OF_SCOPE)
    _section("Limits", *map(_sentence, card.limits), LIGHT_SKIN)
    _section(
        "Data and split",
        f"Learned from {_stated(card.data)}.",
        card.leak.text()
        if card.leak
        else f"Split {as_code(card.split_id or '?')}, grouped by lesion: photos of one lesion are "
        "never in both training and test, or the test would measure memory.",
        f"Sees {_stated(card.input.frame, 'the photo')}, {card.input.size or '?'} px.",
    )
    measured = sorted(card.metrics.items(), key=lambda item: (item[0] != "test", item[0]))
    for name, figures in measured[:1]:
        _metrics(name, figures)
    with st.expander("How it was trained, how it answers, and further measurements"):
        _section("Training", *_training(card))
        if answer := _answer(card):
            _section("From scores to an answer", *answer)
        for name, figures in measured[1:]:
            _metrics(name, figures)
    _section("Licence", _sentence(card.licence), f"SHA-256 {as_code(card.sha256 or '?')}")


def _stated(words: str, otherwise: str = "not stated") -> str:
    """A card's words as Markdown shows them."""
    return as_text(words or otherwise)


def _section(title: str, *points: str) -> None:
    st.markdown(f"**{title}**\n" + "\n".join(f"- {point}" for point in points))


def _number(value: float | None) -> str:
    return "not stated" if value is None else f"{value:.3f}"


def _sentence(words: str) -> str:
    words = _stated(words)
    return f"{words[:1].upper()}{words[1:]}."


def _training(card: Card) -> list[str]:
    points, done = [f"Started from {_stated(card.start)}."], card.training
    stages = ", then ".join(f"{stage.epochs} at {stage.size} px" for stage in done.stages)
    if done.epochs_trained is not None:
        planned = f"; planned: {stages}" if stages else ""
        points.append(f"{done.epochs_trained} epochs{planned}.")
    if choice := card.size_choice:
        sizes = ", ".join(f"{as_text(size)} px {v:.3f}" for size, v in choice.tried.items())
        points.append(f"Input size by {as_text(choice.by)}: {sizes}.")
    return points


def _answer(card: Card) -> list[str]:
    points = []
    how, fitted = "how is not stated", "what is not stated"
    if scaling := card.calibration:
        biases = ", ".join(f"{as_text(k)} {signed(b, 2)}" for k, b in scaling.bias.items())
        points.append(
            f"Probabilities: {_stated(scaling.how, how)}. Temperature "
            f"{_number(scaling.temperature)}{biases and f', bias {biases}'}, fitted on "
            f"{_stated(scaling.fitted_on, fitted)}."
        )
    rule = card.decision
    if isinstance(rule, Rule):
        points.append(f"Answer: {as_text(rule_in_words(rule))}.")
    elif rule:
        points.append(_sentence(rule))
    if novelty := card.novelty:
        points.append(
            f"Familiar photos: {_stated(novelty.how, how)} above {_number(novelty.threshold)} "
            f"({_stated(novelty.fitted_on, f'fitted on {fitted}')})."
        )
    if gate := card.gate:
        points.append(
            f"Refused as not dermoscopy: {_stated(gate.how, how)} above {_number(gate.limit)} "
            f"({_stated(gate.fitted_on, f'fitted on {fitted}')})."
        )
    if card.int8 and (found := card.int8.against_f32):
        points.append(
            "Where it computes in 8-bit integers, as the app does on CPUs of Intel and AMD: of "
            f"{found.photos:,} validation photos, {percent(found.named_otherwise, 1)} get another "
            f"name than in floats, and {percent(found.moved_little, 2)} of the probabilities move "
            "by less than .05. All figures here and on Performance are of floats."
        )
    if card.classes and (note := domain_note(ELSEWHERE, card)):
        points.append(f"{note[0]}: {note[1]}")
    return points


def _metrics(name: str, measured: Measured) -> None:
    split, views = split_and_views(name)
    averaged = f", mean of {views} turned and mirrored views" if views > 1 else ""
    photos = "other clinics' photos" if split == ELSEWHERE else f"the {as_text(split)} split"
    st.write(
        f"**Measured on {photos}{averaged}**, "
        f"{measured.images:,} images of {measured.lesions:,} lesions "
        f"({as_code(measured.command or 'command not stated')}), 95 % intervals:"
    )
    figures = {
        title: measured.figures[key] for key, title in NAMES.items() if key in measured.figures
    }
    st.table(
        {
            "Measure": list(figures),
            "Value": [figure.number() for figure in figures.values()],
            "Interval": ["–" if f.low is None else f.ends() for f in figures.values()],
        }
    )


st.title("About", anchor=False)
found = cards()
network = found["classifier"].network if "classifier" in found else ""
known = ARCHITECTURES.get(network)
st.write(
    "LesionLab teaches how an AI reads dermoscopy. A U-Net outlines the lesion, a network "
    f"({known.title if known else as_text(network or 'not stated')}) weighs seven diagnoses, and "
    "Grad-CAM shows where its evidence lies. It is not a medical device and never diagnoses: "
    "whoever worries about a mole should see a doctor."
)
if st.button("Show the first visit again", key="first_visit_again", icon=":material/tour:"):
    first_visit.again()
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
