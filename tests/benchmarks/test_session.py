"""The load test's visitors see what a browser shows, and its figures are right."""

from __future__ import annotations

import asyncio
import dataclasses

import numpy as np
import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from benchmarks.load import Photo, Tally, make_photo, mismatch, report
from benchmarks.page import Answer, Page, SessionError
from benchmarks.session import Session
from desktop.server import running_app


def delta(*place: int, body: str, digest: str = "") -> ForwardMsg:
    message = ForwardMsg(hash=digest)
    message.metadata.delta_path.extend(place)
    message.metadata.cacheable = bool(digest)
    message.delta.new_element.heading.body = body
    return message


def start(run: str) -> ForwardMsg:
    message = ForwardMsg()
    message.metadata.run.script_run_id = run
    message.new_session.config.max_cached_message_age = 2
    return message


def end(run: str) -> ForwardMsg:
    message = ForwardMsg(script_finished=ForwardMsg.FINISHED_SUCCESSFULLY)
    message.metadata.run.script_run_id = run
    return message


def reference(digest: str, *place: int) -> ForwardMsg:
    message = ForwardMsg(ref_hash=digest)
    message.metadata.delta_path.extend(place)
    return message


def show(page: Page, *messages: ForwardMsg) -> list[str]:
    for message in messages:
        page.apply(message)
    return [heading.body for heading in page.elements("heading")]


def test_what_a_run_does_not_draw_again_disappears():
    page = Page()
    first = start("a"), delta(0, 0, body="one"), delta(0, 1, body="two"), end("a")
    assert show(page, *first) == ["one", "two"]
    assert show(page, start("b"), delta(0, 0, body="new")) == ["new", "two"]
    assert show(page, end("b")) == ["new"]


def test_an_element_takes_the_place_of_a_block():
    page = Page()
    assert show(page, start("a"), delta(0, 2, 0, body="in")) == ["in"]
    assert show(page, delta(0, 2, body="instead")) == ["instead"]


def test_reference_shows_a_message_again_until_it_is_forgotten():
    page = Page()
    show(page, start("a"), delta(0, 0, body="large", digest="h"), end("a"))
    assert list(page.kept) == ["h"]
    assert show(page, start("b"), reference("h", 0, 5), end("b")) == ["large"]
    for run in "cde":
        show(page, start(run), end(run))
    assert not page.kept
    with pytest.raises(SessionError, match="never sent"):
        page.apply(reference("h", 0, 0))


def test_page_without_an_answer_tells_what_it_says():
    page = Page()
    show(page, start("a"), delta(0, 0, body="Busy: 3 ahead"), end("a"))
    with pytest.raises(SessionError, match="Busy: 3 ahead"):
        page.answer()


def test_report_relates_many_sessions_to_one():
    alone = Tally(1, 10.0, [0.5] * 20)
    many = Tally(4, 10.0, [2.0] * 17 + [3.0], ["gone"], ["mixed", "up"])
    text = report(alone, many, (100.0, 250.4, None), (4.5, None))
    assert "| 1 | 10 | 20 | 2.00 | 0.50 | 0.50 | 0 | 0 |" in text
    assert "| 4 | 10 | 18 | 1.80 | 2.00 | 2.15 | 1 | 2 |" in text
    assert "Throughput: 90%" in text
    assert "1.07 × (sessions" in text  # 2.15 / (4 × 0.5)
    assert "100 MB before, 250 MB in the middle, unknown after" in text
    assert "an answer: 250 ms of the server, unknown of the visitors" in text


def test_report_without_any_answer():
    assert "Throughput: nan%" in report(Tally(1), Tally(4), (None, None, None), (None, None))


@pytest.fixture(scope="module")
def photos() -> list[Photo]:
    return [make_photo(number) for number in (0, 1, 12)]  # two views of one lesion, and another


def seen(photo: Photo) -> Answer:
    return Answer(f"{photo.answer} · 50 %", photo.shares, "")


def test_every_part_of_another_photos_answer_is_noticed(photos):
    one, turned, other = photos
    thumbs = np.stack([p.thumb for p in photos])
    assert not mismatch(one, seen(one), one.jpeg, thumbs)
    assert "lengths" in mismatch(one, seen(other), one.jpeg, thumbs)
    assert "another photo" in mismatch(one, seen(one), turned.jpeg, thumbs)
    assert "another photo" in mismatch(one, seen(one), other.jpeg, thumbs)
    assert "no picture" in mismatch(one, seen(one), b"<html>", thumbs)
    worst = min(one.shares, key=lambda name: one.shares[name])
    misled = dataclasses.replace(seen(one), headline=f"{worst} · 50 %")
    assert "headline" in mismatch(one, misled, one.jpeg, thumbs)


async def upload_at_once(url: str, photos: list[Photo]) -> list[tuple[Answer, bytes]]:
    async def visit(photo: Photo, after: Photo) -> list[tuple[Answer, bytes]]:
        got = []
        async with Session(url) as session:
            await session.switch("heat_on", False)
            await session.switch("outline", False)
            await session.choose("source", "Your photo")
            for chosen in (photo, after):
                if session.page.has("upload_remove"):
                    await session.press("upload_remove")
                await session.upload("file", {chosen.name: chosen.jpeg})
                answer = session.page.answer()
                got.append((answer, await session.fetch(answer.image)))
        return got

    first, second = await asyncio.gather(visit(*photos), visit(*photos[::-1]))
    return [*first, *second[::-1]]


def test_two_sessions_see_their_own_answers(tmp_path, photos):
    pair = [photos[0], photos[2]]
    with running_app(tmp_path / "log", {"LESIONLAB_DATA": str(tmp_path / "data")}) as (url, _):
        answers = asyncio.run(upload_at_once(url, pair))
    thumbs = np.stack([p.thumb for p in photos])
    for photo, (answer, picture) in zip(pair * 2, answers, strict=True):
        assert mismatch(photo, answer, picture, thumbs) == ""
