"""Who sends a request: access keys, browser sessions, and what a request carries."""
