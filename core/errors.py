"""Errors whose message is a sentence for a person, where several modules raise them."""

from __future__ import annotations


class DatasetError(ValueError):
    """Photos, masks or labels are missing, incomplete or damaged; the message says what to do."""
