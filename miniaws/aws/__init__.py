"""The AWS endpoint: unmodified AWS clients send commands to the same cloud, and read the same documents."""
