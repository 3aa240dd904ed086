"""Training and evaluation of LesionLab's models."""
