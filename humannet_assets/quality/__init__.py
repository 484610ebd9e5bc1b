"""How good each stage is, wherever ground truth comes with the footage."""
