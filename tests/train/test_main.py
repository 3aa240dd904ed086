"""What goes wrong on the command line ends in a sentence and an exit status, not in a traceback."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.train.conftest import Tiny
from train.__main__ import main
from train.config import SegmenterConfig
from train.config_files import read_run_config, write_run_config
from train.presets import PRESETS


def failure(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one sentence on stderr of a command that ends with status 1."""
    capsys.readouterr()
    assert main(arguments) == 1
    printed = capsys.readouterr()
    lines = [line for line in printed.err.splitlines() if line and "Decoding" not in line]
    assert len(lines) == 1, printed.err
    assert "Traceback" not in printed.err
    return lines[0]


@pytest.mark.parametrize("command", ["classifier", "segmenter", "hybrid", "preset demo"])
def test_no_dataset(
    command: str,
    environment: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("LESIONLAB_DATA", str(tmp_path / "nothing"))
    assert "python -m core dataset import" in failure(capsys, *command.split())


def test_dataset_without_masks(
    tiny: Tiny,
    environment: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copytree(
        tiny.data, tmp_path / "data", ignore=shutil.ignore_patterns("cache", "*.png", "crops")
    )
    monkeypatch.setenv("LESIONLAB_DATA", str(tmp_path / "data"))
    assert "no photos with a lesion mask" in failure(capsys, "segmenter", "--start", "random")


def test_start_weights_that_are_not_there(
    environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert "LESIONLAB_PRETRAINED" in failure(capsys, "classifier", "--start", "imagenet")
    assert "nowhere.safetensors" in failure(capsys, "segmenter", "--start", "nowhere.safetensors")


@pytest.mark.parametrize(
    "choice", ["--data /nope", "--more /nope", "--start nope", "--teachers /nope"]
)
def test_a_mistyped_choice_leaves_no_run(
    choice: str, environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    network = "resnet18" if "start" in choice else "small-cnn"
    words = ["--architecture", network, "--freeze", "", "--start", "random", *choice.split()]
    assert "nope" in failure(capsys, "classifier", "--run-name", "mine", *words)
    assert not (Path(environment["LESIONLAB_RUNS"]) / "mine").exists()


@pytest.mark.parametrize("command", ["classifier", "segmenter"])
def test_run_that_is_there_already(
    command: str, environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    run = Path(environment["LESIONLAB_RUNS"]) / "mine"
    run.mkdir(parents=True)
    (run / "last.ckpt").write_bytes(b"weeks of work")
    said = failure(capsys, command, "--start", "random", "--run-name", "mine")
    assert "--resume" in said
    assert [p.name for p in run.iterdir()] == ["last.ckpt"], "nothing was written"
    assert (run / "last.ckpt").read_bytes() == b"weeks of work"


@pytest.mark.parametrize("model", ["classifier", "segmenter"])
def test_nothing_to_export_or_to_evaluate(
    model: str, environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert "train first" in failure(capsys, "export", model)
    assert "no card.json" in failure(capsys, "evaluate", model)


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        "other",
        "classifier --stages 8",
        "evaluate classifier --split train",
        "export other",
        "reference --more p",
        "reference --strangers p",
    ],
)
def test_wrong_usage(arguments: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments.split())
    assert stopped.value.code == 2
    assert "usage: python -m train" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    ["classifier", "segmenter", "hybrid", "preset", "estimate", "preview", "export", "evaluate"],
)
def test_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    assert stopped.value.code == 0
    assert "--" in capsys.readouterr().out


def test_a_preset_takes_no_choice_that_its_training_does_not_have(
    environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert "leave out --encoder" in failure(
        capsys, "preset", "demo", "--encoder", "efficientnet_lite0"
    )
    assert "leave out --mix" in failure(capsys, "preset", "shipped-unet", "--mix", "0.5")
    words = ["--encoder", "nothing", "--start", "random"]
    assert "no encoder nothing" in failure(capsys, "preset", "shipped-unet", *words)


def test_presets_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["preset"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [preset.key for preset in PRESETS]


def test_run_of_another_kind_is_not_resumed(
    environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    run = Path(environment["LESIONLAB_RUNS"]) / "mine"
    write_run_config(run, SegmenterConfig())
    assert "another kind" in failure(capsys, "classifier", "--resume", "--run-name", "mine")
    assert isinstance(read_run_config(run), SegmenterConfig)


@pytest.mark.parametrize(
    ("device", "options", "said"),
    [
        ("cuda", "", "offers no cuda device"),
        ("mps", "", "offers no mps device"),
        ("tpu", "", "set it to one of"),
        ("cpu", "--precision 16-mixed", "needs a GPU"),
        ("cpu", "--devices 0", "at least one device"),
    ],
)
def test_a_device_or_precision_that_is_not_here(
    device: str,
    options: str,
    said: str,
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("LESIONLAB_DEVICE", device)
    for library in ("cuda", "backends.mps"):
        monkeypatch.setattr(f"torch.{library}.is_available", lambda: False)
    assert said in failure(capsys, "segmenter", "--start", "random", *options.split())
    assert not list(Path(environment["LESIONLAB_RUNS"]).glob("*/last.ckpt"))


def test_stopped_by_hand(
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("train.learn.fit.fit", stop)
    assert main(["segmenter", "--start", "random"]) == 130
    assert "--resume" in capsys.readouterr().err
