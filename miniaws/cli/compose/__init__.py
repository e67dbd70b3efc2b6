"""``cloud import compose``: turns a Compose file into a manifest."""
