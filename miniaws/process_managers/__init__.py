"""Process managers reconcile resources, one file per capability."""
