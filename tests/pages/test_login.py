"""A login, where secrets.toml asks for one: nobody gets any further without it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.settings import REPOSITORY
from tests.pages.conftest import checked, texts
from tests.waiting import PATIENCE
from ui import login

AUTH = {"client_id": "x", "cookie_secret": "y"}


@pytest.fixture(autouse=True)
def _authlib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login, "find_spec", lambda _: object())


def opened(monkeypatch: pytest.MonkeyPatch, user: dict[str, Any], **secrets: Any) -> AppTest:
    monkeypatch.setattr(st, "user", user)
    app = AppTest.from_file(str(REPOSITORY / "app.py"), default_timeout=PATIENCE)
    for name, value in secrets.items():
        app.secrets[name] = value
    return checked(app.switch_page("pages/screens/about.py"))


def is_in(app: AppTest) -> bool:
    return "About" in [title.value for title in app.title]


def keys(app: AppTest) -> list[str]:
    return [button.key for button in app.button]


def test_without_one_everybody_gets_in(monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(monkeypatch, {})
    assert is_in(app)
    assert "logout" not in keys(app)


@pytest.mark.parametrize("user", [{}, {"is_logged_in": False, "email": "anna@example.org"}])
def test_nobody_gets_in_before_they_log_in(
    monkeypatch: pytest.MonkeyPatch, user: dict[str, Any]
) -> None:
    app = opened(monkeypatch, user, auth=AUTH)
    assert not is_in(app)
    assert keys(app) == ["login"]


@pytest.mark.parametrize(
    ("email", "verified", "let_in"),
    [
        ("anna@example.org", True, True),
        ("Anna@Example.org", True, True),
        ("ben@school.example", True, True),
        ("ben@example.org", True, False),
        ("ben@not-school.example", True, False),
        ("anna@example.org", False, False),
        ("anna@example.org", None, False),
        ("", True, False),
    ],
)
def test_members_get_in(
    monkeypatch: pytest.MonkeyPatch, email: str, verified: bool | None, let_in: bool
) -> None:
    user = {"is_logged_in": True, "email": email, "email_verified": verified}
    members = {"members": ["anna@example.org", "@school.example"]}
    app = opened(monkeypatch, user, auth=AUTH, lesionlab=members)
    assert is_in(app) == let_in
    assert "logout" in keys(app)


def test_without_a_list_the_provider_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_in(opened(monkeypatch, {"is_logged_in": True, "sub": "1"}, auth=AUTH))


def test_a_missing_package_lets_nobody_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login, "find_spec", lambda _: None)
    app = opened(monkeypatch, {"is_logged_in": True}, auth=AUTH)
    assert not is_in(app)
    assert "requirements-login.txt" in texts(app)


def test_secrets_that_cannot_be_read_let_nobody_in(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "secrets.toml"
    file.write_text("[auth\n")
    real = st.get_option
    monkeypatch.setattr(
        st, "get_option", lambda name: [str(file)] if name == "secrets.files" else real(name)
    )
    app = opened(monkeypatch, {})
    assert not is_in(app)
    assert app.error
