"""OpenVINO gives torch's answers; models are prepared once, and torch stays out of it."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import openvino as ov
import pytest
import torch

from core.__main__ import main
from core.answer.analyser import Analyser, mask_of
from core.evaluation.metrics import mask_scores
from core.imaging.image import LesionImage, resize
from core.lesion.phantom import practice_set
from core.models import open_runtime as runtime_module
from core.models.calibration import Calibration
from core.models.cards import Card, Int8
from core.models.decision import Decision
from core.models.open_runtime import open_runtime
from core.models.openvino_runtime import OpenVINORuntime
from core.models.runtime import Model, Runtime
from core.models.torch_runtime import TorchRuntime
from core.models.weights import WeightsError
from core.settings import DeviceError, Settings
from tests.small_models import SIZES as SMALL
from tests.small_models import write_small_models
from tests.waiting import PATIENCE

IMAGES = 100
WEIGHTS = Settings.from_environment().weights
BATCH = 10
int8 = pytest.mark.skipif(
    "INT8" not in ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"),
    reason="this CPU has no int8",
)
BF16 = "BF16" in ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
"""Whether int8's U-Net is in bf16 here."""
SIZES = [Card.read(WEIGHTS / kind).input.size for kind in ("classifier", "segmenter")]


@pytest.fixture(scope="module")
def settings() -> Settings:
    return replace(Settings.from_environment(), device="cpu", precision="f32", threads=2)


@pytest.fixture(scope="module")
def models(settings: Settings) -> tuple[Model, Model]:
    folders = settings.weights / "classifier", settings.weights / "segmenter"
    return (folders[0], Card.read(folders[0])), (folders[1], Card.read(folders[1]))


@pytest.fixture(scope="module")
def openvino(settings: Settings, models: tuple[Model, Model]) -> Runtime:
    return open_runtime(*models, settings)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Model, Model]:
    return write_small_models(tmp_path_factory.mktemp("small"))


def augmented_practice(count: int) -> list[np.ndarray]:
    """The practice lesions, turned, mirrored, brighter and darker, as so many photos."""
    photos = []
    for number in range(count):
        rgb = practice_set()[number % len(practice_set())].image.rgb
        rgb = np.rot90(rgb, number % 4)[:: 1 - 2 * (number % 2)]
        gain = 0.7 + 0.6 * number / count
        photos.append((rgb * gain).clip(0, 255).astype(np.uint8))
    return photos


@pytest.fixture
def photos(request: pytest.FixtureRequest) -> list[np.ndarray]:
    """100 of validation and 20 practice lesions; without the dataset, 100 practice lesions."""
    try:
        data = request.getfixturevalue("dataset")
    except pytest.skip.Exception:
        return augmented_practice(IMAGES)
    table = data.table[data.table["split"] == "validation"]
    ids = table.sample(IMAGES, random_state=0).index
    real = [LesionImage.from_bytes(data.photo(i)).rgb for i in ids]
    return [*real, *augmented_practice(IMAGES // 5)]


def test_openvino_answers_as_torch_does(
    openvino: Runtime, models: tuple[Model, Model], photos: list[np.ndarray]
) -> None:
    """On each photo: probabilities within 0.02, masks IoU ≥ 0.995, heatmaps r ≥ 0.99."""
    torch.set_num_threads(Settings.from_environment().threads)
    reference = TorchRuntime.load(*models, torch.device("cpu"))
    calibration = Calibration.of(models[0][1])
    sizes = [card.input.size for _, card in models]
    for some in (photos[k : k + BATCH] for k in range(0, len(photos), BATCH)):
        first, second = (np.stack([resize(p, (size, size)) for p in some]) for size in sizes)
        ours, theirs = openvino.classify(first), reference.classify(first)
        assert ours.logits.shape == theirs.logits.shape == (len(some), 7)
        apart = calibration(ours.logits) - calibration(theirs.logits)
        assert np.abs(apart).max() <= 0.02
        assert np.allclose(ours.embeddings, theirs.embeddings, atol=1e-3)
        assert np.allclose(ours.textures, theirs.textures, atol=1e-3)
        heat = np.maximum(ours.evidence, 0), np.maximum(theirs.evidence, 0)
        for one, other in ((ours.evidence, theirs.evidence), heat):
            assert one.shape == other.shape
            maps = one.reshape(len(some) * 7, -1), other.reshape(len(some) * 7, -1)
            for a, b in zip(*maps, strict=True):
                assert np.allclose(a, b, atol=1e-5) or np.corrcoef(a, b)[0, 1] >= 0.99
        for a, b in zip(openvino.segment(second), reference.segment(second), strict=True):
            mask, expected = mask_of(a, 600, 450), mask_of(b, 600, 450)
            assert (mask & expected).sum() >= 0.995 * (mask | expected).sum()


@int8
def test_int8_answers_nearly_as_f32_does(
    openvino: Runtime,
    models: tuple[Model, Model],
    photos: list[np.ndarray],
    settings: Settings,
) -> None:
    """Of 120 photos: 99 % of the probabilities within 0.05, two other names at most, heatmaps of
    the class named r ≥ 0.95, outlines of IoU ≥ 0.98 on average."""
    rounded = open_runtime(*models, replace(settings, precision="int8"))
    card = models[0][1]
    calibration, decision, size = Calibration.of(card), Decision.of(card), card.input.size
    pixels = np.stack([resize(photo, (size, size)) for photo in photos])
    exact, near = openvino.classify(pixels), rounded.classify(pixels)
    before, after = calibration(exact.logits), calibration(near.logits)
    assert (np.abs(after - before) < 0.05).mean() >= 0.99
    assert (decision(before) != decision(after)).sum() <= 2
    heat = (np.maximum(scores.evidence, 0) for scores in (exact, near))
    for a, b, k in zip(*heat, decision(before), strict=True):
        assert np.corrcoef(a[k].ravel(), b[k].ravel())[0, 1] >= 0.95 or not a[k].any()
    size = SIZES[1]
    outlined = np.stack([resize(photo, (size, size)) for photo in photos])
    overlaps = [
        mask_scores(mask_of(a, 600, 450), mask_of(b, 600, 450))[1]
        for a, b in zip(openvino.segment(outlined), rounded.segment(outlined), strict=True)
    ]
    assert np.mean(overlaps) >= (0.98 if BF16 else 1.0)


def test_several_photos_are_the_photos_one_by_one(openvino: Runtime) -> None:
    pixels = np.stack([resize(p.image.rgb, (SIZES[0], SIZES[0])) for p in practice_set()[:3]])
    together = openvino.classify(pixels)
    for k in range(3):
        alone = openvino.classify(pixels[k : k + 1])
        assert np.array_equal(together.logits[k], alone.logits[0])
        assert np.array_equal(together.evidence[k], alone.evidence[0])
    size = SIZES[1]
    masks = np.stack([resize(p.image.rgb, (size, size)) for p in practice_set()[:2]])
    assert openvino.segment(masks).shape == (2, size, size)


@pytest.mark.parametrize(
    ("precision", "machine", "used"),
    [
        ("f32", "x86_64", "f32"),
        pytest.param("auto", "x86_64", "int8", marks=int8),
        pytest.param("auto", "AMD64", "int8", marks=int8),
        ("auto", "arm64", "f32"),
    ],
)
def test_names(
    models: tuple[Model, Model],
    settings: Settings,
    precision: str,
    machine: str,
    used: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)
    runtime = open_runtime(*models, replace(settings, precision=precision))
    assert runtime.name == f"OpenVINO {ov.__version__.split('-')[0]} on cpu, {used}"


@int8
def test_a_model_whose_card_says_nothing_of_int8_runs_in_f32(
    small: tuple[Model, Model], settings: Settings
) -> None:
    assert open_runtime(*small, replace(settings, precision="int8")).name.endswith("f32")


@int8
@pytest.mark.parametrize(
    "highest",
    [
        {},
        {"layer9.conv1": 1.0},
        {"aten::_convolution": 1.0},
        {"layer1.1.conv1": 0.0},
        {"layer1.1.conv1": 1e-300},
        {"layer1.1.conv1": 1e300},
    ],
)
def test_int8_that_does_not_fit_is_refused(
    models: tuple[Model, Model], settings: Settings, highest: dict[str, float]
) -> None:
    folder, card = models[0]
    other = folder, replace(card, int8=Int8(highest=highest))
    with pytest.raises(WeightsError, match="does not fit the network"):
        open_runtime(other, models[1], replace(settings, precision="int8"))


def test_reduced_decoding_does_not_change_the_answer() -> None:
    """A photo of 12 megapixels is decoded at a quarter of its scale."""
    import io

    from PIL import Image

    buffer = io.BytesIO()
    large = Image.fromarray(practice_set()[0].image.rgb).resize((4000, 3000))
    large.save(buffer, "JPEG", quality=95)
    analyser = Analyser.load()
    whole = analyser.analyse(LesionImage.from_bytes(buffer.getvalue()))
    reduced = analyser.analyse_bytes(buffer.getvalue())
    assert np.abs(whole.probabilities - reduced.probabilities).max() <= 0.02
    assert (reduced.width, reduced.height) == (4000, 3000)
    assert reduced.mask.shape == (3000, 4000)
    assert (whole.mask & reduced.mask).sum() >= 0.99 * (whole.mask | reduced.mask).sum()
    assert reduced.measurements.equivalent_diameter_px == pytest.approx(
        whole.measurements.equivalent_diameter_px, rel=0.01
    )


IN_A_NEW_PROCESS = """
import sys
from concurrent.futures import ThreadPoolExecutor
from core.answer.analyser import Analyser
from core.lesion.phantom import practice_set
analyser = Analyser.load(lanes=2)
with ThreadPoolExecutor(4) as pool:
    answers = list(pool.map(analyser.analyse, [p.image for p in practice_set()] * 4))
assert len({a.probabilities.tobytes() for a in answers}) == len(practice_set())
print([m for m in ("torch", "segmentation_models_pytorch", "pytorch_grad_cam") if m in sys.modules])
"""


@pytest.mark.usefixtures("openvino")
def test_a_new_process_answers_many_at_once_and_without_torch() -> None:
    """OpenVINO's bindings once locked up for ever where two threads were the first to use them."""
    done = subprocess.run(
        [sys.executable, "-c", IN_A_NEW_PROCESS], capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.stdout.strip() == "[]", done.stderr


# Preparing the models


@pytest.fixture
def exports(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the models exported since."""
    from core.models import openvino_runtime

    sizes: list[int] = []
    export = openvino_runtime._export

    def counted(model: Model, kind: str) -> ov.Model:
        sizes.append(model[1].input.size)
        return export(model, kind)

    monkeypatch.setattr(openvino_runtime, "_export", counted)
    return sizes


def test_prepared_once_and_again_when_damaged(
    tmp_path: Path, small: tuple[Model, Model], settings: Settings, exports: list[int]
) -> None:
    here = replace(settings, cache=tmp_path)
    pixels = resize(practice_set()[0].image.rgb, (SMALL[0], SMALL[0]))[None]
    first = open_runtime(*small, here).classify(pixels)
    assert exports == SMALL
    again = open_runtime(*small, here).classify(pixels)
    assert exports == SMALL, "the second time from the cache"
    assert np.array_equal(first.logits, again.logits)
    for path in tmp_path.rglob("model.bin"):
        with path.open("r+b") as file:
            file.seek(path.stat().st_size // 2)
            file.write(b"\xff\xff\xff\xff")
    mended = open_runtime(*small, here).classify(pixels)
    assert exports == SMALL * 2
    assert np.array_equal(first.logits, mended.logits)


def test_without_a_cache_folder_it_still_works(
    tmp_path: Path, small: tuple[Model, Model], settings: Settings
) -> None:
    (tmp_path / "file").write_text("in the way")
    runtime = open_runtime(*small, replace(settings, cache=tmp_path / "file"))
    pixels = resize(practice_set()[0].image.rgb, (SMALL[0], SMALL[0]))[None]
    assert runtime.classify(pixels).logits.shape == (1, 7)


def test_damaged_weights_are_refused_before_anything_is_kept(
    tmp_path: Path, models: tuple[Model, Model], settings: Settings
) -> None:
    folder = tmp_path / "classifier"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"junk")
    with pytest.raises(WeightsError, match="not those its card describes"):
        open_runtime((folder, models[0][1]), models[1], replace(settings, cache=tmp_path / "c"))
    assert not (tmp_path / "c").exists()


# Choosing


@pytest.mark.parametrize("precision", ["bf16", "int8"])
def test_a_precision_needs_a_cpu_that_has_it(
    models: tuple[Model, Model],
    settings: Settings,
    precision: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Old(ov.Core):
        def get_property(self, device: str, name: str) -> list[str]:
            return ["FP32"]

    monkeypatch.setattr(ov, "Core", Old)
    with pytest.raises(DeviceError, match=f"no {precision}"):
        open_runtime(*models, replace(settings, precision=precision))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_named(models: tuple[Model, Model], settings: Settings) -> None:
    with pytest.raises(DeviceError, match="no cuda device"):
        open_runtime(*models, replace(settings, device="cuda"))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_auto_without_a_gpu_that_torch_can_use(
    models: tuple[Model, Model], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime_module, "_perhaps_a_gpu", lambda: True)
    if not torch.backends.mps.is_available():
        assert isinstance(open_runtime(*models, replace(settings, device="auto")), OpenVINORuntime)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_cuda_answers_as_the_cpu_does(models: tuple[Model, Model], settings: Settings) -> None:
    gpu = open_runtime(*models, replace(settings, device="cuda"))
    pixels = resize(practice_set()[0].image.rgb, (SIZES[0], SIZES[0]))[None]
    cpu = TorchRuntime.load(*models, torch.device("cpu"))
    assert np.allclose(gpu.classify(pixels).logits, cpu.classify(pixels).logits, atol=0.02)


def test_lanes_answer_at_the_same_time(models: tuple[Model, Model], settings: Settings) -> None:
    runtime = open_runtime(*models, settings, lanes=2)
    pixels = [resize(p.image.rgb, (SIZES[0], SIZES[0]))[None] for p in practice_set()]
    alone = [runtime.classify(p).logits for p in pixels]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda p: runtime.classify(p).logits, pixels * 5))
    for number, logits in enumerate(together):
        assert np.allclose(logits, alone[number % len(pixels)], atol=1e-4)


def test_both_networks_side_by_side_say_what_each_says(
    models: tuple[Model, Model], settings: Settings
) -> None:
    runtime = open_runtime(*models, settings, lanes=2)
    photos = [p.image.rgb for p in practice_set()]
    seen = [[resize(rgb, (size, size))[None] for size in SIZES] for rgb in photos]
    alone = [(runtime.classify(a).logits, runtime.segment(b)) for a, b in seen]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda pair: runtime.both(*pair), seen * 3))
    for number, (scores, outline) in enumerate(together):
        logits, expected = alone[number % len(photos)]
        assert np.allclose(scores.logits, logits, atol=1e-4)
        assert np.allclose(outline, expected, atol=1e-3)
    several = runtime.classify(np.concatenate([a for a, _ in seen])).logits
    assert np.allclose(several, np.concatenate([logits for logits, _ in alone]), atol=1e-4)


def test_without_weights_nothing_can_be_prepared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LESIONLAB_WEIGHTS", str(tmp_path))
    assert main(["prepare"]) == 2
    assert "card.json" in capsys.readouterr().err
