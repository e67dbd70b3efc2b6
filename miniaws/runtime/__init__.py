"""What happens after an event: one controller projects the log, marks work, and lets process managers reconcile.

``controller`` leads and runs the rest · ``projector`` moves reads and marks work · ``queue`` the
keyed work · ``workers`` one pass at a time per resource · ``wakeups`` the engine's events and the resync ·
``sweep`` what nobody wants any more.
"""
