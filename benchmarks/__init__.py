"""Measurements, side by side with what miniaws could be compared to: ``make bench``."""
