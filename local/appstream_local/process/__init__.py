"""One engine process, and the programs that use it."""
