"""A visit of every page and section of the running app, as one person makes it."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass

import cv2
import numpy as np

from benchmarks.page import SessionError
from benchmarks.session import Session
from core.imaging.image import to_jpeg
from core.lesion.phantom import KINDS, make_phantom

OWN_PX = 1600, 1200
"""Width and height of an own photo."""
IN_BATCH = 8
TASK_SECONDS = 3600
"""A computation of its own may take so long on a busy machine."""


@dataclass(frozen=True)
class Visit:
    """One round through the app in a browser window of its own.

    Args:
        url: `http://HOST:PORT`.
        number: no two visits with different numbers bring the same photo.
        dataset: whether HAM10000 is imported there.
        tasks: whether to ask for what runs in a process of its own: the five heatmap methods, a
            training's preview and estimate.
    """

    url: str
    number: int
    dataset: bool
    tasks: bool = True

    async def run(self) -> None:
        """All pages, one after the other. Raises SessionError if one is not as it should be."""
        async with Session(self.url) as session:
            await self._analyse(session)
            await self._compare(session)
            await self._batch(session)
            await self._dataset(session)
            await self._performance(session)
            await self._training(session)
            for page in ("quiz", "progress", "diagnoses", "classroom", "about"):
                await session.go(page)
                await look(session)

    async def _analyse(self, session: Session) -> None:
        await look(session)
        await session.choose("source", "Practice")
        for lesion in session.page.options("practice")[:2]:
            await session.choose("practice", lesion)
            await self._answer(session)
        if self.dataset:
            await session.choose("source", "Cases")
            await session.press("shuffle")
            await self._answer(session)
            await session.press("chevron_right")
            await look(session)
        await session.choose("source", "Camera")
        await session.choose("source", "Your photo")
        await session.upload("file", {f"own-{self.number}.jpg": _photo(self.number)})
        await self._answer(session, methods=self.tasks)

    async def _answer(self, session: Session, methods: bool = False) -> None:
        """The answer to a photo: its layers, its files, and every section."""
        await look(session)
        await _all_on(session, "anyway_")
        await session.switch("heat_on", False)
        await session.switch("heat_on", True)
        for key in _keys(session, "target_", "reveal_"):
            if key.startswith("target_"):
                await session.choose(key, session.page.options(key)[-1])
            else:
                await session.switch(key, True)
        for section in session.page.options("section"):
            await session.choose("section", section)
            await _all_on(session, "hair_", "measure_")
            if session.page.has("ask_views"):
                await session.press("ask_views")
            if methods and session.page.has("compare_methods"):
                await session.press("compare_methods")
                await session.settle(TASK_SECONDS)
                if session.page.has("compare_methods"):
                    raise SessionError(f"No five methods. The page says: {session.page.words()}")
            await look(session)
        await _take_home(session)

    async def _compare(self, session: Session) -> None:
        await session.go("compare")
        for size in session.page.options("pair_size"):
            await session.choose("pair_size", size)
            await look(session)
        await _all_on(session, "reveal_pair_")
        await look(session)

    async def _batch(self, session: Session) -> None:
        await session.go("batch")
        photos = io.BytesIO()
        with zipfile.ZipFile(photos, "w") as archive:
            for k in range(IN_BATCH - 2):
                archive.writestr(f"{k}.jpg", _photo(1_000 * self.number + k, (900, 675)))
        await session.upload(
            "batch_files",
            {
                "folder.zip": photos.getvalue(),
                "large.jpg": _photo(1_000 * self.number + IN_BATCH),
                "no photo.jpg": b"these are words",
            },
        )
        await session.press("batch_start")
        await session.settle(TASK_SECONDS)
        await look(session)
        await _take_home(session)
        await session.press("batch_clear")
        await session.press("clear_for_good")

    async def _dataset(self, session: Session) -> None:
        await session.go("dataset")
        for tab in session.page.options("dataset_view"):
            await session.choose("dataset_view", tab)
            await look(session)
        for page in (1, 2) if self.dataset else ():
            await session.turn_to("dataset_page_0", 1 + (2 * self.number + page) % 200)
            await look(session)

    async def _performance(self, session: Session) -> None:
        await session.go("performance")
        for split in session.page.options("split"):
            await session.choose("split", split)
            for tab in session.page.options("performance_tab"):
                await session.choose("performance_tab", tab)
                await look(session)

    async def _training(self, session: Session) -> None:
        await session.go("training")
        for section in session.page.options("training_view"):
            await session.choose("training_view", section)
            await look(session)
        await session.choose("training_view", session.page.options("training_view")[0])
        if self.dataset and self.tasks:
            await session.switch("training_preview_on", True)
            await session.settle(TASK_SECONDS)
            await session.press("training_measure")
            await session.settle(TASK_SECONDS)
            await look(session)


async def look(session: Session) -> None:
    """The page must be whole; its pictures are fetched, as a browser does."""
    if session.page.elements("exception"):
        raise SessionError(f"The page broke: {session.page.words()}")
    for images in session.page.elements("imgs"):
        for image in images.imgs:
            if image.url.startswith("/"):
                await session.fetch(image.url)


async def _all_on(session: Session, *beginnings: str) -> None:
    for key in _keys(session, *beginnings):
        await session.switch(key, True)


async def _take_home(session: Session) -> None:
    for button in session.page.elements("download_button"):
        if not await session.download(button):
            raise SessionError(f"{button.label} is empty.")


def _keys(session: Session, *beginnings: str) -> list[str]:
    """The keys of the widgets shown that begin so."""
    return [key for key in session.page.widget_keys() if key.startswith(beginnings)]


def _photo(number: int, size: tuple[int, int] = OWN_PX) -> bytes:
    """A JPEG of a drawn lesion under hairs, no two alike."""
    rgb = make_phantom(number, list(KINDS)[number % len(KINDS)]).image.rgb.copy()
    for x in range(60, 600, 90):
        cv2.line(rgb, (x, 20), (x + 60, 420), (50, 35, 30), 2, cv2.LINE_AA)
    return to_jpeg(cv2.resize(rgb, size, interpolation=cv2.INTER_CUBIC).astype(np.uint8))
