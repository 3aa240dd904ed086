"""The server gets along without torch; that it stays so on every page is seen in
`tests.benchmarks.test_memory`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from core.settings import REPOSITORY
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


def test_models_are_prepared_without_loading_torch(tmp_path: Path) -> None:
    code = (
        "import sys; from core.answer.analyser import Analyser; "
        "from core.lesion.phantom import practice_set; "
        "found = Analyser.load().analyse(practice_set()[0].image); "
        "print(found.prediction, 'torch' in sys.modules)"
    )
    cold = run("-c", code, LESIONLAB_CACHE=str(tmp_path))
    assert cold.split()[1] == "False"
    assert len(list(tmp_path.glob("models/*/model.bin"))) == 2
    ready = run("-m", "core", "prepare", LESIONLAB_CACHE=str(tmp_path), LESIONLAB_DEVICE="cpu")
    assert ready.startswith("Ready: OpenVINO")
    assert run("-c", code, LESIONLAB_CACHE=str(tmp_path)) == cold, "now from the cache"


def test_damaged_weights_are_said_from_the_other_process(tmp_path: Path) -> None:
    weights = tmp_path / "weights" / "classifier"
    weights.mkdir(parents=True)
    code = (
        "import sys; from pathlib import Path; "
        "from core.models.openvino_runtime import _export_elsewhere, _classifier; "
        "from core.models.weights import WeightsError\n"
        "try: _export_elsewhere((Path(sys.argv[1]), {}), _classifier, Path(sys.argv[2]))\n"
        "except WeightsError as error: print(error)"
    )
    told = run("-c", code, str(weights), str(tmp_path / "cache"))
    assert "card.json" in told
