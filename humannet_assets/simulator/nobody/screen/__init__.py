"""Screen recordings, drawn without a scene or a camera."""
