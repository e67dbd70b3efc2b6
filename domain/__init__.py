"""The rules. One file per capability; no input, no output, no clock, no chance."""
