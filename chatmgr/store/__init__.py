"""The transcript on disk: typed rows, one writer, one reader."""
