"""Load balancers spread requests over healthy targets.

``spec`` what may be requested · ``routes`` listeners and target groups · ``target`` a target and its states ·
``certificate`` what HTTPS needs · ``aggregate`` the rules · ``events`` what happens to it · ``health`` the states of
targets, from the observed proxy · ``proxy`` the port to the outside world
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
