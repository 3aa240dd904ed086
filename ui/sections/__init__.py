"""What can be asked further of an answer: one module for each, with `show(case, shown)`."""
