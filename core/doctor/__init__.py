"""What keeps LesionLab from running well here, and what to do: `python -m core doctor`."""
