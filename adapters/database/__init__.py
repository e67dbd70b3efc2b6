"""Databases: what speaks to their servers, and the programs that archive and restore them."""
