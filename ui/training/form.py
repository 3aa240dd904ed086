"""The form of a new training. What is chosen lives in the session, a key for each field."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import Any

import streamlit as st

from core.models.registry import StoredModel
from core.taxonomy import KEYS
from train.choices import AUGMENTATIONS, STARTS, TASKS, Choice
from train.config import CONFIGS, HAM10000, Config
from train.config_files import as_json
from train.data.arrays import TWO_LABELS
from train.fields import Spec, specs
from train.learn.start_weights import kinds_to_start_from, usable_starts
from train.presets import BY_KEY, LENGTHS, PRESETS, QUICK
from train.stages import Stage
from ui import access
from ui.choices import choose_one
from ui.text import as_text
from ui.training import store, words

PREFIX = "new_"
"""Of every key of the form in the session."""
LENGTH = PREFIX + "length"
"""Of a preset, a key of `train.presets.LENGTHS`."""

STAGES = 4
CORES = os.cpu_count() or 1
"""Offered at most for `threads` and `workers`, unless more are set already."""


PATHS = tuple(name for name, spec in words.SPECS.items() if spec.paths and spec.kind is tuple)
"""Fields that hold several paths."""
LISTS = ("augment", *PATHS)
"""Fields that hold several choices."""
LEARNING = ("lr", "batch", "epoch_images", "patience", "seed")
KEPT = ("source", "folder", "more", "more_share", "split", "limit", "seed", "threads", "workers")
"""Fields that another task leaves as they are."""
FINER = (
    "warmup", "weight_decay", "dropout", "ema", "sampling_power", "crop_share", "mix", "copies",
    "mask_weight", "dice_weight", "threads", "workers",
)  # fmt: skip


def load(config: Config, name: str = "", preset: str | None = None) -> None:
    """Fill the form with a configuration."""
    state: dict[str, Any] = {"kind": config.kind, "name": name, "preset": preset}
    state |= {"source": HAM10000 if config.data == HAM10000 else "folder"}
    state |= {"folder": "" if config.data == HAM10000 else config.data}
    state["stages"] = len(config.stages)
    for number in range(max(STAGES, len(config.stages))):
        stage = config.stages[min(number, len(config.stages) - 1)]
        state[f"epochs{number}"], state[f"size{number}"] = stage.epochs, stage.size
    for field in fields(config):
        chosen = getattr(config, field.name)
        if field.name not in ("data", "stages"):
            state[field.name] = list(chosen) if field.name in LISTS else chosen
    st.session_state.update({PREFIX + key: chosen for key, chosen in state.items()})


def preset() -> str | None:
    """Key of the preset that the form began with."""
    return _of("preset")


def chosen() -> Config:
    """The configuration in the form. Raises ConfigError: its choices cannot work."""
    kind = CONFIGS[_of("kind")]
    values: dict[str, Any] = {
        field.name: _of(field.name)
        for field in fields(kind)
        if field.name not in ("data", "stages") and PREFIX + field.name in st.session_state
    }
    values["augment"] = tuple(a for a in AUGMENTATIONS if a in values["augment"])
    for name in PATHS:
        if name in values:
            values[name] = tuple(str(path) for path in values[name] or ())
    if data() != HAM10000 or kind.kind == "hybrid":  # what another choice would need stays typed
        values["more"] = ()
    stages = tuple(Stage(_of(f"epochs{n}"), _of(f"size{n}")) for n in range(_of("stages")))
    return kind(**values, data=data(), stages=stages)


def written(config: Config) -> dict[str, bytes]:
    """A configuration as the file that commands of `python -m train` read."""
    return {"config.json": as_json(config).encode()}


def data() -> str:
    """HAM10000, or the folder typed; empty while nothing is typed."""
    return HAM10000 if _of("source") == HAM10000 else str(_of("folder") or "").strip()


def _as_path(text: str) -> str:
    """A path as it is pasted: systems put quotes around one that they copy."""
    plain = text.strip()
    return plain[1:-1] if len(plain) > 2 and plain[0] == plain[-1] and plain[0] in "\"'" else plain


def named() -> str:
    """The name typed for the run; may be empty."""
    return str(_of("name") or "").strip()


def show() -> None:
    """The choices, the important ones first."""
    if PREFIX + "kind" not in st.session_state:
        load(PRESETS[0].config, preset=PRESETS[0].key)
    _presets()
    with st.container(border=True):
        kind = CONFIGS[_task()]
        names = {field.name for field in fields(kind)}
        network = "architecture" if "architecture" in names else "encoder"
        own = [model for model in store.offered_models() if model.own]
        left, right = st.columns(2, gap="large")
        with left:
            _source(kind.kind)
            _select("split")
            if "labels" in names:
                _select("labels")
            _number("limit")
        with right:
            _select(network, free=True)
            _select("start", _starts(_of(network), own))
            if "freeze" in names:
                _select("freeze")
        _lengths()
        with st.expander("How it learns: loss, learning rate, batch", icon=":material/tune:"):
            _learning(names, own)


def _presets() -> None:
    key = st.pills(
        "Begin with",
        [p.key for p in PRESETS],
        required=True,
        format_func=lambda k: BY_KEY[k].title,
        key=PREFIX + "preset",
        persist_state="session",
        on_change=_take_preset,
        help="A preset fills in the whole form; every choice may then be changed.",
    )
    if key is None:
        st.caption("No preset: every choice is as it stands below.")
        return
    if len(lengths := BY_KEY[key].lengths) > 1:
        choose_one(
            "Length",
            {length: LENGTHS[length] for length in lengths},
            LENGTH,
            on_change=_take_preset,
            help="Quick: minutes. As published: as its author describes it, up to hours.",
        )
    st.caption(BY_KEY[key].text)


def preset_config(key: str) -> Config:
    """The choices of a preset at the length that is chosen, if it has several."""
    lengths = BY_KEY[key].lengths
    return lengths.get(st.session_state.get(LENGTH, QUICK), lengths[QUICK])


def _take_preset() -> None:
    if key := preset():
        load(preset_config(key), named(), key)


def _task() -> str:
    return choose_one(
        "Task",
        {key: task.title for key, task in TASKS.items()},
        PREFIX + "kind",
        on_change=_take_task,
        help=help_on("What the network learns. Another task fills in its own way to learn.", TASKS),
    )


def _take_task() -> None:
    """Another task has its own way to learn; photos stay as they are, and what was changed of the
    preset in how many of them and on what they are computed."""
    usual = vars(preset_config(key)) if (key := preset()) else {}
    kept = {PREFIX + name: _of(name) for name in KEPT if _of(name) != usual.get(name)}
    load(CONFIGS[_of("kind")](), named())
    st.session_state.update(kept)


def _source(kind: str) -> None:
    """Where the photos come from. A server that others can open reads no folder by its name."""
    options = {HAM10000: "HAM10000"}
    if kind != "hybrid" and access.check().allowed:
        options["folder"] = "A folder on this computer"
    elif _of("source") != HAM10000:
        st.session_state[PREFIX + "source"] = HAM10000
    source = choose_one(
        "Data",
        options,
        PREFIX + "source",
        help="HAM10000 as you imported it, or photos of your own. The hybrid needs photos with "
        "both a diagnosis and a mask, which HAM10000 alone has.",
    )
    if source == HAM10000:
        if len(options) > 1:
            _more()
        return
    st.text_input(
        "Folder",
        key=PREFIX + "folder",
        on_change=_take_folder,
        persist_state="session",
        placeholder="/home/me/skin-photos",
        help="Nothing in it is changed.",
    )
    st.caption(
        "One subfolder for each class, named as the class; its photos inside."
        if kind == "classifier"
        else "A folder `images` and a folder `masks` in it; a mask is named as its photo."
    )


def _take_folder() -> None:
    st.session_state[PREFIX + "folder"] = _as_path(_of("folder") or "")


def _more() -> None:
    """Further sources beside HAM10000, by their paths on this computer."""
    _several(
        "more",
        {},
        "more_share",
        "A table of diagnoses, masks, or both; 15 % are kept to validate on, and none counts to "
        "HAM10000's figures.",
        placeholder="Paste the path of a folder or ZIP file, then Enter",
        accept_new_options=True,
    )


def _starts(network: str, own: list[StoredModel]) -> dict[str, Choice]:
    """Weights that a network can start from, models of finished runs included."""
    found = {key: STARTS[key] for key in usable_starts(network, _of("kind"))}
    kinds = kinds_to_start_from(network, _of("kind"))
    for model in own:
        if model.kind in kinds and model.card.network == network and not model.card.leaks:
            name = model.card.name or model.kind
            found[str(model.folder)] = Choice(name, "The model of one of your runs.")
    return found


def _teachers(own: list[StoredModel]) -> None:
    """Models to learn from: those of finished runs, and any that a file names."""
    kind, classes = _of("kind"), None
    same = "They must distinguish the same classes; the" if kind == "classifier" else "The"
    if kind == "classifier" and data() == HAM10000:  # a folder's are known once it is looked at
        classes = TWO_LABELS if _of("labels") == "malignancy" else KEYS
    _several(
        "teachers",
        {
            str(model.folder): model.card.name or model.kind
            for model in own
            if model.kind == kind and not model.card.leaks and classes in (None, model.card.classes)
        },
        "teacher_weight",
        f"{same} training takes a little longer. See Hinton, Vinyals and Dean, 2015.",
        placeholder="None",
    )


def _several(name: str, found: Mapping[str, str], weight: str, text: str, **more: Any) -> None:
    """A field that holds paths, and how much they count once there are any.

    Args:
        found: paths to offer, with what they are called; those that are set already are as well.
        weight: the field that says how much they count.
        text: what the field's own help does not say.
        more: further arguments of `st.multiselect`.
    """
    spec, current = _spec(name), [_as_path(path) for path in _of(name) or ()]
    st.session_state[PREFIX + name] = current
    st.multiselect(
        spec.title,
        list(dict.fromkeys([*found, *current])),
        format_func=lambda path: found.get(path, path),
        key=PREFIX + name,
        persist_state="session",
        help=f"{spec.text} {text}",
        **more,
    )
    if current:
        _number(weight)


def _lengths() -> None:
    """Epochs and sizes, a pair for each stage."""
    first, second, third = st.columns(3, vertical_alignment="bottom")
    count = st.session_state[PREFIX + "stages"]
    epochs, size = specs(Stage).values()
    for number in range(count):
        which = "" if count == 1 else f", stage {number + 1}"
        _number_input(first, f"Epochs{which}", epochs, f"epochs{number}")
        _number_input(second, f"Size{which}, px", size, f"size{number}")
    third.number_input(
        "Stages",
        1,
        max(STAGES, count),
        key=PREFIX + "stages",
        persist_state="session",
        help="Small photos first, larger ones last: quicker than large ones all the time.",
    )


def _learning(names: Iterable[str], own: list[StoredModel]) -> None:
    for name in ("loss", "mask_loss"):
        if name in names:
            _select(name)
    if "teachers" in names:
        _teachers(own)
    with st.grid(3, min_column_width=180):
        for name in LEARNING:
            _number(name)
    st.markdown("**Finer choices**")
    with st.grid(3, min_column_width=180):
        for name in FINER:
            if name in names:
                _number(name)


def _select(name: str, options: Mapping[Any, Choice] | None = None, free: bool = False) -> None:
    """A field with named values; one that is set already is offered as well."""
    spec, current = _spec(name), _of(name)
    options = spec.options if options is None else options
    found = [*options, *([] if current in options else [current])]
    picked = st.selectbox(
        spec.title,
        found,
        format_func=lambda chosen: (
            options[chosen].title if chosen in options else words.value(name, chosen)
        ),
        key=PREFIX + name,
        persist_state="session",
        accept_new_options=free,
        help=help_on(spec.text, options),
    )
    if picked in options:
        st.caption(options[picked].text)


def _number(name: str) -> None:
    spec = _spec(name)
    if name in ("threads", "workers"):
        spec = replace(spec, most=max(CORES, _of(name)))
    _number_input(st, spec.title, spec, name)


def _number_input(place: Any, label: str, spec: Spec, key: str) -> None:
    place.number_input(
        label,
        spec.kind(spec.least),
        spec.kind(spec.most),
        step=spec.kind(spec.step),
        format="%g" if spec.kind is float else None,
        key=PREFIX + key,
        persist_state="session",
        help=spec.text,
    )


def _spec(name: str) -> Spec:
    return specs(CONFIGS[_of("kind")])[name]


def help_on(text: str, options: Mapping[Any, Choice]) -> str:
    """The help of a field, with what each of its options means."""
    return "\n".join([text, "", *(f"- **{as_text(o.title)}**: {o.text}" for o in options.values())])


def _of(name: str) -> Any:
    return st.session_state.get(PREFIX + name)
