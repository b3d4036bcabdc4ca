"""The real function and botocore in a simulated AWS, in virtual time, under random faults."""
