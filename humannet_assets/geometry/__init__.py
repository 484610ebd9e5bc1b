"""Cameras, trajectories and what they make of tracks: rotations, positions, segments of motion."""
