"""The ways to have a running image builder that are compared, each as its own documentation would have it."""
