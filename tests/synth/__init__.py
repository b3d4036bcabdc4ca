"""What the template and packaging tests share: stacks to synthesize, snapshots of them, app.py as the CLI runs it."""
