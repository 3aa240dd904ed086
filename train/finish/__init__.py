"""What becomes of a finished run: weights, figures, and what the app needs beside them."""
