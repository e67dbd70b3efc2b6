"""``cloud sg``: which connections are allowed.

``commands`` the commands · ``rules`` rules as options · ``noun`` columns
"""

from miniaws.cli.security_group.commands import app as app
