"""``cloud mcp``: the cloud as tools of the Model Context Protocol, for assistants."""
