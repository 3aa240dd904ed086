"""What belongs to the Analyse page alone: its address, visitors' photos, answering first."""
