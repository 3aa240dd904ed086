"""Who may change what everybody shares: by the server's settings and the visitor's headers."""

from __future__ import annotations

import hmac
from collections import deque
from collections.abc import Iterator

import pytest
import streamlit as st
from streamlit import config

from ui import access

CHROMIUM = {
    "Host": "127.0.0.1:8501",
    "Connection": "Upgrade",
    "Pragma": "no-cache",
    "Cache-Control": "no-cache",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130 Safari/537.36",
    "Upgrade": "websocket",
    "Origin": "http://127.0.0.1:8501",
    "Sec-WebSocket-Version": "13",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Accept-Language": "en-GB",
    "Cookie": "_streamlit_xsrf=2",
    "Sec-WebSocket-Key": "QUJD",
    "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
    "Sec-WebSocket-Protocol": "streamlit, PLACEHOLDER_AUTH_TOKEN",
}
FIREFOX = CHROMIUM | {"Accept": "*/*", "DNT": "1", "Sec-GPC": "1", "Sec-Fetch-Mode": "websocket"}
PROXIED = (
    "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "x-forwarded-port", "Forwarded",
    "Via", "X-Real-IP", "X-Client-IP", "Client-IP", "True-Client-IP", "X-Cluster-Client-IP",
    "CF-Connecting-IP", "CF-Ray", "Fastly-Client-IP", "Fly-Client-IP", "X-Original-Host",
    "X-Original-Forwarded-For", "X-Envoy-External-Address", "X-Amzn-Trace-Id", "X-Azure-ClientIP",
    "X-Remote-Addr", "X-ProxyUser-Ip", "X-Request-Id", "X-Scheme", "Remote-User", "Front-End-Https",
    "Tailscale-User-Login", "Ngrok-Skip-Browser-Warning", "Cdn-Loop", "Proxy-Connection",
)  # fmt: skip


@pytest.fixture(autouse=True)
def headers(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Of the visitor's connection; at first those of Chromium at this computer."""
    found = dict(CHROMIUM)
    monkeypatch.setattr(type(st.context), "headers", property(lambda _: found))
    return found


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """What the session of this visitor remembers."""
    found: dict[str, object] = {}
    monkeypatch.setattr(st, "session_state", found)
    return found


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that answers of the lock were kept back; nobody really waits."""
    found: list[float] = []
    monkeypatch.setattr(access.time, "sleep", found.append)
    monkeypatch.setattr(access, "_wrong", deque(maxlen=8))
    return found


@pytest.fixture
def option() -> Iterator[object]:
    """`option(name, value)` sets an option of the server until the test's end."""
    before: dict[str, object] = {}

    def change(name: str, value: object) -> None:
        before.setdefault(name, config.get_option(name))
        config.set_option(name, value)

    yield change
    for name, value in before.items():
        config.set_option(name, value)


def closed() -> bool:
    found = access.check()
    assert found.allowed != bool(found.reason)
    return not found.allowed


@pytest.mark.parametrize("browser", [CHROMIUM, FIREFOX])
def test_open_to_the_person_at_this_computer(headers, browser):
    headers.update(browser)
    assert not closed()


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:8501", "localhost.", "127.0.0.1", "127.8.9.1:80", "[::1]:8501",
     "[::ffff:127.0.0.1]:8501"],
)  # fmt: skip
def test_loopback_names(headers, host):
    headers |= {"Host": host, "Origin": f"http://{host}"}
    assert not closed()


@pytest.mark.parametrize(
    "host",
    ["lab.example.org", "localhost.evil.example", "evil.localhost.example:8501", "192.168.1.20",
     "127.0.0.1.evil.example", "evil.example:8501", "[::ffff:192.168.1.20]:8501", "[fe80::1]",
     "0.0.0.0:8501", "[::]:8501", "2130706433", "localhost@evil.example", "localhost:x",
     "localhost, evil.example", "evil.example/localhost", "localhost/x", "127.0.0.1\u3002evil", ""],
)  # fmt: skip
def test_other_names_are_other_computers(headers, host):
    """A name of one's own that points at 127.0.0.1 (DNS rebinding) is among them."""
    assert not closed()
    headers["Host"] = host
    assert closed()
    headers |= {"Host": "127.0.0.1:8501", "Origin": f"http://{host}"}
    assert closed()


@pytest.mark.parametrize("origin", ["null", "", "https://evil.example", "file://", "localhost"])
def test_a_page_of_another_computer(headers, origin):
    headers["Origin"] = origin
    assert closed()


@pytest.mark.parametrize("header", PROXIED)
@pytest.mark.parametrize("value", ["203.0.113.9", "127.0.0.1", ""])
def test_a_proxy_is_seen_by_whatever_it_adds(headers, header, value):
    headers[header] = value
    assert closed()
    assert header in access.check().reason


def test_who_has_left_is_nobody_at_this_computer(headers):
    """Streamlit has no headers any more of a visitor whose connection ended."""
    headers.clear()
    assert closed()


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.168.1.20", "lab.example.org", "", None,
                                     "localhost.evil.example", "unix:///run/app.sock"])  # fmt: skip
def test_a_server_that_listens_to_others(option, address):
    option("server.address", address)
    assert closed()


@pytest.mark.parametrize("address", ["localhost", "127.0.0.1", "127.0.1.1", "::1",
                                     "::ffff:127.0.0.1"])  # fmt: skip
def test_loopback_addresses_are_this_computer(option, address):
    option("server.address", address)
    assert not closed()


@pytest.mark.parametrize("hosts", [["localhost", "lab.example.org"], ["*"], [], ["*.localhost"]])
def test_a_server_that_answers_to_other_names(option, hosts):
    option("server.allowedHosts", hosts)
    assert closed()


@pytest.mark.parametrize(
    ("name", "value"),
    [("server.corsAllowedOrigins", ["https://lab.example.org"]),
     ("browser.serverAddress", "lab.example.org"), ("server.baseUrlPath", "lesionlab")],
)  # fmt: skip
def test_settings_that_only_a_proxy_needs(option, name, value):
    option(name, value)
    assert closed()


def test_the_question_is_asked_again_when_the_action_is_done(headers, session):
    done: list[int] = []
    action = access.guarded(done.append)
    action(1)
    assert done == [1]
    assert not access.has_problem()
    headers["Via"] = "1.1 cache"
    action(2)
    assert done == [1]
    assert access.has_problem(), "and the next page says so"


SECRET = "gr\u00fcner Tee"


def test_the_lock_closes_to_everybody_until_the_secret_is_entered(session, naps, monkeypatch):
    assert not closed()
    monkeypatch.setenv(access.TEACHER, SECRET)
    assert closed()
    assert access.check().locked
    for wrong in ("", " ", "gr\u00fcner", SECRET.upper(), SECRET + "!", "\x00", "\ud800"):
        assert not access.unlock(wrong)
        assert closed()
    assert access.unlock(SECRET)
    assert not closed()
    access.lock()
    assert closed()


def test_the_secret_opens_from_elsewhere_too_and_for_one_session_only(
    session, naps, headers, option, monkeypatch
):
    option("server.address", "0.0.0.0")
    headers |= {"Host": "lab.example.org", "X-Forwarded-For": "203.0.113.9"}
    assert closed()
    assert not access.check().locked, "there is no secret to enter"
    monkeypatch.setenv(access.TEACHER, SECRET)
    assert access.unlock(SECRET)
    assert not closed()
    monkeypatch.setattr(st, "session_state", {})
    assert closed()


def test_however_the_keyboard_composes_it(session, naps, monkeypatch):
    monkeypatch.setenv(access.TEACHER, f" {SECRET}\n")
    assert access.unlock("gru\u0308ner Tee")


@pytest.mark.parametrize("blank", ["", "  ", "\t\n"])
def test_a_blank_secret_is_none(session, naps, headers, monkeypatch, blank):
    monkeypatch.setenv(access.TEACHER, blank)
    assert not access.has_lock()
    assert not access.unlock(blank)
    assert not closed()
    headers["Via"] = "1.1 cache"
    assert closed()


def test_another_secret_locks_every_session(session, naps, monkeypatch):
    monkeypatch.setenv(access.TEACHER, SECRET)
    access.unlock(SECRET)
    monkeypatch.setenv(access.TEACHER, "another one")
    assert closed()


@pytest.mark.parametrize("forged", [True, "", SECRET, b"", SECRET.encode(), 1])
def test_no_browser_can_say_that_it_is_unlocked(session, monkeypatch, forged):
    monkeypatch.setenv(access.TEACHER, SECRET)
    session[access._OPENED] = forged
    assert closed()


def test_guessing_slows_down_and_shuts_nobody_out(session, naps, monkeypatch):
    monkeypatch.setenv(access.TEACHER, SECRET)
    for guess in range(20):
        monkeypatch.setattr(st, "session_state", {})  # a page loaded anew gains nothing
        assert not access.unlock(str(guess))
    assert naps == sorted(naps)
    assert max(naps) == access.SLOWEST
    monkeypatch.setattr(st, "session_state", {})
    assert access.unlock(SECRET)
    assert max(naps) == access.SLOWEST


def test_the_secret_is_compared_as_bytes_of_one_length(session, naps, monkeypatch):
    compared = []
    real = hmac.compare_digest
    monkeypatch.setattr(
        access.hmac, "compare_digest", lambda *both: compared.append(both) or real(*both)
    )
    monkeypatch.setenv(access.TEACHER, SECRET)
    access.unlock("x")
    access.unlock(SECRET)
    access.check()
    assert len(compared) == 3
    assert {(type(a), len(a), len(b)) for a, b in compared} == {(bytes, 32, 32)}
