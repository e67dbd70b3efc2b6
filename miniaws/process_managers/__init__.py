"""What brings the world in line, one file per capability."""
