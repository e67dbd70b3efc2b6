"""Load balancers by HAProxy: one container each, on the host's network.

``configuration`` what HAProxy reads · ``runtime`` what it is told while it runs, and what it says · ``container`` where
it runs · ``members`` targets that come and go without a reload · ``proxies`` the port
"""

from adapters.haproxy.proxies import HAProxies as HAProxies
