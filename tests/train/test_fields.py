"""A configuration is the same in a file, on the command line and in the form, and nothing that
cannot be trained gets into one: tried with values that nobody thought of."""

from __future__ import annotations

import json
import logging
import math
from dataclasses import asdict, fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from train.__main__ import _parser, main
from train.commands import _chosen
from train.config import CONFIGS, ClassifierConfig, Config, ConfigError
from train.config_files import VERSION, as_json, config_in, config_of, read_run_config
from train.fields import Spec, nearest, specs
from train.stages import Stage
from ui.training import form

ANY = settings(
    deadline=None,
    database=None,
    max_examples=80,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
NAMES = st.text(
    st.characters(blacklist_categories=("Cs",), blacklist_characters="\0,"), min_size=1
).filter(str.strip)
PARSER = _parser()
KINDS = st.sampled_from(sorted(CONFIGS))


def allowed(name: str, spec: Spec) -> st.SearchStrategy[Any]:
    """Values that a field takes."""
    if spec.kind is tuple and spec.item is Stage:
        stage = st.builds(
            Stage, st.integers(1, 10_000), st.integers(1, 32).map(lambda size: size * 32)
        )
        return st.lists(stage, min_size=1, max_size=6).map(tuple)
    if spec.kind is tuple:
        words = NAMES if spec.others else st.sampled_from(list(spec.options))
        return st.lists(words, unique=True, max_size=5).map(tuple)
    if spec.kind is int:
        return st.integers(int(spec.least), int(spec.most))
    if spec.kind is float:
        return st.floats(spec.least, spec.most)
    listed = st.sampled_from(list(spec.options)) if spec.options else st.nothing()
    return listed | NAMES if spec.others else listed


@st.composite
def configs(draw: st.DrawFn) -> Config:
    """Configurations that can be."""
    kind = CONFIGS[draw(KINDS)]
    values = draw(
        st.fixed_dictionaries({}, optional={n: allowed(n, s) for n, s in specs(kind).items()})
    )
    try:
        return kind(**values)
    except ConfigError as error:  # two that do not go together
        assume("must be" not in str(error))
        assume(False)
        raise


@ANY
@given(configs())
def test_a_file_gives_back_what_was_written(config: Config) -> None:
    assert config_of(json.loads(as_json(config))) == config


@ANY
@given(configs())
def test_the_command_line_gives_back_what_is_typed(config: Config) -> None:
    typed = [
        f"--{name.replace('_', '-')}={spec.written(getattr(config, name))}"
        for name, spec in specs(type(config)).items()
    ]
    assert _chosen(PARSER.parse_args([config.kind, *typed]), Path("nowhere")) == config


@ANY
@given(configs())
def test_the_form_gives_back_what_was_loaded(config: Config) -> None:
    assume(config.data == config.data.strip())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(form, "st", SimpleNamespace(session_state={}))
        form.load(config)
        # The form lists augmentations in their own order, each once.
        assert set(form.chosen().augment) == set(config.augment)
        assert form.chosen() == type(config)(**vars(config) | {"augment": form.chosen().augment})


WRONG = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=True, allow_infinity=True),
    st.text(max_size=8),
    st.lists(st.integers() | st.text(max_size=3), max_size=3),
    st.dictionaries(st.sampled_from(["epochs", "size", "x"]), st.integers(), max_size=3),
    st.lists(st.dictionaries(st.sampled_from(["epochs", "size"]), st.floats()), max_size=2),
)


@ANY
@given(KINDS, st.data())
def test_any_value_of_any_field_is_taken_as_it_is_or_refused_in_words(
    kind: str, data: st.DataObject
) -> None:
    """No traceback, and nothing becomes something else: 16.5 no 16, "layer1" no six letters."""
    name = data.draw(st.sampled_from(sorted(specs(CONFIGS[kind]))))
    value = data.draw(WRONG)
    try:
        config = config_of({"kind": kind, name: value})
    except ConfigError:
        return
    taken = json.loads(json.dumps(asdict(config)))[name]
    assert taken == value
    assert not isinstance(value, bool)
    if isinstance(taken, float):
        assert math.isfinite(taken)


NUMBERS = [
    (kind, name)
    for kind, config in CONFIGS.items()
    for name, spec in specs(config).items()
    if spec.kind in (int, float)
]


@pytest.mark.parametrize(("kind", "name"), NUMBERS)
@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, -math.inf, -1, -1e-9, 1e300, 10**400],
    ids=lambda value: str(value)[:6],
)
def test_numbers_out_of_their_limits_are_refused(kind: str, name: str, value: float) -> None:
    spec = specs(CONFIGS[kind])[name]
    with pytest.raises(ConfigError, match=f"{spec.title} must be"):
        CONFIGS[kind](**{name: value})
    with pytest.raises(SystemExit):
        PARSER.parse_args([kind, f"--{name.replace('_', '-')}={value}"[:200]])


@pytest.mark.parametrize(("kind", "name"), NUMBERS)
def test_limits_hold_the_default(kind: str, name: str) -> None:
    spec, default = specs(CONFIGS[kind])[name], getattr(CONFIGS[kind](), name)
    assert spec.least <= default <= spec.most
    assert type(default) is spec.kind


@ANY
@given(st.integers(0, 2**32 - 1))
@example(2**32 - 1)
@example(20240101)
def test_any_seed_will_do(seed: int) -> None:
    from train.learn.base import seed_of

    assert ClassifierConfig(seed=seed).seed == seed
    seeds = {seed_of(seed, epoch, process) for epoch in range(5) for process in range(3)}
    assert len(seeds) == 15
    assert all(0 <= each < 2**32 for each in seeds)


# Keys that are no choice


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("learning_rate", "lr"),
        ("Learning-Rate", "lr"),
        ("sampling-power", "sampling_power"),
        ("lable", "labels"),
        ("weight_decya", "weight_decay"),
        ("batch_size", "batch"),
        ("zzz", None),
    ],
)
def test_a_misspelt_choice_is_named_with_the_nearest(key: str, meant: str | None) -> None:
    assert nearest(ClassifierConfig, key) == meant
    with pytest.raises(ConfigError, match=f"no choice {key}") as refused:
        config_of({"kind": "classifier", key: 1})
    assert f"did you mean {meant}?" in str(refused.value) or meant is None


def test_a_misspelt_choice_in_a_file_of_this_version_is_refused_by_the_command(
    tmp_path: Path, environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(json.loads(as_json(ClassifierConfig())) | {"learning_rate": 1e-5}))
    for command in (["queue", "add"], ["estimate"]):
        assert main([*command, "--config", str(path)]) == 1
        assert "did you mean lr?" in capsys.readouterr().err
    assert not list(Path(environment["LESIONLAB_RUNS"]).glob("*/config.json"))


def test_what_another_version_wrote_is_left_out_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = ClassifierConfig(lr=0.5)
    path = tmp_path / "config.json"
    path.write_text(json.dumps({**json.loads(as_json(config)), VERSION: "0", "of_old": 1}))
    with caplog.at_level(logging.WARNING):
        assert config_in(path) == config
    assert "of_old" in caplog.text


def test_a_run_of_a_lesionlab_before_the_mark_is_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody typed it; in a file of a person's, the same key is a slip."""
    values = {"kind": "classifier", **asdict(ClassifierConfig(lr=0.5)), "of_before": 1}
    path = tmp_path / "config.json"
    path.write_text(json.dumps(values))
    with caplog.at_level(logging.WARNING):
        assert read_run_config(tmp_path) == ClassifierConfig(lr=0.5)
    assert "of_before" in caplog.text
    with pytest.raises(ConfigError, match="of_before"):
        config_in(path)


def test_a_card_says_more_than_the_choices() -> None:
    config = ClassifierConfig(lr=0.5)
    training = {"kind": "classifier", **asdict(config), "epochs_trained": 3}
    assert config_of(training, strict=False) == config


def test_every_field_is_declared() -> None:
    for config in CONFIGS.values():
        assert list(specs(config)) == [field.name for field in fields(config)]
