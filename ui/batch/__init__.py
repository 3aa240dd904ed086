"""The parts of the page Many photos."""
