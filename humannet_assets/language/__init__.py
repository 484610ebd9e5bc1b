"""Captions, motion descriptions and the taxonomy: what is said about a clip, and by whom."""
