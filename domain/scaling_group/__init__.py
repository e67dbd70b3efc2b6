"""Groups keep as many instances of a template as are wanted, healthy, and scale that number by policies.

``template`` ``settings`` ``policies`` what may be asked for · ``member`` ``roster`` its instances · ``attachment`` the
load balancers before it · ``measure`` ``tracking`` ``stepping`` ``decision`` ``schedule`` how many there should be ·
``refreshing`` templates · ``aggregate`` the rules and events · ``convergence`` the next step towards the wish ·
``replay`` a decision made again · ``simulation`` the same load under other policies.
"""

from domain.scaling_group.aggregate import GroupSpec as GroupSpec
from domain.scaling_group.aggregate import ScalingGroup as ScalingGroup
from domain.scaling_group.attachment import Attachment as Attachment
from domain.scaling_group.convergence import Plan as Plan
from domain.scaling_group.convergence import plan as plan
from domain.scaling_group.settings import Keeping as Keeping
from domain.scaling_group.settings import Size as Size
from domain.scaling_group.template import Template as Template
