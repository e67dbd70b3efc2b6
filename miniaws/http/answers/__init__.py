"""The types of answers, for the OpenAPI document.

Routes answer with bytes: documents come as JSON from the database, so no model runs when a request is answered. Tests
check answers against these types.
"""
