"""The images of databases, caches, queues, load balancers and snapshots: recipes, and the program that builds them.

``python -m adapters.images postgres`` builds one, ``recipes/`` has them.
"""
