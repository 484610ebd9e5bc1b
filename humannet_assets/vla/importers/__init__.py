"""Readers of robot data sets, one module per format; `registry` finds the one for a data set."""
