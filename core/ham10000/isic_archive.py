"""Thumbnails of known cases from the ISIC Archive, for who has not imported the dataset.

Only an image's public id is sent, and only when a student asks. The interface is described at
https://api.isic-archive.com/api/docs/swagger/.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from core.imaging.image import ImageError, LesionImage, to_jpeg
from core.imaging.overlay import canvas_for
from core.settings import Settings

if TYPE_CHECKING:
    import requests

SECONDS = 10
"""Longest silence of the archive, and longest time that one thumbnail may take."""
LARGEST = 2 * 1024**2
THUMBNAIL_PX = 256


class ArchiveError(RuntimeError):
    """The archive gave no picture; the message says why and what to do.

    Attributes:
        retry_after: seconds that the archive asks to wait before the next request; None if it does
            not say.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


@dataclass(frozen=True)
class ArchiveImage:
    """A picture of the archive.

    Attributes:
        jpeg: the thumbnail, at most 256 px, encoded again.
        credit: whom to name beside it, with the licence; as the archive states it.
    """

    jpeg: bytes
    credit: str


def fetch(image_id: str) -> ArchiveImage:
    """Fetch the thumbnail of an image.

    Args:
        image_id: `ISIC_…`.

    Raises:
        ArchiveError: no connection, no such image, or an answer that cannot be used.
    """
    import requests

    with requests.Session() as session:
        entry = entry_of(session, image_id)
        url = file_of(entry, "thumbnail_256", image_id)["url"]
        content = content_of(session, url, image_id, LARGEST, "a thumbnail")
    try:
        photo = LesionImage.from_bytes(content, image_id)
    except ImageError as error:
        raise ArchiveError(f"The ISIC Archive sent no picture of {image_id}: {error}") from error
    return ArchiveImage(to_jpeg(canvas_for(photo.rgb, 0, THUMBNAIL_PX)), credit_of(entry))


def entry_of(session: requests.Session, image_id: str) -> dict[str, Any]:
    """What the archive says of an image. Raises ArchiveError."""
    address = Settings.from_environment().archive
    with _said(image_id):
        found = session.get(
            f"{address}/images/search/", params={"query": f"isic_id:{image_id}"}, timeout=SECONDS
        )
        found.raise_for_status()
        entry = found.json()["results"][0]
        if not isinstance(entry, dict):
            raise TypeError("no entry")
        return entry


def file_of(entry: dict[str, Any], kind: str, image_id: str) -> dict[str, Any]:
    """What an entry says of a file of a kind, its `url` among it. Raises ArchiveError: there is
    none, or it is at an unsafe address."""
    files = entry.get("files")
    file = files.get(kind) if isinstance(files, dict) else None
    if not isinstance(file, dict) or not isinstance(file.get("url"), str):
        raise ArchiveError(f"The ISIC Archive has no picture of {image_id}.")
    try:
        scheme = urlsplit(file["url"]).scheme
    except ValueError:
        scheme = ""
    if scheme not in {"https", urlsplit(Settings.from_environment().archive).scheme}:
        raise ArchiveError(f"The ISIC Archive answered with an unsafe address: {file['url']}.")
    return file


def content_of(
    session: requests.Session,
    url: str,
    image_id: str,
    largest: int,
    what: str,
    alive: Callable[[], None] = lambda: None,
) -> bytes:
    """What lies at an address, in `SECONDS` at most.

    Args:
        largest: bytes that it may have.
        what: it is, should it have more: `a thumbnail`.
        alive: called now and then meanwhile; may raise.

    Raises:
        ArchiveError: no connection, an error, more than it may have, or it comes too slowly.
    """
    import requests

    content, end = bytearray(), time.monotonic() + SECONDS
    with _said(image_id), session.get(url, timeout=SECONDS, stream=True) as answer:
        answer.raise_for_status()
        for part in answer.iter_content(1024):
            alive()
            content += part
            if len(content) > largest:
                raise ArchiveError(f"The ISIC Archive sent more than {what} of {image_id}.")
            if time.monotonic() > end:
                raise requests.Timeout(f"more than {SECONDS} s")
    return bytes(content)


def credit_of(entry: dict[str, Any]) -> str:
    """Whom to name beside a picture, with its licence."""
    parts = (entry.get(part) for part in ("attribution", "copyright_license"))
    return ", ".join(str(part)[:200] for part in parts if part) or "ISIC Archive"


@contextmanager
def _said(image_id: str) -> Iterator[None]:
    """What goes wrong within the block becomes an ArchiveError."""
    import requests
    import urllib3

    try:
        yield
    except (requests.ConnectionError, requests.Timeout) as error:
        raise ArchiveError(
            "The ISIC Archive cannot be reached. Check the internet connection, or import the "
            "dataset: then no connection is needed."
        ) from error
    except (
        requests.exceptions.ChunkedEncodingError,
        requests.exceptions.ContentDecodingError,
        urllib3.exceptions.HTTPError,
    ) as error:
        raise ArchiveError(
            f"The connection to the ISIC Archive broke off before {image_id} was here. Try again."
        ) from error
    except requests.RequestException as error:
        answer = error.response
        asked = None if answer is None else seconds_asked(answer.headers.get("Retry-After"))
        raise ArchiveError(f"The ISIC Archive refused: {error}. Try again later.", asked) from error
    except (LookupError, TypeError, ValueError, RecursionError) as error:
        raise ArchiveError(f"The ISIC Archive has no picture of {image_id}.") from error


def seconds_asked(header: str | None) -> float | None:
    """What `Retry-After` asks for (RFC 9110, 10.2.3): seconds, or a date; None if it says
    nothing."""
    if header is None:
        return None
    if header.strip().isascii() and header.strip().isdigit():
        return float(header.strip()[:9])
    try:
        until = parsedate_to_datetime(header)
    except (ValueError, TypeError, OverflowError):
        return None
    aware = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (aware - datetime.now(UTC)).total_seconds())
