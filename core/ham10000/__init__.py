"""The dataset: its import, its split, and facts of its photos."""
