"""A login by OpenID Connect, by Streamlit's own means, where its secrets.toml sets one up:
nobody gets any further without it
(https://docs.streamlit.io/develop/concepts/connections/authentication)."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import streamlit as st

from ui.text import as_text


def is_let_in() -> bool:
    """Whether the visitor may go on: there is no login here, or they have logged in with an account
    that is let in. Otherwise the page says what to do."""
    if not st.secrets.load_if_toml_exists():
        if not any(Path(file).exists() for file in st.get_option("secrets.files")):
            return True
        st.error(
            "Streamlit's secrets.toml cannot be read, so nobody is let in. Correct it, then "
            "restart LesionLab.",
            title="Nobody can log in",
        )
    elif "auth" not in st.secrets:
        return True
    elif not find_spec("authlib"):
        st.error(
            "Streamlit's secrets.toml asks for a login, which needs a package that is not "
            "installed: `pip install -r requirements-login.txt`, then restart LesionLab.",
            title="Nobody can log in",
        )
    elif not st.user.get("is_logged_in", False):
        st.title("LesionLab", anchor=False)
        st.write("Log in to look at this LesionLab.")
        st.button("Log in", key="login", type="primary", icon=":material/login:", on_click=st.login)
    elif not _is_member():
        st.error(
            f"{_name()} is not among those who are let in here. Ask whoever runs this LesionLab, "
            "or log in with another account.",
            title="This account is not let in",
        )
        _log_out()
    else:
        return True
    return False


def logout_button() -> None:
    """A button at the end of the page to log out with, for who has logged in."""
    if st.user.get("is_logged_in", False):
        _log_out()


def _is_member() -> bool:
    """Everybody whom the provider lets in, unless `[lesionlab]` has a list `members`: e-mail
    addresses, and endings such as @example.org. An address that the provider has not verified could
    be anybody's, and counts as none."""
    members: Any = st.secrets.get("lesionlab", {}).get("members")
    if members is None:
        return True
    address = str(st.user.get("email") or "").lower()
    if not address or st.user.get("email_verified") is not True:
        return False
    return any(
        address.endswith(member) if member.startswith("@") else address == member
        for member in (str(member).strip().lower() for member in members)
    )


def _log_out() -> None:
    st.button(
        f"Log out {_name()}",
        key="logout",
        type="tertiary",
        icon=":material/logout:",
        on_click=st.logout,
    )


def _name() -> str:
    return as_text(str(st.user.get("email") or st.user.get("name") or "This account"))
