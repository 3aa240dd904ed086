"""What others have published for the same tasks, to compare with, each with how it was measured.

Only figures whose source could be read are listed. None was measured on LesionLab's own split, so
differences of a few hundredths mean nothing.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """One published result.

    Attributes:
        task: `classifier` or `segmenter`.
        model: what was measured.
        figures: names as in `core.evaluation.metrics.NAMES`, shares 0…1.
        data: what it was measured on, in short.
        split: how the data were split, and what else differs.
        source: author, title, place and year.
        url: where it can be read.
    """

    task: str
    model: str
    figures: dict[str, float]
    data: str
    split: str
    source: str
    url: str


PUBLISHED: tuple[Published, ...] = (
    Published(
        "classifier",
        "ConvNeXt-Tiny, one network",
        {"balanced_accuracy": 0.778, "macro_f1": 0.748, "accuracy": 0.815},
        "HAM10000",
        "split by lesion, another test split of 2,008 images",
        "andy279, model card of convnext-tiny-ham10000-lesion-disjoint",
        "https://huggingface.co/andy279/convnext-tiny-ham10000-lesion-disjoint",
    ),
    Published(
        "classifier",
        "ConvNeXt-Tiny, trained on ISIC 2019 as well",
        {"macro_f1": 0.740},
        "HAM10000",
        "split by lesion, five folds pooled, mean of 4 views; on ISIC 2019 only .598",
        "Rashid, Subhan, Yusufzai: Multi-source training on cross-dataset in dermoscopic skin "
        "cancer classification",
        "https://thesesjournal.com.medicalsciencereview.com/index.php/1/article/view/3073",
    ),
    Published(
        "classifier",
        "ResNet-50, focal loss",
        {"macro_f1": 0.701, "ece": 0.025},
        "HAM10000",
        "its notes do not say how it was split; on ISIC 2019 only .347",
        "DermaSense, release 2.0",
        "https://github.com/Cureeeeeeee/CNN-Based-Skin-Lesion-Classification-for-Early-Skin-Cancer-Detection/releases/tag/v2.0",
    ),
    Published(
        "classifier",
        "ResNet-18",
        {"accuracy": 0.749},
        "HAM10000",
        "split by lesion, another test split of 1,508 images",
        "M. Krawczyk, model card of skin-lesion-classifier",
        "https://huggingface.co/miloszkrawczyk/skin-lesion-classifier",
    ),
    Published(
        "classifier",
        "Best single model of ISIC 2018",
        {"balanced_accuracy": 0.871},
        "ISIC 2018 test",
        "official test set of 1,512 other images; trained on HAM10000 and data of its own",
        "MetaOptima, ISIC 2018 challenge, task 3",
        "https://www.dermengine.com/blog/metaoptima-awarded-isic-2018-challenge",
    ),
    Published(
        "classifier",
        "Winner of ISIC 2018, ten models averaged",
        {"balanced_accuracy": 0.885},
        "ISIC 2018 test",
        "official test set of 1,512 other images; trained on HAM10000 and data of its own",
        "MetaOptima, ISIC 2018 challenge, task 3",
        "https://www.dermengine.com/blog/metaoptima-awarded-isic-2018-challenge",
    ),
    Published(
        "segmenter",
        "Plain U-Net",
        {"mean_iou": 0.769, "mean_dice": 0.848},
        "ISIC 2018",
        "other images and masks than HAM10000's",
        "Table 2 of: SL-HarDNet, Frontiers in Bioengineering and Biotechnology 10 (2023), "
        "doi 10.3389/fbioe.2022.1028690",
        "https://pmc.ncbi.nlm.nih.gov/articles/PMC9849244/",
    ),
    Published(
        "segmenter",
        "SL-HarDNet",
        {"mean_iou": 0.853, "mean_dice": 0.915},
        "ISIC 2018",
        "other images and masks than HAM10000's",
        "Table 2 of: SL-HarDNet, Frontiers in Bioengineering and Biotechnology 10 (2023), "
        "doi 10.3389/fbioe.2022.1028690",
        "https://pmc.ncbi.nlm.nih.gov/articles/PMC9849244/",
    ),
    Published(
        "segmenter",
        "U-Net with good training strategies",
        {"thresholded_jaccard": 0.775},
        "ISIC 2018",
        "challenge, task 1, where even the best failed on over 10 % of the images (Codella et al., "
        "arXiv 1902.03368)",
        "Guth and de Campos, arXiv 1811.11314 (2018)",
        "https://arxiv.org/abs/1811.11314",
    ),
)
