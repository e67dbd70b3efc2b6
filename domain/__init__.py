"""The rules. One file per capability; no I/O, no clock, no randomness."""
