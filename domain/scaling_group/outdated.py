"""Whether instances of an older template are left, and what became of the refresh that should have replaced them."""

from domain.scaling_group.aggregate import ScalingGroup


def has_outdated(group: ScalingGroup) -> bool:
    """Return whether a refresh would have something to replace."""
    return any(member.template_version != group.template_version for member in group.members.values())


def why_not_refreshed(group: ScalingGroup) -> str | None:
    """Return why a refresh did not replace all instances, or will not; None: it did, or still does."""
    if group.refreshing is not None and group.refreshing.to_version == max(group.templates):
        resting = [each for each in ("launch", "terminate") if group.is_suspended(each)]
        return f"its refresh waits until you resume the process {resting[0]}" if resting else None
    if group.template_version != max(group.templates):
        return "its refresh has failed, and was rolled back to the template of before"
    left = [each for each in group.members.staying if not each.is_protected]
    if any(each.template_version != group.template_version for each in left):
        return "its refresh has failed or was cancelled: instances of an older template are left"
    return None
