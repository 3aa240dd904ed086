"""The parts of the quiz, the progress, the class and the diagnoses."""
