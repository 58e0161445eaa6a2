"""The main job from end to end: on every API, on real models, and as it is installed."""
