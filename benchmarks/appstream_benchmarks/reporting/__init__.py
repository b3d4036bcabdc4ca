"""Writes the page, its picture and the README's table from the data."""
