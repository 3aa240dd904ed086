"""What the models say of one photo, and what explains it."""
