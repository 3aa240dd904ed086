"""From files to pixels, masks and labels, and back."""
