"""Probing, decoding, cutting and comparing videos; every file is treated as hostile."""
