"""The function in a simulated AWS: real code and real botocore in virtual time, under chance of every kind."""
