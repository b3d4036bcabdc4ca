"""The fake AppStream: from a request to its response, over a given clock."""
