"""The parts of the Training page: a form to start, what runs, comparison, and models in use."""
