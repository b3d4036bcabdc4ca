"""AppStream image builders in a local AWS engine; it knows nothing of the construct it serves."""
