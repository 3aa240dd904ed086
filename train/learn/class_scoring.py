"""What class scores mean: shares of the classes, loss, and the way from scores to probabilities."""

import numpy as np
import torch
from torch import Tensor, nn

from core.evaluation.curves import auc
from core.evaluation.metrics import balanced_accuracy, classifier_summary, negative_log_likelihood
from core.models.calibration import Calibration, softmax
from train.config import ClassifierConfig, HybridConfig
from train.data.arrays import Arrays
from train.data.samplers import source_weights
from train.learn.losses import class_loss

SENSITIVITY_AT = 0.8
"""Specificity at which melanoma's sensitivity is told, of photos from elsewhere."""


class ClassScoring:
    """The classifier and the hybrid share it.

    Attributes:
        prevalence: share of each class among the data's own training rows, float K.
        weights: how much each training row counts in the draw of an epoch.
        loss: of logits N×K, labels N and sources N.
        offset: log of the prior that the scores carry (see `train.learn.losses.class_loss`), K.
        classes_elsewhere: the classes that any further source has, K bool.
        prevalence_elsewhere: share of each class among the further sources' training rows, K.
    """

    def __init__(self, config: ClassifierConfig | HybridConfig, arrays: Arrays, rows: np.ndarray):
        """`rows`: the training rows, all of them labelled."""
        labels = arrays.table["label"].to_numpy()[rows]
        sources = arrays.table["source"].to_numpy()[rows]
        count = len(arrays.classes)
        counts = np.bincount(labels, minlength=count).clip(1).astype(float)
        own = np.bincount(labels[sources == 0], minlength=count).clip(1).astype(float)
        self.prevalence = own / own.sum()
        weights = counts[labels] ** -config.sampling_power
        self.weights = source_weights(weights, sources, config.more_share)
        drawn = np.zeros((int(arrays.table["source"].max()) + 1, count))
        np.add.at(drawn, (sources, labels), self.weights)
        # A class without a photo never is a target; in the data itself it keeps a share.
        drawn[0] = np.where(drawn[0] > 0, drawn[0], counts**-config.sampling_power)
        drawn /= drawn.sum(1, keepdims=True).clip(1e-12)
        self.loss, prior = class_loss(config.loss, torch.tensor(drawn).float())
        self.offset = prior.log()
        elsewhere = np.bincount(labels[sources > 0], minlength=count).astype(float)
        self.classes_elsewhere = elsewhere > 0
        self.prevalence_elsewhere = elsewhere / max(elsewhere.sum(), 1)

    def scores(self, logits: Tensor) -> np.ndarray:
        """Logits N×K → scores free of a prior, float32."""
        return (logits.float().cpu() - self.offset).numpy()

    def probabilities(self, logits: Tensor) -> np.ndarray:
        """Logits N×K → posterior at the training split's prevalence."""
        return Calibration(1.0, self.prevalence)(self.scores(logits))

    def summary(self, logits: Tensor, labels: np.ndarray) -> dict[str, float]:
        """What is measured on validation."""
        found = classifier_summary(self.probabilities(logits), labels)
        equal = classifier_summary(softmax(self.scores(logits)), labels)
        return {**found, "balanced_recall": equal["balanced_accuracy"]}

    def summary_elsewhere(
        self, logits: Tensor, labels: np.ndarray, classes: tuple[str, ...]
    ) -> dict[str, float]:
        """What is measured on validation-elsewhere: likelihood among the classes that are there at
        their share there, the mean recall of all classes at equal priors, and melanoma against the
        rest, by its probability at equal priors."""
        scores = self.scores(logits)
        possible = self.classes_elsewhere | np.isin(np.arange(len(classes)), labels)
        prior = np.where(possible, self.prevalence_elsewhere.clip(1e-3), 0)[possible]
        within = Calibration(1.0, prior / prior.sum())(scores[:, possible])
        equal = softmax(scores)
        found = {
            "nll": negative_log_likelihood(within, (np.cumsum(possible) - 1)[labels]),
            "balanced_recall": balanced_accuracy(equal.argmax(1), labels),
        }
        if "mel" in classes:
            truth, score = labels == classes.index("mel"), equal[:, classes.index("mel")]
            if truth.any() and not truth.all():
                threshold = np.quantile(score[~truth], SENSITIVITY_AT)
                found["melanoma_auc"] = auc(truth, score)
                named = equal.argmax(1) == classes.index("mel")
                found["melanoma_recall"] = float(named[truth].mean())
                found["melanoma_recall_at_80"] = float((score[truth] > threshold).mean())
        return found

    def add_prior(self, head: nn.Linear) -> None:
        """Put the prior into the scores of a classifier of ours that learns on."""
        with torch.no_grad():
            head.bias.add_(self.offset.to(head.bias))

    def free_bias(self, head: nn.Linear) -> None:
        """Take the prior out of a network's scores: a classifier of ours has none in them."""
        with torch.no_grad():
            head.bias.sub_(self.offset.to(head.bias))
