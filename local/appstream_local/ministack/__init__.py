"""What is patched into ministack, so that it has AppStream and acts as AWS does."""
