"""Keeps a real server for every database.

``passes`` from what is to what is wanted · ``replicas`` those that follow another one, until they are promoted.
"""

from miniaws.process_managers.database.passes import DatabaseManager as DatabaseManager
