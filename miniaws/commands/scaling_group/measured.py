"""Where the figures are that policies follow: what instances used, and what load balancers sent to them."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from domain.load_balancer.target import instance_of
from domain.scaling_group import ScalingGroup
from domain.scaling_group.metric import METRICS
from domain.values import parse_id
from miniaws.application import Cloud
from projections.metrics import Window

_COLUMNS = {"cpu": "cpu_percent", "memory": "memory_percent"}

Figures = dict[UUID, dict[datetime, float]]


async def measured(
    cloud: Cloud, group: ScalingGroup, metric: str, ids: Collection[UUID], span: Window
) -> Figures:
    """Return a figure per instance and step; what was not measured, or not in whole, is absent."""
    if METRICS[metric].needs_load_balancer:
        return await _requests(cloud, group, ids, span)
    points = await cloud.ports.metrics.points(ids, span)
    return {
        id_: {at: value for at, point in steps.items() if (value := point[_COLUMNS[metric]]) is not None}
        for id_, steps in points.items()
    }


async def _requests(cloud: Cloud, group: ScalingGroup, ids: Collection[UUID], span: Window) -> Figures:
    """Return what all load balancers before the group sent together, for those steps that all of them tell about."""
    sent: list[Figures] = []
    for id_ in dict.fromkeys(each.load_balancer_id for each in group.attachments):
        parsed = parse_id(id_)
        if parsed is not None:
            sent.append(_by_instance(await cloud.ports.traffic.points(parsed[1], span)))
    return {id_: _sum([figures.get(id_, {}) for figures in sent]) for id_ in ids}


def _by_instance(targets: Mapping[str, Mapping[datetime, Mapping[str, float | None]]]) -> Figures:
    """Return what one load balancer sent to each instance, whichever of its ports it went to."""
    found: Figures = {}
    for target, steps in targets.items():
        id_ = parse_id(instance_of(target) or "")
        if id_ is None:
            continue
        so_far = found.setdefault(id_[1], {})
        for at, point in steps.items():
            so_far[at] = so_far.get(at, 0.0) + (point["requests_per_s"] or 0.0)
    return found


def _sum(figures: list[dict[datetime, float]]) -> dict[datetime, float]:
    if not figures:
        return {}
    return {at: sum(each[at] for each in figures) for at in figures[0] if all(at in each for each in figures)}
