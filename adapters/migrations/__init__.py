"""Migrations of the event store: ``NNNN_name.up.sql``, applied in order, never edited after a release."""
