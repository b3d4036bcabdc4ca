"""The compared approaches, each written as its own documentation recommends: this project and its baselines."""
