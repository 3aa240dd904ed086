"""Below the form: what the training will do, what it will cost, and the button that starts it."""

import json
from itertools import chain, count
from pathlib import Path

import streamlit as st

from core.errors import DatasetError, UserError
from core.ham10000.dataset import Dataset
from core.settings import Settings
from core.system.storage import room, same_disk, size
from train.choices import STARTS
from train.config import HAM10000, Config, ConfigError
from train.data import notices
from train.data.dividing import divided
from train.data.elsewhere import Elsewhere
from train.data.folders import Folder, class_folder, mask_folder
from train.jobs import JobError, ensure_supervisor
from train.learn.start_weights import check_start_model, usable_starts
from train.learn.teachers import check_teachers
from train.names import checked_name
from train.presets import BY_KEY
from ui import access, state, subprocess_task
from ui.frame import duration
from ui.text import as_text
from ui.training import form, store, words

MEASURED = "training_estimate"
"""Of the session: the task that measures."""


def show() -> None:
    """The plan in words, the estimate, and the button."""
    if not form.data():
        st.info("Name the folder with your photos above.", icon=":material/folder:")
        return
    try:
        config = form.chosen()
    except ConfigError as error:
        st.warning(as_text(str(error)), title="These choices do not go together")
        return
    ready = access.check().allowed and _weights(config) and _data(config)
    with st.container(border=True):
        st.markdown(words.plan(config))
        _changes(config)
        _estimate(config, ready)
        st.text_input(
            "Name",
            key=form.PREFIX + "name",
            persist_state="session",
            placeholder=_name(config),
            max_chars=80,
            help="To find it again. Left empty, it is called as shown.",
        )
        ready = _may_be_called(form.named()) and ready
        st.button(
            "Start training",
            type="primary",
            icon=":material/play_arrow:",
            disabled=not ready,
            on_click=_start,
            args=(config,),
            help="It runs apart from this page: you may close the browser and come back. While "
            "another one runs, it waits for its turn.",
        )


@access.guarded
def _start(config: Config) -> None:
    try:
        runs = store.opened()
        run = runs.create(config, form.named() or _name(config))
        ensure_supervisor(runs)
    except (JobError, OSError) as error:
        access.keep_problem(f"The training cannot start. {error}")
        return
    st.session_state[form.PREFIX + "name"] = ""
    store.look_at(run)


def _may_be_called(name: str) -> bool:
    """Whether a training may have that name (none: one is made up); says what is wrong with it, or
    that another one has it."""
    if not name:
        return True
    try:
        plain = checked_name(name)
    except ConfigError as error:
        st.error(as_text(str(error)))
        return False
    if plain in {run.name for run in store.opened().recent()}:
        st.caption("Another run has this name; the date tells them apart.")
    return True


def _name(config: Config) -> str:
    """A name that no run has: the preset's title or the network's, numbered if need be."""
    key = form.preset()
    network = words.value("architecture", config.network)
    title = BY_KEY[key].title if key else f"{network}, {words.value('kind', config.kind).lower()}"
    taken = {run.name for run in store.opened().recent()}
    numbered = chain([title], (f"{title} {number}" for number in count(2)))
    return next(name for name in numbered if name not in taken)


def _changes(config: Config) -> None:
    """What differs from the preset that the form began with."""
    key = form.preset()
    if key is None:
        return
    before, now = words.values(form.preset_config(key)), words.values(config)
    if not (names := words.differing([before, now])):
        return
    changes = [
        f"{words.field(n)}: {as_text(words.value(n, before[n]))} → "
        f"**{as_text(words.value(n, now[n]))}**"
        for n in names
    ]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("Changed from the preset: " + "; ".join(changes), width="content")
        st.button(
            "Reset",
            type="tertiary",
            icon=":material/undo:",
            on_click=form.load,
            args=(form.preset_config(key), form.named(), key),
        )


def _weights(config: Config) -> bool:
    """Whether the start weights are there; says what to do if not."""
    network = config.network
    if config.start not in STARTS or config.start in usable_starts(network, config.kind):
        return True
    name = as_text(words.value("architecture", network))
    places = {
        "imagenet": f"There is no file of ImageNet weights for {name} in "
        f"`{Settings.from_environment().pretrained}`. Choose other start weights above: a "
        "download, LesionLab's model where it fits, or none.",
        "torchvision": f"There are no weights of {name} to download: choose ImageNet, from a file, "
        "above.",
        "shipped": f"No model that came with LesionLab has {name} inside. Choose other start "
        "weights above.",
    }
    st.warning(
        places.get(config.start, f"{name} has no start weights: choose “None” above."),
        title="These start weights are not here",
    )
    return False


def _data(config: Config) -> bool:
    """Whether there are photos to learn from; says what to do if not."""
    if config.data == HAM10000:
        if not isinstance(dataset := state.dataset(), str):
            return _models(config, dataset) and (not config.more or _further(config, dataset))
        st.info(
            "Import it first, on the Dataset page; or train on a folder of your own.",
            title="HAM10000 has not been imported",
            icon=":material/download:",
        )
        st.page_link("pages/screens/dataset.py", label="Go to Dataset", icon=":material/dataset:")
        return False
    found = _folder(config.kind, config.data)
    if isinstance(found, str):
        st.warning(as_text(found), title="This folder cannot be used")
        return False
    counts = found.table["split"].value_counts()
    classes = f" in {len(found.classes)} classes" if found.classes else " with masks"
    parts = [
        f"{len(found.table):,} photos{classes}: {counts.get('train', 0):,} to learn from, "
        f"{counts.get('validation', 0):,} for validation, {counts.get('test', 0):,} for test.",
        *found.notes,
    ]
    st.caption(as_text(" ".join(parts)))
    return _models(config, found)


def _models(config: Config, data: Dataset | Folder) -> bool:
    """Whether the models that it starts from and learns from fit it and its photos; says what to do
    if not."""
    try:
        data = divided(data, config)
        check_start_model(config, data)
        check_teachers(config, data)
    except UserError as error:
        st.warning(as_text(str(error)), title="This model cannot be used here")
        return False
    return True


def _further(config: Config, dataset: Dataset) -> bool:
    """Whether every further source has photos to learn from; says what is in them, or what to
    do."""
    try:
        found = _sources(config.more, config.masked, dataset)
    except (DatasetError, OSError) as error:
        st.warning(as_text(str(error)), title="These further photos cannot be used")
        return False
    for source in found:
        st.caption(as_text(notices.source_summary(source, config)))
    if warning := notices.scarcity_warning(found, config):
        st.warning(as_text(warning), title="There are few further photos")
    return True


@st.cache_resource(max_entries=4, ttl=60, show_spinner="Looking at the further photos…")
def _sources(paths: tuple[str, ...], masked: bool, _dataset: Dataset) -> tuple[Elsewhere, ...]:
    return tuple(notices.open_usable(paths, _dataset.table.index, masked))


@st.cache_resource(max_entries=4, ttl=60, show_spinner="Looking at the folder…")
def _folder(kind: str, path: str) -> Folder | str:
    try:
        return (mask_folder if kind == "segmenter" else class_folder)(Path(path))
    except (DatasetError, OSError) as error:
        return str(error)


def _estimate(config: Config, ready: bool) -> None:
    """What the training will take: measured on request, for the choices as they are."""
    measuring = subprocess_task.current(MEASURED, config)
    if measuring is None or (measuring.cancelled and not measuring.running):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                "Measure time and disk",
                icon=":material/timer:",
                key="training_measure",
                disabled=not ready,
                on_click=_measure,
                args=(config,),
                help="Does a few steps of this very training, and estimates from them.",
            )
            st.caption("Not measured yet for these choices.", width="content")
        return
    if measuring.running:
        subprocess_task.show_progress(
            measuring, "Measuring on a few steps of this training…", MEASURED
        )
    elif measuring.problem:
        st.warning(as_text(measuring.problem), title="It cannot be measured")
    else:
        _result(json.loads(measuring.printed))


def _measure(config: Config) -> None:
    command = "estimate", "--config", "{folder}/config.json"
    subprocess_task.restart(
        MEASURED, config, command, "It cannot be measured", form.written(config)
    )


def _result(found: dict[str, float]) -> None:
    needed = found["disk_bytes"]
    st.markdown(
        f":material/timer: **About {duration(found['seconds'])}**, less if it stops "
        f"early · :material/hard_drive: **{size(needed)}** of disk. "
        f":small[Measured just now on {found['measured_steps']} steps: "
        f"{found['images_per_second']:.0f} photos a second.]"
    )
    for folder, part in _places(found):
        if part > 0.9 * (free := room(folder)):
            st.warning(
                f"It needs {size(part)} on the disk that holds `{folder}`, and {size(free)} are "
                "free there. Make room first: the section Storage above shows what LesionLab keeps."
            )


def _places(found: dict[str, float]) -> list[tuple[Path, float]]:
    """The folders into which a training writes, each on another disk, with its share of bytes."""
    settings = Settings.from_environment()
    own = st.session_state[form.PREFIX + "source"] != HAM10000
    photos = settings.cache if own else settings.data
    whole, of_photos = found["disk_bytes"], found.get("photo_bytes", 0)
    if same_disk(settings.runs, photos):
        return [(settings.runs, whole)]
    shares = [(settings.runs, whole - of_photos), (photos, of_photos)]
    return [(folder, part) for folder, part in shares if part]
