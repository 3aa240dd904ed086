"""Networks in OpenVINO whose convolutions multiply 8-bit integers, as CPUs do faster than floats.

Of a convolution's input, 255 steps from 0 to the highest value that it had in training photos are
told apart; of its weights, 127 steps to either side of 0 for each output channel (Jacob et al.,
"Quantization and training of neural networks for efficient integer-arithmetic-only inference",
CVPR 2018). Which convolutions, and up to which value, a card says (`core.models.cards.Int8`);
`python -m train int8` finds it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import openvino as ov
from openvino import opset13

from core.models.weights import WeightsError

STEPS = 127
SMALLEST = 1e-12
"""A channel whose weights are all 0 has some step as well."""
RANGE = 1e-6, 1e6
"""What a highest value lies between, so that all steps are floats."""
NEVER_NEGATIVE = ("Relu", "MaxPool")
"""Kinds of operations after which nothing is; in a ResNet the pooling follows a ReLU."""
UNFIT = (
    "The card's int8 does not fit the network ({}). Set LESIONLAB_PRECISION to f32, or get the "
    "model's folder again, complete."
)
PLACE = "__module.classifier."
"""Before a module's name in the names that OpenVINO's frontend gives (of
`core.models.explained.Explained`); a slash comes after it."""


def to_int8(graph: ov.Model, highest: Mapping[str, float]) -> None:
    """Have convolutions of an exported classifier round; OpenVINO computes in integers what is
    rounded on both sides.

    Args:
        highest: by the name of the convolution, the value of its input (never negative) that the
            highest step stands for; what lies above counts as that.

    Raises:
        WeightsError: it names none, or one that the network does not have; or a value is no
            number above 0.
    """
    convolutions = {
        op.get_friendly_name().removeprefix(PLACE).split("/")[0]: op
        for op in graph.get_ordered_ops()
        if op.get_type_name() == "Convolution" and op.get_friendly_name().startswith(PLACE)
    }
    if not highest:
        raise WeightsError(UNFIT.format("it names no convolution"))
    rounded: dict[str, ov.Output] = {}
    for name, value in highest.items():
        if name not in convolutions or not RANGE[0] < value < RANGE[1]:
            raise WeightsError(UNFIT.format(f"{name}, {value:g}"))
        entry, weights = convolutions[name].inputs()
        source = entry.get_source_output()
        if source.get_node().get_type_name() not in NEVER_NEGATIVE:
            raise WeightsError(UNFIT.format(f"what goes into {name} may be negative"))
        place = f"{source.get_node().get_name()} {source.get_index()}"
        if place not in rounded:  # what goes into several convolutions is rounded once
            ends = np.array(0, np.float32), np.array(value, np.float32)
            rounded[place] = _rounded(source, *ends, 2 * STEPS + 2)
        entry.replace_source_output(rounded[place])
        kernel = weights.get_source_output().get_node().get_data()
        most = np.abs(kernel).max((1, 2, 3), keepdims=True).clip(SMALLEST).astype(np.float32)
        weights.replace_source_output(
            _rounded(weights.get_source_output(), -most, most, 2 * STEPS + 1)
        )
    graph.validate_nodes_and_infer_types()


def _rounded(value: ov.Output, low: np.ndarray, high: np.ndarray, levels: int) -> ov.Output:
    ends = opset13.constant(low), opset13.constant(high)
    return opset13.fake_quantize(value, *ends, *ends, levels).output(0)
