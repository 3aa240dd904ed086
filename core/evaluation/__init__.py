"""How good a model is: measures, and the files that hold them."""
