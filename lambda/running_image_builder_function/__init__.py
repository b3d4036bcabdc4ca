"""The function behind ``Custom::AppStreamRunningImageBuilder``; knows nothing of CDK or of test engines."""
