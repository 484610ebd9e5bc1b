"""What a frozen model is good for: depth by a probe on its encoder, correspondence from its attention as it is."""
