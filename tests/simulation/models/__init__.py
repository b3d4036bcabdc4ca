"""The services of AWS, as strict as AWS is known to be."""
