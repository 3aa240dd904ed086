"""Where the app will be, or is: port, address, and who may open it."""

import http.client
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from core.access import TEACHER, loopback
from core.doctor.finding import FINE, NOTE, PROBLEM, Finding

PORT = 8501
EVERYWHERE = "0.0.0.0", "::"  # noqa: S104
"""Addresses of a server that listens to everybody."""


def serving(environment: Mapping[str, str], file: Path) -> Iterator[Finding]:
    """The port is free or LesionLab's own, and strangers are let in on purpose only.

    Args:
        environment: variables, which come before …
        file: Streamlit's settings.
    """
    settings = _settings(file)
    if isinstance(settings, str):
        yield Finding(PROBLEM, f"{file} cannot be read: {settings}", "Get it again, or mend it.")
        return
    address = _of(environment, settings, "address").strip("[]") or EVERYWHERE[0]  # Streamlit's own
    port = _of(environment, settings, "port") or str(PORT)
    if not re.fullmatch("[0-9]{1,5}", port) or not 0 < int(port) < 65_536:
        variable = "STREAMLIT_SERVER_PORT"
        place = variable if environment.get(variable) else f"The port in {file}"
        yield Finding(PROBLEM, f"{place} is {port!r}", f"Set a number such as {PORT}.")
        return
    local = loopback(address)
    shown = "127.0.0.1" if address in (*EVERYWHERE, "localhost") else address
    url = f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"
    found = _listens(shown, int(port))
    if found == "lesionlab":
        yield Finding(FINE, f"An app of Streamlit answers already: {url}")
    elif found:
        remedy = f"Stop that program, or take another: make app PORT={int(port) % 65_535 + 1}"
        yield Finding(PROBLEM, f"Port {port} is in use by another program", remedy)
    else:
        yield Finding(FINE, f"Port {port} is free: the browser's address will be {url}")
    teacher = bool(environment.get(TEACHER, "").strip())
    if not local and not teacher:
        remedy = f"Set {TEACHER}, so that a teacher may change what everybody shares."
        yield Finding(NOTE, f"The app listens on {address}, open to others", remedy)
    elif not local:
        remedy = "Put a proxy with HTTPS before it: deploy/nginx.conf."
        yield Finding(NOTE, "The app listens to others; the teacher's secret needs HTTPS", remedy)


def _settings(file: Path) -> dict[str, Any] | str:
    """The part `server` of Streamlit's settings, or why it cannot be read."""
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8")).get("server", {})
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        return str(error)
    return found if isinstance(found, dict) else {}


def _of(environment: Mapping[str, str], settings: Mapping[str, Any], name: str) -> str:
    return environment.get(f"STREAMLIT_SERVER_{name.upper()}", "") or str(settings.get(name, ""))


def _listens(host: str, port: int) -> str:
    """What answers there: `lesionlab` (or another app of Streamlit), `other`, or nothing."""
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.connect()
    except OSError:
        return ""
    try:
        connection.request("GET", "/_stcore/health")
        answer = connection.getresponse()
        return "lesionlab" if answer.read(16).strip() == b"ok" else "other"
    except (OSError, http.client.HTTPException):
        return "other"
    finally:
        connection.close()
