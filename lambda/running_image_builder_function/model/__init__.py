"""Values and errors that all layers share."""
