"""`python -m train reference`: what the app compares a photo with, from the training images alone.

Two things are fitted for a classifier of HAM10000's diagnoses: how the training images look, with
the novelty above which a photo counts as unlike them (read off the validation split), and the codes
by which similar cases are found.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.batch.folder import find_pictures
from core.errors import DatasetError
from core.evaluation.curves import auc
from core.ham10000.dataset import Dataset
from core.models.cards import Card, GateLimit, Novelty
from core.models.gate import REFUSED, Gate
from core.models.neighbours import WIDTH, KnownCases, unit
from core.models.novelty import COMPONENTS, FeatureGaussian
from core.models.reference import Reference
from core.system.records import Record
from train.data.elsewhere import Elsewhere
from train.finish.features import Classify, Features, features_of, features_of_files

PENALTY = 0.01
"""Inverse strength of the regression's L2 penalty. Of 1e-4, 1e-3 and 1e-2 it refused the fewest
validation photos that were given another camera's look (`train.data.augment`), and as many everyday
ones."""
GATE_COMPONENTS = 64
FAR = 3
"""Times the distance that the bounds below leave: beyond what any dermatoscope does to a photo."""
REFUSED_OWN, REFUSED_ELSEWHERE = 0.01, 0.02
"""Shares of validation photos, of HAM10000 and of further sources, that may be refused."""
FALSE_ALARMS = 0.01
"""Share of validation photos that the novelty warning may flag."""
NEAREST = 8


def build_reference(
    dataset: Dataset,
    card: Card,
    classify: Classify,
    more: Sequence[Elsewhere] = (),
    strangers: Path | None = None,
) -> tuple[Reference, dict[str, Any]]:
    """Fit both for the shipped classifier.

    Args:
        dataset: with the split that the classifier was trained on.
        strangers: a folder of photos that show no lesion; with it and further sources the gate
            has three grades.

    Returns:
        as `fit_reference`.

    Raises:
        DatasetError: all further sources together have no photo for training, or for validation;
            or a photo of theirs, or a stranger, cannot be read.
        FileNotFoundError: there are no strangers.
    """
    photos = {split: _photos_elsewhere(more, split) for split in ("train", "validation")}
    training, crops, validation = (
        features_of(dataset, part, card, classify) for part in ("train", "crops", "validation")
    )
    rows = dataset.table[dataset.table["split"] == "train"]
    reference, sections = fit_reference(rows, training, crops, validation)
    if not more or strangers is None:
        return reference, sections
    learned, kept = (
        features_of_files(
            ((name, source.photo(name)) for name, source in named),
            len(named),
            f"Further photos, {split}",
            card,
            classify,
        ).textures
        for split, named in photos.items()
    )
    gate, section = fit_gate(
        np.concatenate([training.textures, crops.textures]),
        learned,
        textures_in(strangers, card, classify),
        validation.textures,
        kept,
    )
    return replace(reference, gate=gate), sections | {"gate": section}


def textures_in(folder: Path, card: Card, classify: Classify) -> np.ndarray:
    """Textures N×D of the pictures in a folder. Raises FileNotFoundError, DatasetError."""
    paths = find_pictures([folder]).pictures
    photos = ((path.name, path.read_bytes()) for path in paths)
    return features_of_files(photos, len(paths), folder.name, card, classify).textures


def _photos_elsewhere(sources: Sequence[Elsewhere], split: str) -> list[tuple[str, Elsewhere]]:
    """The ids of the photos of one split of all further sources, each with its source. Raises
    DatasetError: there are sources, and none has one."""
    found = [
        (str(name), source)
        for source in sources
        for name in source.table.index[source.table["split"] == split]
    ]
    if sources and not found:
        names = ", ".join(source.root.name for source in sources)
        raise DatasetError(
            f"None of the photos of {names} is for {split}: there are too few. Add photos, or "
            "another source."
        )
    return found


def fit_gate(
    training: np.ndarray,
    elsewhere: np.ndarray,
    strangers: np.ndarray,
    own: np.ndarray,
    others: np.ndarray,
) -> tuple[Gate, GateLimit]:
    """Fit what refuses photos that are no dermoscopy.

    Args:
        training, elsewhere: textures of training photos, of HAM10000 and of further sources; what
            dermoscopy looks like. Both count alike, however many photos there are.
        strangers: textures of photos that are none.
        own, others: textures of validation photos of the two, on which the limits are chosen. That
            of the regression is even odds, or the lowest that refuses at most `REFUSED_OWN` of
            these and `REFUSED_ELSEWHERE` of those.

    Returns:
        the gate, and the section `gate` of the card.
    """
    from sklearn.linear_model import LogisticRegression  # takes seconds

    times = max(1, round(len(training) / len(elsewhere)))
    both = np.concatenate([training, *[elsewhere] * times])
    mean, scale = both.mean(0), both.std(0) + 1e-6
    shown = (np.concatenate([both, strangers]) - mean) / scale
    strange = np.repeat([0, 1], [len(both), len(strangers)])
    regression = LogisticRegression(C=PENALTY, class_weight="balanced", max_iter=1_000)
    regression.fit(shown, strange)
    weights = (regression.coef_[0] / scale).astype(np.float32)
    bias = float(regression.intercept_[0] - weights @ mean)
    dermoscopy = FeatureGaussian.fit(both, min(GATE_COMPONENTS, min(both.shape) - 1))
    gate = Gate(weights, bias, 0.0, dermoscopy, np.inf)
    shares = ((own, 1 - REFUSED_OWN), (others, 1 - REFUSED_ELSEWHERE))
    limit = max(0.0, *(float(np.quantile(gate.strangeness(p), q)) for p, q in shares))
    far = FAR * max(float(np.quantile(dermoscopy.novelty(p), q)) for p, q in shares)
    gate = Gate(weights, bias, limit, dermoscopy, far)
    return gate, GateLimit(
        limit=limit,
        how="log odds of a logistic regression on the pooled features of the last block but "
        f"one: {len(strangers)} photos without a lesion against {len(training)} training photos of "
        f"HAM10000 and {len(elsewhere)} of other clinics; or more than {far:.1f} from a Gaussian "
        f"of {len(dermoscopy.variance)} principal components over these",
        fitted_on=f"validation, n = {len(own):,} images, and validation-elsewhere, "
        f"n = {len(others):,}: at most {REFUSED_OWN:.0%} and {REFUSED_ELSEWHERE:.0%} refused",
        others={
            "refused": {
                "validation": round(float(gate.refuses(own).mean()), 4),
                "validation_elsewhere": round(float(gate.refuses(others).mean()), 4),
            }
        },
    )


def fit_reference(
    rows: pd.DataFrame, training: Features, crops: Features, validation: Features
) -> tuple[Reference, dict[str, Any]]:
    """Fit both.

    Args:
        rows: of HAM10000's table: the training photos.
        training, crops, validation: features of these photos, of centre crops of some (or of none),
            and of validation photos.

    Returns:
        the reference, and the sections `novelty` and `similar` of the card.
    """
    textures = np.concatenate([training.textures, crops.textures])
    components = min(COMPONENTS, min(textures.shape) - 1)
    familiar = FeatureGaussian.fit(textures, components)
    threshold = float(np.quantile(familiar.novelty(validation.textures), 1 - FALSE_ALARMS))
    width = min(WIDTH, *training.embeddings.shape)
    cases = KnownCases.fit(
        training.embeddings, list(rows.index), list(rows["lesion_id"]), list(rows["dx"]), width
    )
    images = len(validation.logits)
    among = f" and {len(crops.logits)} centre crops" if len(crops.logits) else ""
    similar = {
        "how": f"cosine of embeddings, compressed to {width} numbers by singular vectors",
        "cases": f"{len(rows)} training photos of {rows['lesion_id'].nunique()} lesions",
        "recall_at_8": _recall(validation.embeddings, training.embeddings, cases),
        "measured_on": f"validation, n = {images:,} images: share of the eight nearest photos by "
        "the whole embedding that are among the eight nearest by the compressed one",
    }
    return Reference(familiar, threshold, cases), {
        "novelty": Novelty(
            threshold=threshold,
            how="Mahalanobis distance of the pooled features of the last block but one to a "
            f"Gaussian of {components} principal components over {len(rows)} training "
            f"photos{among}",
            fitted_on=f"validation, n = {images:,} images, {FALSE_ALARMS:.0%} flagged",
        ),
        "similar": Record(others=similar),
    }


def _recall(asked: np.ndarray, training: np.ndarray, cases: KnownCases) -> float:
    """Share of the eight nearest training photos by whole embeddings that codes find as well."""
    exact = unit(asked) @ unit(training).T
    coded = unit(asked) @ cases.basis.T @ cases.codes.T
    count = min(NEAREST, len(training))
    near = (np.argpartition(-s, count - 1, axis=1)[:, :count] for s in (exact, coded))
    found = [len(set(a) & set(b)) / count for a, b in zip(*near, strict=True)]
    return round(float(np.mean(found)), 4)


def measure_outside(
    folder: Path, card: Card, classify: Classify, reference: Reference, known: np.ndarray
) -> dict[str, Any]:
    """What is refused of photos that show no lesion, and that nothing was fitted on.

    Args:
        known: textures N×D of photos that do show one: of the test split.

    Returns:
        share refused of both, and the AUROC between them of the distance that refuses.

    Raises:
        FileNotFoundError: there is no picture in the folder.
        DatasetError: a picture cannot be read; it is named.
    """
    unknown = textures_in(folder, card, classify)
    novelty = reference.familiar.novelty
    score = novelty if reference.gate is None else reference.gate.strangeness
    refused = [
        np.mean([reference.domain(t, n) == REFUSED for t, n in zip(p, novelty(p), strict=True)])
        for p in (known, unknown)
    ]
    truth = np.repeat([False, True], [len(known), len(unknown)])
    return {
        "lesions": f"test, n = {len(known):,} images",
        "lesions_flagged": round(float(refused[0]), 4),
        "outside": f"{folder.name}, n = {len(unknown)} photos that show no lesion",
        "outside_flagged": round(float(refused[1]), 4),
        "auroc": round(auc(truth, score(np.concatenate([known, unknown]))), 4),
    }
