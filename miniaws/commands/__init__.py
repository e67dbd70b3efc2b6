"""What callers may ask for, one file per capability: load, let the aggregate decide, save."""
