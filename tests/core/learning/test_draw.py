"""Sets of cases: from the test split only, no lesion twice, and as the level says."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.learning.cases import (
    RESEMBLES,
    dataset_pool,
    is_practice,
    practice_case,
    practice_pool,
)
from core.learning.draw import CONFIDENT, LEVELS, DrawError, draw
from core.taxonomy import KEYS


def made_table(photos: int = 1500, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A dataset's table with two photos of many a lesion, and predictions on its test split."""
    rng = np.random.default_rng(seed)
    lesions = rng.integers(0, photos * 2 // 3, photos)
    dx = np.array(KEYS)[rng.choice(7, photos, p=[0.04, 0.05, 0.1, 0.01, 0.1, 0.68, 0.02])]
    of_lesion = dict(zip(lesions, dx, strict=True))
    split = {lesion: ["train", "validation", "test"][lesion % 3] for lesion in lesions}
    ids = [f"ISIC_{n:07d}" for n in range(photos)]
    table = pd.DataFrame(
        {
            "lesion_id": [f"HAM_{n:07d}" for n in lesions],
            "dx": [of_lesion[n] for n in lesions],
            "split": [split[n] for n in lesions],
        },
        index=ids,
    )
    test = table[table["split"] == "test"]
    shares = rng.dirichlet(np.full(7, 0.2), len(test))
    known = rng.random(len(test)) < 0.6
    shares[known, test["dx"].map(KEYS.index)[known]] += 1
    shares /= shares.sum(axis=1, keepdims=True)
    predictions = test[["lesion_id", "dx"]].assign(
        prediction=np.array(KEYS)[shares.argmax(axis=1)],
        **{key: shares[:, n] for n, key in enumerate(KEYS)},
    )
    return table, predictions


TABLE, PREDICTIONS = made_table()
POOL = dataset_pool(TABLE, PREDICTIONS)


@settings(max_examples=30, deadline=None)
@given(
    level=st.sampled_from(list(LEVELS)),
    count=st.integers(1, 60),
    seed=st.integers(0, 10**6),
    seen=st.sets(st.sampled_from(sorted(set(POOL["lesion_id"])))),
)
def test_no_lesion_twice_and_the_test_split_only(
    level: str, count: int, seed: int, seen: set[str]
) -> None:
    cases = draw(POOL, level, count, np.random.default_rng(seed), seen)
    lesions = [c.lesion for c in cases]
    assert 0 < len(lesions) == len(set(lesions)) <= count
    for case in cases:
        row = TABLE.loc[case.image]
        assert row["split"] == "test"
        assert (row["lesion_id"], row["dx"]) == (case.lesion, case.truth)


def test_a_set_has_as_many_as_are_asked_for_or_there_are() -> None:
    lesions = POOL["lesion_id"].nunique()
    for level in ("balanced", "realistic", "weak"):
        assert len(draw(POOL, level, 30, np.random.default_rng(1))) == 30
        assert len(draw(POOL, level, 10_000, np.random.default_rng(1))) == lesions


def test_balanced_has_each_diagnosis_as_often_as_possible() -> None:
    there = POOL.drop_duplicates("lesion_id")["dx"].value_counts()
    drawn = Counter(c.truth for c in draw(POOL, "balanced", 30, np.random.default_rng(3)))
    plenty = [k for k in KEYS if there[k] >= 8]
    assert len(plenty) >= 4
    assert max(drawn[k] for k in plenty) - min(drawn[k] for k in plenty) <= 1
    least = min(drawn[k] for k in plenty)
    assert all(drawn[k] >= min(there[k], least) for k in KEYS)


def test_a_realistic_mix_has_the_shares_of_the_dataset() -> None:
    shares = POOL.drop_duplicates("lesion_id")["dx"].value_counts(normalize=True)
    drawn = [
        case.truth
        for seed in range(30)
        for case in draw(POOL, "realistic", 30, np.random.default_rng(seed))
    ]
    assert Counter(drawn)["nv"] / len(drawn) == pytest.approx(shares["nv"], abs=0.04)


def test_hard_cases_have_small_margins() -> None:
    hard = draw(POOL, "hard", 10, np.random.default_rng(0))
    assert POOL.loc[[c.image for c in hard], "margin"].max() < POOL["margin"].quantile(0.3)


def test_mistakes_are_confident_and_hidden_among_right_answers_of_the_same_name() -> None:
    cases = draw(POOL, "distrust", 10, np.random.default_rng(0))
    rows = POOL.loc[[c.image for c in cases]]
    wrong = rows[rows["named"] != rows["dx"]]
    right = rows[rows["named"] == rows["dx"]]
    assert (rows["certainty"] >= CONFIDENT).all()
    assert (len(wrong), len(right)) == (5, 5)
    there = Counter(POOL[(POOL["named"] == POOL["dx"]) & (POOL["certainty"] >= CONFIDENT)]["named"])
    for name, mistakes in Counter(wrong["named"]).items():
        assert Counter(right["named"])[name] >= min(mistakes, there[name] // 2)


def test_seen_lesions_come_only_where_others_run_out() -> None:
    lesions = sorted(set(POOL["lesion_id"]))
    seen = set(lesions[: len(lesions) // 2])
    few = draw(POOL, "realistic", 20, np.random.default_rng(0), seen)
    assert not {c.lesion for c in few} & seen
    assert len(draw(POOL, "realistic", len(lesions), np.random.default_rng(0), seen)) == len(
        lesions
    )


def test_weak_diagnoses_come_more_often_but_not_alone() -> None:
    weakness = dict.fromkeys(KEYS, 0.05) | {"bkl": 0.9}
    drawn = [
        case.truth
        for seed in range(10)
        for case in draw(POOL, "weak", 10, np.random.default_rng(seed), (), weakness)
    ]
    assert 0.4 < Counter(drawn)["bkl"] / len(drawn) < 0.8
    assert len(set(drawn)) >= 5


@pytest.mark.parametrize("level", ["hard", "distrust"])
def test_without_the_models_answers_it_says_what_to_do(level: str) -> None:
    with pytest.raises(DrawError, match="python -m train evaluate"):
        draw(dataset_pool(TABLE, None), level, 10, np.random.default_rng(0))
    with pytest.raises(DrawError, match="python -m train evaluate"):
        draw(dataset_pool(TABLE, PREDICTIONS[:0]), level, 10, np.random.default_rng(0))


def test_an_empty_pool_is_said() -> None:
    with pytest.raises(DrawError):
        draw(POOL[:0], "balanced", 10, np.random.default_rng(0))


def test_practice_lesions_make_sets_too() -> None:
    cases = draw(practice_pool(), "balanced", 30, np.random.default_rng(0))
    assert len({c.lesion for c in cases}) == 30
    assert {c.truth for c in cases} == set(RESEMBLES.values())
    drawn = practice_case(cases[0].image)
    assert RESEMBLES[drawn.kind] == cases[0].truth
    assert is_practice(cases[0].image)
    for wrong in ("ISIC_0024306", "practice:naevus", "practice:naevus:x", "practice:wart:1"):
        with pytest.raises(ValueError, match=r"practice|phantom"):
            practice_case(wrong)
