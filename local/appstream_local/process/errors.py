"""The error of everything that an engine process needs."""


class EngineError(Exception):
    """The engine can't start, or died; the text is one line."""
