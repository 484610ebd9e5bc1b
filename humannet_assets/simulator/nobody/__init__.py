"""Footage that shows nobody, and the controls that are nobody's life."""
