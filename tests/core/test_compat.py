"""torchvision can be imported, also beside a torch that lacks its compiled operators."""

import sys
from types import ModuleType, SimpleNamespace

import pytest
import torch

from core import compat


def test_torchvision_works() -> None:
    torchvision = compat.import_torchvision()
    assert torchvision is sys.modules["torchvision"]
    assert compat.import_torchvision() is torchvision
    assert torchvision.models.resnet18(num_classes=3).fc.out_features == 3


def test_missing_operators_are_declared_before_a_second_try(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    good = ModuleType("torchvision")
    modules = {
        "torchvision": None,
        "torchvision.ops": None,
        "torchvision_extra": None,
        "torch": torch,
    }
    declared: list[str] = []

    def import_module(name: str) -> ModuleType:
        if not declared:
            raise RuntimeError("operator torchvision::nms does not exist")
        assert set(modules) == {"torchvision_extra", "torch"}  # nothing half-imported is left
        return good

    monkeypatch.setattr(compat, "importlib", SimpleNamespace(import_module=import_module))
    monkeypatch.setattr(compat, "sys", SimpleNamespace(modules=modules))
    monkeypatch.setattr(compat, "_keep_alive", [])
    monkeypatch.setattr(
        torch.library, "Library", lambda *_: SimpleNamespace(define=declared.append)
    )
    assert compat.import_torchvision() is good
    assert [schema.split("(")[0] for schema in declared] == ["nms", "qnms"]
    assert len(compat._keep_alive) == 1


def test_other_errors_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    def import_module(name: str) -> ModuleType:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(compat, "importlib", SimpleNamespace(import_module=import_module))
    with pytest.raises(RuntimeError, match="out of memory"):
        compat.import_torchvision()
