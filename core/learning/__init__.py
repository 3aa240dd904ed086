"""Practice with honest feedback: sets of cases, answers, scores, and what to repeat when."""
