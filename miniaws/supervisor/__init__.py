"""Runs the processes of the control plane as children of one process, and restarts those that exit."""
