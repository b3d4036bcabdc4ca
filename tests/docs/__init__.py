"""What the documentation says, held against the code and against itself."""
