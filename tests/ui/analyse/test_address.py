"""Ids and playlists in an address."""

from __future__ import annotations

import pytest

from ui.analyse import address


@pytest.mark.parametrize(
    "typed", ["ISIC_0024306", "24306", " isic_0024306.jpg", "24306.JPEG", "0024306"]
)
def test_an_id_may_be_typed_in_part(typed: str) -> None:
    assert address.image_id_of(typed) == "ISIC_0024306"


def test_a_playlist_survives_its_address_and_a_file_written_by_hand() -> None:
    ids = ["ISIC_0024310", "ISIC_0024306"]
    assert address.ids_of(address.cases_of(ids)) == ids
    assert address.ids_of("# Monday\nISIC_0024310.jpg\r\n24306, 24310;") == ids
    assert address.ids_of("") == []
    assert len(address.ids_of(" ".join(map(str, range(1, 999))))) == address.MOST_CASES
