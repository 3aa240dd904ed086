"""Similar cases: nearest first, one photo a lesion, never the photo's own lesion."""

import numpy as np
import pytest

from core.models.neighbours import KnownCases, Neighbour, unit, vote


def known(embeddings: np.ndarray, lesions: list[str], width: int) -> KnownCases:
    images = [f"ISIC_{n:07d}" for n in range(len(lesions))]
    keys = ["mel" if lesion in "ab" else "nv" for lesion in lesions]
    return KnownCases.fit(embeddings, images, lesions, keys, width)


@pytest.fixture
def cases() -> KnownCases:
    """Two photos of lesion a at 0° and 20°, then b, c and d at 40°, 90° and 180°."""
    angles = np.radians([0, 20, 40, 90, 180])
    points = np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1) * [[3]]
    return known(points, list("aabcd"), 2)


def test_nearest_first_and_each_lesion_once(cases: KnownCases) -> None:
    found = cases.nearest(np.array([np.cos(0.3), np.sin(0.3), 0]), count=3)
    assert [n.lesion_id for n in found] == ["a", "b", "c"]
    assert found[0].image_id == "ISIC_0000001"  # 17° is nearer to 20° than to 0°
    assert found[0].similarity == pytest.approx(np.cos(np.radians(20) - 0.3), abs=2e-3)
    assert [n.diagnosis for n in found] == ["mel", "mel", "nv"]


def test_its_own_lesion_is_left_out(cases: KnownCases) -> None:
    found = cases.nearest(np.array([1.0, 0, 0]), count=8, without="a")
    assert [n.lesion_id for n in found] == ["b", "c", "d"]  # and no more than there are


def test_length_says_nothing(cases: KnownCases) -> None:
    photo = np.array([0.2, 0.9, 0.0])
    near, same = cases.nearest(photo), cases.nearest(1000 * photo)
    assert [n.image_id for n in near] == [n.image_id for n in same]
    assert [n.similarity for n in near] == pytest.approx([n.similarity for n in same])


def test_codes_find_what_whole_embeddings_find() -> None:
    """Embeddings of 200 numbers that really vary in 20 of them, coded by 20."""
    random = np.random.default_rng(0)
    axes = random.normal(size=(20, 200))
    points = random.normal(size=(300, 20)) @ axes
    cases = known(points, [f"l{n}" for n in range(300)], 20)
    photo = random.normal(size=20) @ axes
    exact = np.argsort(-(unit(points) @ unit(photo)))[:8]
    assert [n.image_id for n in cases.nearest(photo)] == [f"ISIC_{n:07d}" for n in exact]


def test_too_few_to_compress() -> None:
    with pytest.raises(ValueError, match="Codes of 5"):
        known(np.eye(4), list("abcd"), 5)


def test_vote() -> None:
    def case(key: str) -> Neighbour:
        return Neighbour("ISIC_0000001", "HAM_0000001", key, 0.5)

    assert list(vote([case(k) for k in ("nv", "mel", "nv", "bcc")]).items()) == [
        ("nv", 0.5),
        ("mel", 0.25),
        ("bcc", 0.25),
    ]
    assert vote([]) == {}
