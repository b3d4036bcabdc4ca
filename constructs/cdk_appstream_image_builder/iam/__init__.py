"""The construct's IAM statements, roles and policies."""
