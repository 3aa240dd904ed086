"""Thumbnails of known cases from the ISIC Archive, for who has not imported the dataset.

Only an image's public id is sent, and only when a student asks. The interface is described at
https://api.isic-archive.com/api/docs/swagger/.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
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
    """The archive gave no picture; the message says why and what to do."""


@dataclass(frozen=True)
class ArchiveImage:
    """A picture of the archive.

    Attributes:
        jpeg: the thumbnail, at most 256 px, encoded anew.
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
    import urllib3

    address = Settings.from_environment().archive
    try:
        with requests.Session() as session:
            found = session.get(
                f"{address}/images/search/",
                params={"query": f"isic_id:{image_id}"},
                timeout=SECONDS,
            )
            found.raise_for_status()
            entry = found.json()["results"][0]
            url = str(entry["files"]["thumbnail_256"]["url"])
            if urlsplit(url).scheme not in {"https", urlsplit(address).scheme}:
                raise ArchiveError(f"The ISIC Archive answered with an unsafe address: {url}.")
            with session.get(url, timeout=SECONDS, stream=True) as answer:
                answer.raise_for_status()
                content = _content(answer)
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
        raise ArchiveError(f"The ISIC Archive refused: {error}. Try again later.") from error
    except (LookupError, TypeError, ValueError, RecursionError) as error:
        raise ArchiveError(f"The ISIC Archive has no picture of {image_id}.") from error
    if len(content) > LARGEST:
        raise ArchiveError(f"The ISIC Archive sent more than a thumbnail of {image_id}.")
    try:
        photo = LesionImage.from_bytes(content, image_id)
    except ImageError as error:
        raise ArchiveError(f"The ISIC Archive sent no picture of {image_id}: {error}") from error
    credit = ", ".join(
        str(entry[part]) for part in ("attribution", "copyright_license") if entry.get(part)
    )
    return ArchiveImage(to_jpeg(canvas_for(photo.rgb, 0, THUMBNAIL_PX)), credit or "ISIC Archive")


def _content(answer: requests.Response) -> bytes:
    """What is sent, up to a byte more than `LARGEST`.

    Raises:
        requests.Timeout: it comes too slowly.
        requests.RequestException: the connection broke.
    """
    import requests

    content, end = bytearray(), time.monotonic() + SECONDS
    for part in answer.iter_content(1024):
        content += part
        if len(content) > LARGEST:
            break
        if time.monotonic() > end:
            raise requests.Timeout(f"more than {SECONDS} s")
    return bytes(content[: LARGEST + 1])
