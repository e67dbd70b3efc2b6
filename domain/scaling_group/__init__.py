"""Groups run the desired number of healthy instances of a template, and scale that number by policies.

``spec`` ``template`` ``settings`` ``policies`` what may be requested · ``member`` ``members`` its instances ·
``attachment`` the load balancers before it · ``measure`` ``tracking`` ``stepping`` ``decision`` how many instances
there should be · ``refresh`` from an older template to a newer one · ``aggregate`` the rules · ``events`` what happens
to it · ``convergence`` what to launch and terminate next · ``replay`` a decision repeated · ``simulation`` the recorded
load under other policies.
"""

from domain.scaling_group.aggregate import ScalingGroup as ScalingGroup
from domain.scaling_group.attachment import Attachment as Attachment
from domain.scaling_group.convergence import Plan as Plan
from domain.scaling_group.convergence import plan as plan
from domain.scaling_group.settings import HealthPolicy as HealthPolicy
from domain.scaling_group.settings import Size as Size
from domain.scaling_group.spec import GroupSpec as GroupSpec
from domain.scaling_group.template import Template as Template
