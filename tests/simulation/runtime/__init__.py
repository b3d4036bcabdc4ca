"""Virtual time, botocore without sockets and Lambda's execution environments."""
