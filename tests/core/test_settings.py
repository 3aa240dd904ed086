"""Settings from the environment: defaults, folders, and values that cannot be used."""

from pathlib import Path

import pytest

from core.settings import REPOSITORY, Settings, SettingsError

VARIABLES = (
    "DATA",
    "WEIGHTS",
    "RUNS",
    "LEARNING",
    "PRETRAINED",
    "CACHE",
    "DEVICE",
    "THREADS",
    "PRECISION",
)
VARIABLES += ("RAY", "RAY_WORKERS", "NICE", "WINDOW")


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(f"LESIONLAB_{name}", raising=False)


def test_defaults() -> None:
    settings = Settings.from_environment()
    assert (REPOSITORY / "core/settings.py").is_file()
    assert settings.data == REPOSITORY / "data"
    assert settings.weights == REPOSITORY / "weights"
    assert settings.runs == REPOSITORY / "runs"
    assert settings.learning == REPOSITORY / "learning"
    assert settings.pretrained == REPOSITORY / "pretrained"
    assert settings.cache.is_absolute()
    assert REPOSITORY not in settings.cache.parents
    assert settings.window.is_absolute()
    assert REPOSITORY not in settings.window.parents
    assert settings.device == "auto"
    assert settings.precision == "auto"
    assert 1 <= settings.threads <= 4
    assert (settings.ray, settings.ray_workers) == ("", 1)
    assert settings.nice == 19


def test_empty_is_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = Settings.from_environment()
    for name in VARIABLES:
        monkeypatch.setenv(f"LESIONLAB_{name}", " ")
    assert Settings.from_environment() == expected


def test_folders_become_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LESIONLAB_DATA", "here/../there")
    monkeypatch.setenv("LESIONLAB_RUNS", "~/runs")
    settings = Settings.from_environment()
    assert settings.data == tmp_path / "there"
    assert settings.runs == tmp_path / "home/runs"


def test_device_and_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LESIONLAB_DEVICE", " CUDA ")
    monkeypatch.setenv("LESIONLAB_THREADS", " 12 ")
    settings = Settings.from_environment()
    assert (settings.device, settings.threads) == ("cuda", 12)


def test_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LESIONLAB_RAY", " http://head:8265/ ")
    monkeypatch.setenv("LESIONLAB_RAY_WORKERS", "4")
    settings = Settings.from_environment()
    assert (settings.ray, settings.ray_workers) == ("http://head:8265", 4)
    monkeypatch.setenv("LESIONLAB_RAY_WORKERS", "none")
    with pytest.raises(SettingsError, match=r"LESIONLAB_RAY_WORKERS is .* at least 1"):
        Settings.from_environment()


@pytest.mark.parametrize("value", ["head:8265", "ray://head:10001", "auto"])
def test_cluster_without_an_address(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("LESIONLAB_RAY", value)
    with pytest.raises(SettingsError, match="http://HOST:8265"):
        Settings.from_environment()


@pytest.mark.parametrize("value", ["gpu", "cuda:0", "auto cpu"])
def test_unknown_device(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("LESIONLAB_DEVICE", value)
    with pytest.raises(SettingsError, match="set it to one of auto, cpu, cuda, mps"):
        Settings.from_environment()


def test_unknown_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LESIONLAB_PRECISION", "int4")
    with pytest.raises(SettingsError, match="set it to one of auto, f32, int8, bf16"):
        Settings.from_environment()


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "two", "٣", "²", "9" * 5000])
def test_threads_that_are_no_number(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("LESIONLAB_THREADS", value)
    with pytest.raises(SettingsError, match=r"LESIONLAB_THREADS is .* at least 1"):
        Settings.from_environment()


def test_niceness(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LESIONLAB_NICE", " 0 ")
    assert Settings.from_environment().nice == 0
    for value in ("20", "-1", "1.5", "very"):
        monkeypatch.setenv("LESIONLAB_NICE", value)
        with pytest.raises(SettingsError, match=r"LESIONLAB_NICE is .* from 0 to 19"):
            Settings.from_environment()


def test_the_home_of_nobody_is_a_folder_like_any(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LESIONLAB_DATA", "~nobody-of-that-name/data")
    assert Settings.from_environment().data == Path.cwd() / "~nobody-of-that-name/data"
