"""Measures this project beside the other ways to have a running image builder; no part of the product or its tests."""
