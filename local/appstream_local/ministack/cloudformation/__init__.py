"""CloudFormation's stack operations, custom resources and resource types in ministack."""
