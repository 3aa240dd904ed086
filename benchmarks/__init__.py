"""How fast the app is, measured."""

import core  # noqa: F401 - so that torchvision can be imported, see core.compat
