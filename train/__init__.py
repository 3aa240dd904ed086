"""Training and evaluation of LesionLab's models."""

import core  # noqa: F401 - so that torchvision can be imported, see core.compat
