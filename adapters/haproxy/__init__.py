"""Load balancers with HAProxy: one container each, in the host's network.

``configuration`` the configuration file · ``runtime`` the runtime API · ``container`` the container that HAProxy
runs in · ``members`` targets, changed without a reload · ``proxies`` the port
"""

from adapters.haproxy.proxies import HAProxies as HAProxies
