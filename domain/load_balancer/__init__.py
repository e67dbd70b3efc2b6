"""Load balancers spread requests over targets that are well.

``spec`` what may be asked for · ``target`` a target and its states · ``certificate`` what HTTPS needs · the rules and
events: ``routes`` where it listens, ``membership`` to whom it sends, ``aggregate`` the whole · ``health`` from what is
seen to states · ``proxy`` what is asked of the world
"""

from domain.load_balancer.aggregate import LoadBalancer as LoadBalancer
from domain.load_balancer.spec import BalancerSpec as BalancerSpec
from domain.load_balancer.spec import HealthCheck as HealthCheck
from domain.load_balancer.spec import Listener as Listener
from domain.load_balancer.spec import Rule as Rule
from domain.load_balancer.spec import TargetGroup as TargetGroup
from domain.load_balancer.spec import Timeouts as Timeouts
from domain.load_balancer.target import Selector as Selector
from domain.load_balancer.target import Target as Target
from domain.load_balancer.target import TargetSpec as TargetSpec
