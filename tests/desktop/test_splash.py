"""The page before the app."""

from __future__ import annotations

import http.client
import json
from urllib.parse import urlsplit

from desktop.splash import Splash


def get(splash: Splash, path: str, host: str | None = None) -> tuple[int, bytes]:
    parts = urlsplit(splash.url)
    connection = http.client.HTTPConnection("127.0.0.1", parts.port or 0)
    connection.request("GET", path, headers={"Host": host} if host else {})
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_it_says_where_to_go_or_what_is_wrong() -> None:
    with Splash() as splash:
        place = urlsplit(splash.url).path
        assert not splash.visited()
        status, page = get(splash, place)
        assert status == 200
        assert b"Not a medical device" in page
        assert get(splash, f"{place}icon.png")[1].startswith(b"\x89PNG")
        assert json.loads(get(splash, f"{place}state")[1]) == {"url": "", "problem": ""}
        assert splash.visited()
        splash.goes_to, splash.problem = "http://127.0.0.1:8613", "It is broken."
        assert json.loads(get(splash, f"{place}state")[1]) == {
            "url": "http://127.0.0.1:8613",
            "problem": "It is broken.",
        }


def test_it_is_for_its_window_alone() -> None:
    with Splash() as splash:
        place = urlsplit(splash.url).path
        assert len(place) > 20
        assert get(splash, "/")[0] == 404
        assert get(splash, "/state")[0] == 404
        assert get(splash, f"{place}state", "evil.example")[0] == 404, "a name that points here"
