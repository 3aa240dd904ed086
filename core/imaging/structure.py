"""Whether a picture file is built as files of its format are, before a decoder sees it.

Pillow walks the parts of a file one by one in Python: a file of 20 MB may be made of five million
of them and keep it busy for minutes. A TIFF may store its pixels in tiles much larger than itself,
and libtiff makes room for a whole one.
"""

import struct
from collections.abc import Iterator
from itertools import islice

MOST_PARTS = 20_000
"""Segments before a JPEG's pixels, chunks of a PNG (usually of 8 kB), tags of a TIFF's page."""
MOST_STRIPS = 300_000
"""Three planes of rows, each stored apart."""
USUAL_TILE = 4096
"""Tiles (px) up to this are usual in a TIFF, also if it is smaller."""
_WIDTH, _HEIGHT, _STRIPS, _TILE_WIDTH, _TILE_HEIGHT, _TILES = 256, 257, 273, 322, 323, 324
_STANDALONE = {0x01, *range(0xD0, 0xD9)}


def is_sound(data: bytes, kind: str) -> bool:
    """Whether a file is made of a usual number of parts of usual sizes. Of one that is cut short,
    or damaged otherwise, the decoder says so.

    Args:
        data: the whole file.
        kind: its format, by its name among `core.imaging.formats.READ`.
    """
    if kind == "TIFF":
        return _tiff(data)
    parts = {"JPEG": _segments, "PNG": _chunks}.get(kind)
    return parts is None or not any(islice(parts(data), MOST_PARTS, None))


def _segments(data: bytes) -> Iterator[int]:
    """Where each segment before a JPEG's pixels begins, and each byte that is passed over."""
    place = 2
    while place + 4 <= len(data):
        yield place
        if data[place] != 0xFF or data[place + 1] in (0x00, 0xFF):
            place += 1
        elif data[place + 1] == 0xDA:  # the pixels follow
            return
        elif data[place + 1] in _STANDALONE:
            place += 2
        else:
            place += 2 + max(2, int.from_bytes(data[place + 2 : place + 4], "big"))


def _chunks(data: bytes) -> Iterator[int]:
    """Where each chunk of a PNG begins."""
    place = 8
    while place + 8 <= len(data):
        yield place
        place += 12 + int.from_bytes(data[place : place + 4], "big")


def _tiff(data: bytes) -> bool:
    order = "<" if data[:2] == b"II" else ">"
    big = 43 in data[2:4]
    try:
        (place,) = struct.unpack_from(f"{order}{'Q' if big else 'I'}", data, 8 if big else 4)
        (count,) = struct.unpack_from(f"{order}{'Q' if big else 'H'}", data, place)
        if count > MOST_PARTS:
            return False
        found: dict[int, tuple[int, int]] = {}
        form, first = (f"{order}HHQ", 8) if big else (f"{order}HHI", 2)
        room = 8 if big else 4
        for number in range(count):
            at = place + first + number * (struct.calcsize(form) + room)
            tag, kind, values = struct.unpack_from(form, data, at)
            at += struct.calcsize(form)
            code = {3: "H", 4: "I", 16: "Q"}.get(kind, "I")
            found[tag] = values, struct.unpack_from(f"{order}{code}", data, at)[0]
    except (struct.error, OverflowError):
        return True  # cut short
    if any(found.get(tag, (0, 0))[0] > MOST_STRIPS for tag in (_STRIPS, _TILES)):
        return False
    return all(
        found.get(tile, (0, 0))[1] <= max(USUAL_TILE, found.get(side, (0, 0))[1] + 16)
        for tile, side in ((_TILE_WIDTH, _WIDTH), (_TILE_HEIGHT, _HEIGHT))
    )
