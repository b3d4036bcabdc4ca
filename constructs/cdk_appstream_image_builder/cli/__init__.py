"""The commands ``watch`` and ``status``; needs the extra ``cli``, and nothing of CDK."""
