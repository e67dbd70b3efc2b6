"""What each kind of resource is compared by, and which commands change it.

Every step names one of these commands of its kind. The body is that of the command, where
nothing else is said.

* all kinds: ``create``, ``change``, ``delete``; of instances: ``launch``, ``change``, ``terminate``
* instance, cache, queue, database: ``start``, ``stop``, without a body
* volume: ``attach``, ``detach``, ``put_snapshot_policy``; ``remove_snapshot_policy`` without a body
* instance, volume, cache, queue, database: ``restore_from_trash`` of ``identity``
* volume: ``restore_from_snapshot`` with the ``snapshot`` besides the body; it creates the volume
* database: ``delete`` with ``{final_backup}``; ``change_backups`` of its archive; ``promote`` without a body;
  ``restore_from_archive`` of ``identity`` into a new one; ``restore_in_place``
* subnet, security_group: ``change`` also of the default one, which a plan neither creates nor deletes
* queue: ``declare`` with the ``name`` of the named queue besides its limits, ``undeclare`` with ``{name}``
* load_balancer: ``register_target``, ``deregister_target`` with ``{target}``; ``upload_certificate`` with its ``name``
  besides the body, ``remove_certificate`` with ``{name}``
* scaling_group: ``put_policy`` with its ``name`` besides the policy, ``remove_policy`` with ``{name}``, ``suspend``,
  ``resume``; ``refresh`` without a body, which is completed when no instance has an older template
"""

from collections.abc import Mapping

from domain.plan.kinds.cache import CacheKind
from domain.plan.kinds.database import DatabaseKind
from domain.plan.kinds.instance import InstanceKind
from domain.plan.kinds.kind import Kind
from domain.plan.kinds.load_balancer import LoadBalancerKind
from domain.plan.kinds.queue import QueueKind
from domain.plan.kinds.scaling_group import ScalingGroupKind
from domain.plan.kinds.security_group import SecurityGroupKind
from domain.plan.kinds.subnet import SubnetKind
from domain.plan.kinds.volume import VolumeKind
from domain.plan.kinds.vpc import VpcKind

KINDS: Mapping[str, Kind] = {
    "vpc": VpcKind(),
    "subnet": SubnetKind(),
    "security_group": SecurityGroupKind(),
    "volume": VolumeKind(),
    "database": DatabaseKind(),
    "cache": CacheKind(),
    "queue": QueueKind(),
    "instance": InstanceKind(),
    "load_balancer": LoadBalancerKind(),
    "scaling_group": ScalingGroupKind(),
}
"""The kinds that estates have."""
