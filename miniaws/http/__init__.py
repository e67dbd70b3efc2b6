"""The HTTP API, one file per capability; ``app`` puts them together."""
