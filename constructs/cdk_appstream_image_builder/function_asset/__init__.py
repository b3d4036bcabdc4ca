"""The function's deployment package."""
