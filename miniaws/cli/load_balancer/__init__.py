"""``cloud lb``: one address in front of many instances."""

from miniaws.cli.load_balancer.commands import app as app
