"""The ground-truthed world that makes the sample library: scenes, actors, cameras, rendering, encoding, sidecars."""
