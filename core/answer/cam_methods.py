"""Ways to draw a heatmap, to be compared with the Grad-CAM that comes with each answer.

Only what is said of them: `core.answer.torch_cam` computes them, and takes seconds to import.
"""

from dataclasses import dataclass

SCORED = 128
"""Channels that Score-CAM tries of the 2048 (see `core.answer.torch_cam.Cams`)."""
BATCH = 16
"""Photos that go through the network at once: more are no faster on a CPU."""


@dataclass(frozen=True)
class Method:
    """A way to draw a heatmap.

    Attributes:
        name: as its authors write it.
        text: how it works on this network, in a sentence or two.
        source: the paper.
        link: its address.
        needs_gradient: False if it only ever looks at the forward pass.
    """

    name: str
    text: str
    source: str
    link: str
    needs_gradient: bool = True


METHODS: dict[str, Method] = {
    "gradcam": Method(
        "Grad-CAM",
        "Adds up the feature maps, each weighted by how strongly it speaks for or against the "
        "class, and keeps what is positive.",
        "Selvaraju et al., ICCV 2017",
        "https://arxiv.org/abs/1610.02391",
    ),
    "gradcam++": Method(
        "Grad-CAM++",
        "Gives no weight to feature maps that speak against the class, so it often covers more.",
        "Chattopadhay et al., WACV 2018",
        "https://arxiv.org/abs/1710.11063",
    ),
    "layercam": Method(
        "Layer-CAM",
        "Weights each place by itself and leaves out what speaks against the class. On a last "
        "block like this one, all places have the same weights.",
        "Jiang et al., IEEE Trans. Image Processing 2021",
        "https://doi.org/10.1109/TIP.2021.3089943",
    ),
    "eigencam": Method(
        "Eigen-CAM",
        "Shows what varies most in the feature maps. It knows nothing of classes, so it is the "
        "same for each.",
        "Muhammad & Yeasin, IJCNN 2020",
        "https://arxiv.org/abs/2008.00299",
        needs_gradient=False,
    ),
    "scorecam": Method(
        "Score-CAM",
        "Covers the photo except where one feature map is active, asks the network again, and "
        f"weights the map by the score. Of 2,048 maps, the {SCORED} that vary most are tried.",
        "Wang et al., CVPR workshops 2020",
        "https://arxiv.org/abs/1910.01279",
        needs_gradient=False,
    ),
}
"""By key, quickest first."""


def passes(method: str) -> int:
    """How often a method asks the network."""
    return 1 + (SCORED // BATCH if method == "scorecam" else 0)
