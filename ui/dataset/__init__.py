"""The parts of the Dataset page."""
