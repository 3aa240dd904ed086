"""LesionLab's core: from the bytes of a photo to an explained answer. Knows no user interface."""

from core import compat

__version__ = "0.9.0"
"""Of LesionLab; it stands on the page About, in reports and on the cards of new models."""

compat.install()
