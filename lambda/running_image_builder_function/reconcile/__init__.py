"""Brings the image builder to the state that a request wants."""
