"""Any estate becomes any other one by the steps of a plan."""

from hypothesis import HealthCheck, given, settings

from domain.plan import Action, Estate, Key
from domain.plan.difference import plan
from domain.plan.facts import Facts
from domain.plan.kinds import KINDS
from domain.plan.options import Mode, Options
from domain.plan.undo import undo
from tests.domain.plan.estates import estates
from tests.domain.plan.model import Model, fields
from tests.samples import sample

_EXAMPLES = settings(
    max_examples=sample(25, 2000),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
_TRASHED = {name for name, kind in KINDS.items() if kind.REMOVAL is Action.TRASH}
_EXACT = Options(mode=Mode.REWIND)


def rewound(model: Model, desired: Estate, mode: Mode = Mode.REWIND) -> None:
    """Carry out what leads to an estate of the past; what is in the trash comes back."""
    facts, options = Facts(trash=model.trash), Options(mode=mode)
    steps = plan(desired, model.estate, facts, options)
    assert [step for step in steps if step.action is Action.CANNOT] == []
    model.carry_out(steps)


def ids(estate: Estate) -> dict[Key, str | None]:
    """Return which resource has each name, of the kinds that come back from the trash."""
    return {key: each.identity and each.identity.id for key, each in estate.items() if key.kind in _TRASHED}


@_EXAMPLES
@given(before=estates(), desired=estates())
def test_carrying_out_the_steps_gives_the_desired_estate(before: Estate, desired: Estate) -> None:
    model = Model(before)
    steps = plan(desired, model.estate, options=_EXACT)
    assert [step for step in steps if step.action is Action.CANNOT] == []
    model.carry_out(steps)
    assert fields(model.estate) == fields(desired)
    assert plan(desired, model.estate, options=_EXACT) == ()


@_EXAMPLES
@given(first=estates(), second=estates())
def test_a_rewind_and_its_undo_lead_back(first: Estate, second: Estate) -> None:
    model = Model(first)
    then = model.estate
    rewound(model, second)
    now = model.estate
    rewound(model, then)
    assert fields(model.estate) == fields(then)
    after = model.estate
    undone = undo(now, after, model.estate)
    assert undone.conflicts == ()
    rewound(model, undone.desired, Mode.UNDO)
    assert fields(model.estate) == fields(now)
    # The same ones, with all their data, not equal ones.
    assert ids(model.estate) == ids(now)


@_EXAMPLES
@given(desired=estates(), current=estates())
def test_a_manifest_removes_nothing_that_it_does_not_name(desired: Estate, current: Estate) -> None:
    steps = plan(desired, Model(current).estate)
    assert {step.key for step in steps if step.after is None} <= desired.keys()
