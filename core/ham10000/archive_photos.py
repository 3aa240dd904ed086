"""Whole photos of known cases from the ISIC Archive, tried again where it fails.

Only an image's public id is sent. See `core.ham10000.isic_archive` for the interface.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.ham10000.isic_archive import ArchiveError, content_of, credit_of, entry_of, file_of
from core.imaging.image import ImageError, LesionImage

if TYPE_CHECKING:
    import requests

LARGEST = 5 * 1024**2
"""A photo of HAM10000 has 0.3 MB."""
WIDTH, HEIGHT = 600, 450
TRIES = 4
FIRST_WAIT = 1.0
"""Seconds before the second try; twice as long before each one after it."""
LONGEST_WAIT = 120.0
"""Seconds; if the archive asks for a longer one, the photo is given up for now."""

Tell = Callable[[str], None]
"""Told what is going on, several times a second while there is nothing to do but wait; may raise,
which ends it."""


class ArchiveBusyError(ArchiveError):
    """The archive asks for a longer wait than `LONGEST_WAIT`."""


@dataclass(frozen=True, eq=False)
class ArchivePhoto:
    """A photo as the archive has it.

    Attributes:
        jpeg: the file, checked: a whole JPEG of 600×450 pixels.
        image: decoded.
        credit: whom to name beside it, with the licence; as the archive states it.
    """

    jpeg: bytes
    image: LesionImage
    credit: str


def photo(
    session: requests.Session, image_id: str, check: Callable[[ArchivePhoto], None], tell: Tell
) -> ArchivePhoto:
    """Fetch one.

    Args:
        session: of `requests`, used again for the next photo.
        image_id: `ISIC_…`.
        check: looks at what came; may raise ArchiveError, and it is fetched again.
        tell: see `Tell`.

    Raises:
        ArchiveError: it failed `TRIES` times; the message says how the last time.
        ArchiveBusyError: it is not to be tried again soon.
    """
    for attempt in range(1, TRIES + 1):
        try:
            found = _once(session, image_id, tell)
            check(found)
            return found
        except ArchiveError as error:
            asked = error.retry_after
            if asked is not None and asked > LONGEST_WAIT:
                minutes = max(1, round(asked / 60))
                raise ArchiveBusyError(
                    f"The ISIC Archive asks to wait {minutes} min before the next photo. Go on "
                    "then: what is here stays."
                ) from error
            if attempt == TRIES:
                raise
            wait = FIRST_WAIT * 2 ** (attempt - 1) if asked is None else asked
            _wait(wait, f"{image_id}: {error} Next try in", tell)
    raise AssertionError("the last try returns or raises")


def _wait(seconds: float, why: str, tell: Tell) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        tell(f"{why} {left:.0f} s.")
        time.sleep(min(left, 0.3))


def _once(session: requests.Session, image_id: str, tell: Tell) -> ArchivePhoto:
    entry = entry_of(session, image_id)
    named = entry.get("isic_id")
    if named != image_id:
        raise ArchiveError(f"The ISIC Archive answered with {named!s:.40} instead of {image_id}.")
    full = file_of(entry, "full", image_id)
    jpeg = content_of(session, full["url"], image_id, LARGEST, "a photo", lambda: tell(image_id))
    expected = full.get("size")
    if isinstance(expected, int) and expected != len(jpeg):
        raise ArchiveError(
            f"The ISIC Archive sent {len(jpeg):,} bytes of {image_id} instead of {expected:,}."
        )
    try:
        if not jpeg.startswith(b"\xff\xd8\xff"):
            raise ImageError("it is no JPEG file")
        image = LesionImage.from_bytes(jpeg, image_id)
    except ImageError as error:
        raise ArchiveError(f"The ISIC Archive sent no photo of {image_id}: {error}") from error
    if (image.width, image.height) != (WIDTH, HEIGHT):
        raise ArchiveError(
            f"The ISIC Archive sent {image.width} × {image.height} pixels as {image_id}, which has "
            f"{WIDTH} × {HEIGHT}."
        )
    return ArchivePhoto(jpeg, image, credit_of(entry))
