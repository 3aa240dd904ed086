"""Published figures carry their sources and can be set beside ours."""

from core.evaluation.metrics import NAMES
from core.evaluation.published import PUBLISHED


def test_every_figure_has_a_name_a_value_and_a_source() -> None:
    for entry in PUBLISHED:
        assert entry.task in ("classifier", "segmenter")
        assert entry.figures.keys() <= NAMES.keys()
        assert all(0 < value < 1 for value in entry.figures.values())
        assert entry.url.startswith("https://")
        assert entry.source
        assert entry.split
