"""The schema of what cannot be rebuilt: ``NNNN_name.up.sql``, applied in order, never edited once released."""
