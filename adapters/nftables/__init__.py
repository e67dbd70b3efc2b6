"""Enforces security groups with nftables, in a table of the cloud's own."""

from adapters.nftables.firewall import NftablesFirewall

__all__ = ["NftablesFirewall"]
