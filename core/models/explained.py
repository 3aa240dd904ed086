"""The networks as they are run: uint8 pixels in, and all that is shown of the answer out."""

from torch import Tensor, nn
from torch.nn import functional

from core.models.architectures import AnyClassifier
from core.models.networks import normalise


class Explained(nn.Module):
    """A classifier with all that is shown of its answer, in one pass.

    For a network that ends in global average pooling and one linear layer, logit k is its bias plus
    the sum over all places of Σ_c W[k, c]·A_c / (h·w), A being the last feature map: the class
    activation map (Zhou et al., CVPR 2016), a 1×1 convolution. Its positive part is Grad-CAM
    (Selvaraju et al., ICCV 2017), since the gradient of logit k with respect to A is
    W[k, c] / (h·w) everywhere in channel c; no backward pass is needed.
    """

    def __init__(self, classifier: AnyClassifier) -> None:
        super().__init__()
        self.classifier = classifier

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """uint8 RGB N×S×S×3 → logits N×K, class activation maps N×K×h×w (in units of the logit:
        each sums to its logit less the bias), embedding N×C and texture N×D (the last and the last
        but one feature map, averaged over the photo; of ResNet-50 C is 2048, D is 1024)."""
        middle, features = self.classifier.features(normalise(pixels))
        embedding = features.mean((2, 3))
        maps = functional.conv2d(features, self.classifier.fc.weight[:, :, None, None])
        places = features.shape[2] * features.shape[3]
        return self.classifier.fc(embedding), maps / places, embedding, middle.mean((2, 3))


class Outlined(nn.Module):
    """A segmenter that takes pixels as they come."""

    def __init__(self, segmenter: nn.Module) -> None:
        super().__init__()
        self.segmenter = segmenter

    def forward(self, pixels: Tensor) -> Tensor:
        """uint8 RGB N×S×S×3 → lesion logits N×S×S."""
        return self.segmenter(normalise(pixels))[:, 0]
