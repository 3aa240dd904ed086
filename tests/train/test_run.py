"""One training from its configuration to what it leaves behind, of every kind; told and stopped."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from core.models.networks import build_encoder
from core.models.weights import WeightsError
from tests.train.few import prepared
from train.config import ClassifierConfig, Config, ConfigError, HybridConfig, SegmenterConfig
from train.config_files import VERSION, read_run_config
from train.progress import Progress, Stopped
from train.run import begin, build_training, run_training
from train.stages import Stage

FEW = {
    "start": "random",
    "stages": (Stage(2, 32),),
    "epoch_images": 16,
    "batch": 8,
    "precision": "32-true",
    "threads": 1,
}
CLASSIFIER = ClassifierConfig(architecture="small-cnn", freeze=(), **FEW)
EVERY = {
    "small CNN": CLASSIFIER,
    "two labels, weighted": replace(CLASSIFIER, labels="malignancy", loss="weighted"),
    "focal, no augmentation": replace(CLASSIFIER, loss="focal", augment=()),
    "U-Net, fuzzy": SegmenterConfig(**FEW, loss="fuzzy"),
    "hybrid": HybridConfig(**FEW),
}


class Told:
    """A watch that notes everything, and wants to stop when told."""

    def __init__(self, stop_in: tuple[str, int] | None = None) -> None:
        self.phases: list[str] = []
        self.heard: list[Progress] = []
        self.asked = 0
        self.stop_in = stop_in

    def phase(self, name: str) -> None:
        self.phases.append(name)

    def progress(self, progress: Progress) -> None:
        self.heard.append(progress)

    def stop_wanted(self) -> bool:
        self.asked += 1
        if self.stop_in is None or self.phases[-1] != self.stop_in[0]:
            return False
        return max((p.epoch for p in self.heard), default=0) >= self.stop_in[1]


@pytest.fixture
def finished(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Runs that came to their end; what is made of them then has its own tests."""
    runs: list[Path] = []
    monkeypatch.setattr("train.finish.finish.finish", lambda done, watch: runs.append(done.run))
    return runs


@pytest.mark.parametrize("name", EVERY)
def test_every_kind_is_trained(
    name: str, environment: dict[str, str], tmp_path: Path, finished: list[Path]
) -> None:
    run, watch, config = tmp_path / "run", Told(), EVERY[name]
    begin(run, config, resume=False)
    run_training(run, watch, resume=False)
    assert finished == [run]
    assert watch.phases == ["preparing", "training"]
    assert read_run_config(run) == config
    stored = json.loads((run / "config.json").read_text())
    assert stored.pop(VERSION)
    assert stored == {"kind": config.kind, **json.loads(json.dumps(asdict(config)))}
    last = watch.heard[-1]
    assert (last.epoch, last.epochs, last.step, last.steps) == (2, 2, 2, 2)
    assert last.seconds_left == 0
    assert last.loss is not None
    assert last.loss > 0
    for epoch in (1, 2):
        check_samples(run, epoch, config)


def check_samples(run: Path, epoch: int, config: Config) -> None:
    folder = run / "samples"
    told = json.loads((folder / f"epoch-{epoch:03d}.json").read_text())
    assert told["epoch"] == epoch
    assert len(told["photos"]) == 8
    two = getattr(config, "labels", "") == "malignancy"
    for photo in told["photos"]:
        with Image.open(folder / photo["photo"]) as picture:
            size = picture.size
        if config.kind != "segmenter":
            assert list(photo["probabilities"]) == told["classes"]
            assert len(told["classes"]) == (2 if two else 7)
            assert sum(photo["probabilities"].values()) == pytest.approx(1, abs=1e-3)
            assert photo["truth"] in told["classes"]
        if config.kind != "classifier":
            for key in ("mask", "true_mask"):
                with Image.open(folder / photo[key]) as mask:
                    assert mask.size == size
                    assert {v for _, v in mask.getcolors()} <= {0, 255}
            assert 0 <= photo["iou"] <= 1


def test_stop_and_resume_lose_no_finished_epoch(
    environment: dict[str, str],
    tmp_path: Path,
    finished: list[Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "train.learn.callbacks.Watching.EVERY", math.inf
    )  # reports whole epochs alone
    run, config = tmp_path / "run", replace(CLASSIFIER, stages=(Stage(4, 32),))
    begin(run, config, resume=False)
    with pytest.raises(Stopped):
        run_training(run, Told(stop_in=("training", 2)), resume=False)
    assert torch.load(run / "last.ckpt", weights_only=False)["epoch"] == 1
    assert not finished
    with pytest.raises(FileExistsError, match="--resume"):
        run_training(run, Told(), resume=False)
    with pytest.raises(FileExistsError, match="--resume"):
        begin(run, replace(config, lr=1.0), resume=False)
    assert read_run_config(run) == config
    watch = Told()
    run_training(run, watch, resume=True)
    assert {p.epoch for p in watch.heard} == {3, 4}
    assert len((run / "metrics.csv").read_text().splitlines()) == 5
    assert finished == [run]


@pytest.mark.parametrize("kind", ["classifier", "segmenter", "hybrid"])
def test_a_resume_needs_no_start_weights_any_more(
    kind: str, environment: dict[str, str], tmp_path: Path, finished: list[Path]
) -> None:
    """The checkpoint replaces them; what they freeze stays frozen."""
    file = tmp_path / "start.safetensors"
    few = FEW | {"start": str(file)}
    if kind == "classifier":
        network = "resnet18"
        config = ClassifierConfig(**few, architecture=network, freeze=("layer1",), ema=0.0)
    else:
        network = "mobilenet_v2"
        config = {"segmenter": SegmenterConfig, "hybrid": HybridConfig}[kind](**few)
    state = build_encoder(network).state_dict()
    save_file(state, file)
    run = tmp_path / "run"
    begin(run, config, resume=False)
    with pytest.raises(Stopped):
        run_training(run, Told(stop_in=("training", 1)), resume=False)
    file.unlink()
    run_training(run, Told(), resume=True)
    assert finished == [run]
    if kind == "classifier":
        learned = torch.load(run / "last.ckpt", weights_only=True)["state_dict"]
        for key in ("layer1.0.conv1.weight", "layer1.0.bn1.running_mean"):
            assert torch.equal(learned[f"net.encoder.{key}"], state[key])
        key = "layer2.0.conv1.weight"
        assert not torch.equal(learned[f"net.encoder.{key}"], state[key])


def test_stop_before_the_first_epoch(
    environment: dict[str, str], tmp_path: Path, finished: list[Path]
) -> None:
    for phase in ("preparing", "training"):
        run = tmp_path / phase
        # A subset is not decoded yet, so that there is something to prepare.
        config = replace(CLASSIFIER, limit=10 if phase == "preparing" else 0)
        begin(run, config, resume=False)
        if phase == "preparing":
            for part in (Path(environment["LESIONLAB_DATA"]) / "ham10000/cache").glob("*"):
                (part / "complete.json").unlink(missing_ok=True)
        with pytest.raises(Stopped):
            run_training(run, Told(stop_in=(phase, 0)), resume=False)
        assert not (run / "last.ckpt").exists()
        run_training(run, Told(), resume=True)
        assert finished[-1] == run


def test_folder_that_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not the folder of a run"):
        run_training(tmp_path, Told(), resume=False)


def test_network_that_does_not_exist(environment: dict[str, str]) -> None:
    for config in (
        replace(CLASSIFIER, architecture="resnet49"),
        SegmenterConfig(**FEW, encoder="resnet49"),
        HybridConfig(**FEW, encoder="resnet49"),
    ):
        with pytest.raises(WeightsError, match="no encoder resnet49"):
            build_training(config, prepared(config))


def test_exported_scores_are_free_of_the_prior(environment: dict[str, str]) -> None:
    config = replace(CLASSIFIER, loss="cross-entropy")
    model = build_training(config, prepared(config)).eval()
    pixels = torch.randint(0, 256, (2, 32, 32, 3), dtype=torch.uint8)
    with torch.no_grad():
        before = torch.from_numpy(model.class_scoring.scores(model._logits(pixels)))
        model.class_scoring.free_bias(model.net.fc)
        torch.testing.assert_close(model._logits(pixels), before)
