"""Hands, bodies, faces, motion and picture quality; scores and the verdicts over them; tracks."""
