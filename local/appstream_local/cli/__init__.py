"""The commands `make deploy-local` and `make local`."""
