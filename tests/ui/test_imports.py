"""The server gets along without torch; that it stays so on every page is seen in
`tests.benchmarks.test_memory`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from core.settings import REPOSITORY
from tests.small_models import write_small_models
from tests.waiting import PATIENCE


def run(*command: str, **settings: str) -> str:
    """What a Python of its own prints."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=REPOSITORY,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


ANSWER = """
import sys
from core.imaging.image import resize
from core.lesion.phantom import practice_lesion, practice_titles
from core.models.cards import Card
from core.models.open_runtime import open_runtime
from core.settings import Settings
settings = Settings.from_environment()
folders = [settings.weights / name for name in ("classifier", "segmenter")]
runtime = open_runtime(*((folder, Card.read(folder)) for folder in folders), settings)
pixels = resize(practice_lesion(practice_titles()[0]).image.rgb, (64, 64))
print(runtime.classify(pixels[None]).logits.tolist(), "torch" in sys.modules)
"""


def test_models_are_prepared_without_loading_torch(tmp_path: Path) -> None:
    write_small_models(tmp_path / "weights")
    cache = tmp_path / "cache"
    settings = {"LESIONLAB_WEIGHTS": str(tmp_path / "weights"), "LESIONLAB_DEVICE": "cpu"}
    cold = run("-c", ANSWER, LESIONLAB_CACHE=str(cache), **settings)
    assert cold.split()[-1] == "False"
    assert len(list(cache.glob("models/*/model.bin"))) == 2
    ready = run("-c", ANSWER, LESIONLAB_CACHE=str(cache), **settings)
    assert ready == cold, "now from the cache"


def test_the_shipped_models_are_prepared_by_a_command() -> None:
    assert run("-m", "core", "prepare", LESIONLAB_DEVICE="cpu").startswith("Ready: OpenVINO")


def test_damaged_weights_are_said_from_the_other_process(tmp_path: Path) -> None:
    weights = tmp_path / "weights" / "classifier"
    weights.mkdir(parents=True)
    code = (
        "import sys; from pathlib import Path; "
        "from core.models.openvino_runtime import _export_elsewhere; "
        "from core.models.weights import WeightsError\n"
        "try: _export_elsewhere((Path(sys.argv[1]), {}), 'classifier', Path(sys.argv[2]))\n"
        "except WeightsError as error: print(error)"
    )
    told = run("-c", code, str(weights), str(tmp_path / "cache"))
    assert "card.json" in told
