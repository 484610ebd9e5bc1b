"""Blocking asset checks."""
