"""How the app behaves under load."""
