"""The main job on real models, and as it is installed."""
