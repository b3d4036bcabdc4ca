"""The AWS calls over boto3."""
