"""Words that several pages say, each once. Those of diagnoses are in `core.taxonomy`, of measures
in `core.evaluation.metrics` and `core.lesion.measure_words`."""

TASKS = {"classifier": "Naming the diagnosis", "segmenter": "Outlining the lesion"}
"""What each kind of model does."""

CONFIRMED_BY = {
    "histo": "histopathology",
    "follow_up": "follow-up",
    "consensus": "expert consensus",
    "confocal": "confocal microscopy",
}
"""How a diagnosis of HAM10000 was confirmed: its column `dx_type`."""
