"""The read models: events in, documents out. One file per capability."""
