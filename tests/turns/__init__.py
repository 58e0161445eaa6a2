"""A turn's life: interrupted, in the background, beside another process."""
