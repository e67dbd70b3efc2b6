"""What happens after an event: one controller projects the log, marks work, and lets process managers reconcile.

``controller`` leads and runs the rest · ``projector`` updates the read models and marks work · ``queue`` is the keyed
work · ``workers`` run one pass at a time per resource · ``reconciler`` is the frame of a pass · ``wakeups`` marks work
by the engine's events and by the resync · ``sweep`` finds orphans · ``metrics`` and ``traffic`` measure containers and
proxies, ``rates`` turns counters into points, ``recorder`` and ``partitions`` store them.
"""
