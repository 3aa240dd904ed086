"""LesionLab's core: from the bytes of a photo to an explained answer. Knows no user interface."""
