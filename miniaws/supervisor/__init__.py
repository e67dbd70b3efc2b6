"""Runs the parts of the control plane as children of one process and starts again what dies."""
