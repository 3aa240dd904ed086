"""The drawn practice lesions: repeatable, plausible, quick, and labelled as synthetic."""

import itertools

import numpy as np
import pytest

from core.imaging.image import to_png
from core.lesion.phantom import HEIGHT, KINDS, WIDTH, Phantom, make_phantom, practice_set
from tests.effort import cost

SEEDS = (1, 7, 2024)


@pytest.fixture(scope="module", params=itertools.product(KINDS, SEEDS), ids=str)
def phantom(request: pytest.FixtureRequest) -> Phantom:
    kind, seed = request.param
    return make_phantom(seed, kind)


def test_size_and_types(phantom: Phantom) -> None:
    assert (phantom.image.width, phantom.image.height) == (WIDTH, HEIGHT) == (600, 450)
    assert phantom.mask.shape == (HEIGHT, WIDTH)
    assert phantom.mask.dtype == bool
    assert not phantom.mask.flags.writeable


def test_mask_is_one_plausible_lesion(phantom: Phantom) -> None:
    mask = phantom.mask
    assert 0.03 <= mask.mean() <= 0.60
    border = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    assert border.mean() < 0.2
    rows, columns = np.nonzero(mask)
    assert abs(rows.mean() - HEIGHT / 2) < 60
    assert abs(columns.mean() - WIDTH / 2) < 75


def test_lesion_is_darker_and_redder_or_browner_than_skin(phantom: Phantom) -> None:
    rgb = phantom.image.rgb.astype(float)
    lesion, skin = rgb[phantom.mask].mean(0), rgb[~phantom.mask].mean(0)
    assert lesion.mean() < skin.mean() - 10
    assert lesion[0] / lesion.sum() > skin[0] / skin.sum()


def test_skin_is_pinkish_and_lit_evenly(phantom: Phantom) -> None:
    rgb = phantom.image.rgb.astype(float)
    skin = rgb[~phantom.mask]
    assert (skin.mean(0) > (190, 120, 120)).all()
    assert (skin.mean(0) < (240, 190, 195)).all()
    assert skin.std(0).max() < 25


def test_says_that_it_is_synthetic(phantom: Phantom) -> None:
    assert phantom.title.startswith("Synthetic practice lesion")
    assert f"({phantom.kind}-like)" in phantom.title
    assert "Drawn by a program" in phantom.description
    assert "no diagnosis" in phantom.description
    assert phantom.image.name == phantom.title
    assert "synthetic" in " ".join(phantom.image.notes)


@pytest.mark.parametrize("kind", KINDS)
def test_same_seed_same_pixels(kind: str) -> None:
    first, again, other = make_phantom(3, kind), make_phantom(3, kind), make_phantom(4, kind)
    assert first.image.digest == again.image.digest != other.image.digest
    assert (first.mask == again.mask).all()


def test_kinds_look_different() -> None:
    digests = {make_phantom(5, kind).image.digest for kind in KINDS}
    assert len(digests) == len(KINDS)


def test_kinds_show_what_they_describe() -> None:
    """Averages over a few seeds: outline, colour and contrast, each where it is the point."""

    def measure(kind: str) -> dict[str, float]:
        drawn = [make_phantom(seed, kind) for seed in range(4)]
        inside = [p.image.rgb[p.mask].astype(float) for p in drawn]
        edges = [np.diff(p.mask, axis=0).sum() + np.diff(p.mask, axis=1).sum() for p in drawn]
        return {
            "ragged": np.mean([e**2 / p.mask.sum() for e, p in zip(edges, drawn, strict=True)]),
            "contrast": np.mean([rgb.mean(1).std() for rgb in inside]),
            "red": np.mean([rgb[:, 0].mean() - rgb[:, 1].mean() for rgb in inside]),
            "light": np.mean([rgb.mean() for rgb in inside]),
        }

    seen = {kind: measure(kind) for kind in KINDS}
    assert seen["melanoma"]["ragged"] > 1.2 * seen["naevus"]["ragged"]
    assert seen["melanoma"]["contrast"] > 1.3 * seen["naevus"]["contrast"]
    assert max(seen, key=lambda kind: seen[kind]["red"]) == "vascular"
    assert max(seen, key=lambda kind: seen[kind]["light"]) == "basal cell"


@pytest.mark.parametrize("kind", ["", "nv", "Naevus", "basal-cell"])
def test_unknown_kind_lists_the_known(kind: str) -> None:
    with pytest.raises(ValueError, match="naevus, melanoma, keratosis, vascular, basal cell"):
        make_phantom(1, kind)


def test_practice_set() -> None:
    phantoms = practice_set()
    assert len(phantoms) == 6
    assert {p.kind for p in phantoms} == set(KINDS)
    assert [p.title.split(" (")[0][-1] for p in phantoms] == list("123456")
    assert len({p.image.digest for p in phantoms}) == 6
    assert all(a is b for a, b in zip(practice_set(), phantoms, strict=True)), "drawn once"


def test_detail_like_a_photo() -> None:
    """Neither flat fields nor plain noise: a PNG of either would be far smaller or larger."""
    sizes = [len(to_png(p.image.rgb)) for p in practice_set()]
    assert min(sizes) > 250_000
    assert max(sizes) < 700_000


def test_quick_enough_for_a_first_screen() -> None:
    make_phantom(0, "melanoma")
    assert cost(lambda: make_phantom(1, "melanoma"), 1) < 150
