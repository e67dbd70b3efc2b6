"""The services: one function per operation, which takes its arguments and returns its result."""
