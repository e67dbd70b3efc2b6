"""Databases: clients of their servers, and the programs that archive and restore them."""
