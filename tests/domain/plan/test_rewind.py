"""What becomes of data when a cloud is rewound."""

from dataclasses import replace
from typing import Any

import pytest

from domain.plan import Action, Estate, Identity, Key, Resource, Step, estate
from domain.plan.difference import plan
from domain.plan.facts import Facts, SnapshotFact
from domain.plan.options import Data, Mode, Options
from domain.plan.scope import Filter, rewound
from domain.plan.secrets import USE_PREVIOUS_VALUE

T = "2026-11-23T10:02:11Z"
KEEP = Options(mode=Mode.REWIND, to=T)
REWIND = Options(mode=Mode.REWIND, to=T, data=Data.REWIND)
SNAPSHOT = SnapshotFact("snap-1", "nightly", "vol-1", "2026-11-23T09:00:00Z", 3731)
VPC = Resource("vpc", "shop", {"cidr": "10.1.0.0/24"}, identity=Identity("vpc-1", 1, "available"))


def resource(kind: str, name: str, number: int = 1, *, running: bool | None = None, **spec: Any) -> Resource:
    """Return a resource with an identity."""
    identity = Identity(f"{kind}-{name}-{number}", 1, "available")
    return Resource(kind, name, spec, running=running, identity=identity)


def instance(name: str, number: int = 1, **spec: Any) -> Resource:
    given = {"image": "one", "type": "micro", "vpc": "shop", "volumes": [], **spec}
    return resource("instance", name, number, running=True, **given)


def database(name: str, number: int = 1, **spec: Any) -> Resource:
    given: dict[str, Any] = {"class": "small", "vpc": "shop", "deletion_protection": False, **spec}
    return resource("database", name, number, running=True, **given)


def steps(desired: list[Resource], current: list[Resource], facts: Facts, options: Options) -> list[Step]:
    return list(plan(_with_vpc(desired), _with_vpc(current), facts, options))


def _with_vpc(resources: list[Resource]) -> Estate:
    return estate([VPC, *resources])


def told(found: list[Step]) -> list[tuple[str, str, str | None]]:
    return [(step.action.value, step.key.name, step.command) for step in found]


def test_nothing_is_done_to_data_that_is_kept() -> None:
    both = [database("orders"), resource("volume", "data", size_gb=None)]
    facts = Facts(restorable=frozenset({"database-orders-1"}), snapshots={"volume-data-1": SNAPSHOT})
    assert steps(both, both, facts, KEEP) == []


def test_a_database_is_restored_in_place_to_exactly_the_moment() -> None:
    both = [database("orders")]
    [found] = steps(both, both, Facts(restorable=frozenset({"database-orders-1"})), REWIND)
    assert (found.action, found.command) == (Action.SWAP, "restore_in_place")
    assert found.body == {"to": T, "in_place": True}
    assert T in found.data


def test_a_stopped_database_is_started_to_go_back_and_stopped_again() -> None:
    then = replace(database("orders"), running=False)
    facts = Facts(restorable=frozenset({"database-orders-1"}))
    found = steps([then], [then], facts, REWIND)
    assert [step.command for step in found] == ["start", "restore_in_place", "stop"]
    assert found[2].identity is None, "another database has the name by then"


def test_a_database_that_was_restored_in_place_comes_back_under_its_name_and_with_its_port() -> None:
    before, now = database("orders", 1, publish=5432), database("orders", 2, publish=5432)
    trashed = replace(before, name="orders-until-20261123-100211", spec={**before.spec, "publish": None})
    undo = Options(mode=Mode.UNDO)
    gone, back = steps([before], [now], Facts(trash={"database-orders-1": trashed}), undo)
    assert (gone.command, back.command) == ("delete", "restore_from_trash")
    assert (back.key.name, back.body) == ("orders", {"name": "orders", "publish": 5432})
    assert back.needs == (gone.id,)


def test_a_database_is_not_restored_in_place_while_a_replica_follows_it_that_stays_as_it_is() -> None:
    both = [database("orders"), database("reader", replica_of="orders")]
    facts = Facts(restorable=frozenset({"database-orders-1"}))
    [found] = steps(both, both, facts, replace(REWIND, scope=frozenset({both[0].key})))
    assert (found.action, found.key.name) == (Action.CANNOT, "orders")
    assert "database reader uses it; promote or delete that first" in found.reason


def test_a_database_whose_archive_does_not_reach_the_moment_stays_and_the_plan_says_why() -> None:
    both = [database("orders")]
    facts = Facts(not_restorable={"database-orders-1": "its first backup is of 11:00"})
    [found] = steps(both, both, facts, REWIND)
    assert (found.action, found.command) == (Action.CANNOT, None)
    assert found.reason == "its rows stay as they are: its first backup is of 11:00"


def test_a_database_that_is_gone_comes_back_from_the_trash_and_then_to_the_moment() -> None:
    gone = database("orders")
    facts = Facts(
        trash={"database-orders-1": replace(gone, spec={**gone.spec, "class": "large"})},
        restorable=frozenset({"database-orders-1"}),
    )
    assert told(steps([gone], [], facts, REWIND)) == [
        ("restore", "orders", "restore_from_trash"),
        ("change", "orders", "change"),
        ("swap", "orders", "restore_in_place"),
    ]
    # With its data as it was when it was deleted.
    assert told(steps([gone], [], facts, KEEP))[-1] == ("change", "orders", "change")


def test_a_database_that_was_purged_is_restored_from_its_archive_with_the_settings_of_then() -> None:
    gone = database("orders")
    created, changed = steps([gone], [], Facts(restorable=frozenset({"database-orders-1"})), KEEP)
    assert (created.command, created.identity) == ("restore_from_archive", gone.identity)
    assert created.body == {"name": "orders", "to": T, "vpc": "shop", "publish": None}
    assert changed.body == {"class": "small", "deletion_protection": False, "tags": {}}
    assert changed.needs == (created.id,)


def test_a_database_without_any_copy_is_not_created_empty() -> None:
    [found] = steps([database("orders")], [], Facts(), KEEP)
    assert (found.action, found.reason) == (Action.CANNOT, "its archive does not reach that moment")


def test_the_files_of_a_volume_are_swapped_while_its_instance_is_stopped() -> None:
    both = [
        resource("volume", "data", size_gb=None),
        instance("web-1", volumes=[{"volume": "data", "path": "/data"}]),
    ]
    found = steps(both, both, Facts(snapshots={"volume-data-1": SNAPSHOT}), REWIND)
    assert told(found) == [
        ("stop", "web-1", "stop"),
        ("change", "data", "detach"),
        ("replace", "data", "delete"),
        ("swap", "data", "restore_from_snapshot"),
        ("change", "data", "attach"),
        ("start", "web-1", "start"),
    ]
    assert (
        found[3].data == "its files become those of the snapshot nightly, taken 1 h 2 min before that moment"
    )
    assert found[4].identity is None, "another volume has the name by then"


def test_a_volume_without_a_snapshot_stays_and_the_plan_says_so() -> None:
    both = [resource("volume", "data", size_gb=None)]
    [found] = steps(both, both, Facts(), REWIND)
    assert found.reason == "its files stay as they are: there is no snapshot of it at or before that moment"


def test_an_instance_comes_back_from_the_trash_with_its_volume() -> None:
    gone = [
        resource("volume", "data", size_gb=None),
        instance("web-1", volumes=[{"volume": "data", "path": "/data"}]),
    ]
    trash = {each.identity.id: each for each in gone if each.identity}
    volume, web = steps(gone, [], Facts(trash=trash), KEEP)
    assert (volume.command, web.command) == ("restore_from_trash", "restore_from_trash")
    assert web.needs == (volume.id,)


def test_an_instance_whose_volume_is_another_one_is_launched_again() -> None:
    gone = instance("web-1", volumes=[{"volume": "data", "path": "/data"}])
    then, now = resource("volume", "data", 1, size_gb=None), resource("volume", "data", 2, size_gb=None)
    [found] = steps([then, gone], [now], Facts(trash={"instance-web-1-1": gone}), KEEP)
    assert (found.action, found.command) == (Action.CREATE, "launch")
    assert (
        found.data
        == "the files in its container are not restored: it begins from its image, besides its volumes"
    )


def test_an_instance_whose_secrets_are_erased_is_not_launched_without_them() -> None:
    gone = instance("web-1", env={"TOKEN": USE_PREVIOUS_VALUE})
    [found] = steps([gone], [], Facts(erased=frozenset({"instance-web-1-1"})), KEEP)
    assert (found.action, found.reason) == (
        Action.CANNOT,
        "its secrets have been erased: create it with new ones",
    )


def test_an_image_that_is_gone_is_named() -> None:
    [found] = steps([instance("web-1")], [], Facts(absent_images=frozenset({"one"})), KEEP)
    assert found.action is Action.CANNOT
    assert "its image one is neither here nor offered by a registry" in found.reason


def test_a_cache_gets_the_keys_of_a_snapshot_of_its_volume() -> None:
    both = [resource("cache", "sessions", running=True, vpc="shop", persistence="aof", storage_gb=None)]
    found = steps(both, both, Facts(snapshots={"cache-sessions-1": SNAPSHOT}), REWIND)
    assert told(found) == [
        ("restore", "sessions-restored", "restore_from_snapshot"),
        ("replace", "sessions", "delete"),
        ("replace", "sessions", "create"),
    ]
    assert found[2].body["volume"] == "sessions-restored"
    assert found[2].needs == (found[0].id, found[1].id)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("queue", "messages are never rewound: what was consumed cannot be returned"),
        ("cache", "its keys stay as they are: no snapshot has those of that moment"),
    ],
)
def test_what_is_never_rewound_is_said(kind: str, reason: str) -> None:
    both = [resource(kind, "jobs", running=True, vpc="shop")]
    assert [step.reason for step in steps(both, both, Facts(), REWIND)] == [reason]


def test_a_protected_database_is_not_moved_to_the_trash_nor_is_its_vpc_deleted() -> None:
    current = estate([VPC, database("orders", deletion_protection=True)])
    first, second = plan({}, current, Facts(), KEEP)
    assert (first.action, first.key.kind) == (Action.CANNOT, "database")
    assert "protected from deletion" in first.reason
    assert (second.action, second.reason) == (
        Action.CANNOT,
        "it needs a step for database orders that cannot be done",
    )


def test_a_replica_is_copied_again_from_a_source_whose_data_goes_back() -> None:
    both = [database("orders"), database("reader", replica_of="orders")]
    found = steps(both, both, Facts(restorable=frozenset({"database-orders-1"})), REWIND)
    assert told(found) == [
        ("replace", "reader", "delete"),
        ("swap", "orders", "restore_in_place"),
        ("replace", "reader", "create"),
    ]


def test_a_rewind_of_one_instance_leaves_the_rest_alone() -> None:
    then = estate([replace(VPC, tags={"old": "yes"}), instance("web-1"), instance("web-2")])
    now = estate([VPC, instance("web-1", type="small"), instance("web-3")])
    scope = rewound(then, now, Filter(name="web-1", kind="instance"))
    found = plan(then, now, Facts(), replace(KEEP, scope=scope))
    assert [(step.key, step.body) for step in found] == [(Key("instance", "web-1"), {"type": "micro"})]


def test_queues_that_send_dead_letters_in_a_circle_are_declared_without_them_first() -> None:
    def jobs(**dead_letters: str) -> list[Resource]:
        queues = {name: {"durable": True, "dead_letter": to} for name, to in dead_letters.items()}
        return [resource("queue", "jobs", running=True, vpc="shop", queues=queues)]

    found = steps(jobs(a="b", b="c", c="b"), jobs(), Facts(), KEEP)
    declared = [(step.body["name"], step.body["dead_letter"]) for step in found]
    assert declared == [("a", None), ("b", None), ("a", "b"), ("c", "b"), ("b", "c")]


def test_an_instance_outside_the_scope_gets_the_volume_that_takes_the_place_of_its_own() -> None:
    web = instance("web-1", volumes=[{"volume": "data", "path": "/data"}])
    then = estate([VPC, resource("volume", "data", size_gb=None), replace(web, tags={"old": "yes"})])
    now = estate([VPC, resource("volume", "data", size_gb=None), web])
    options = replace(REWIND, scope=rewound(then, now, Filter(kind="volume")))
    found = plan(then, now, Facts(snapshots={"volume-data-1": SNAPSHOT}), options)
    commands = ["stop", "detach", "delete", "restore_from_snapshot", "attach", "start"]
    assert [step.command for step in found] == commands


def test_a_load_balancer_outside_the_manifest_gets_the_instance_that_takes_the_place_of_its_target() -> None:
    target = {
        "target_group": "default",
        "port": 80,
        "weight": 1,
        "instance": "web-1",
        "tags": None,
        "address": None,
    }
    front = resource("load_balancer", "front", vpc="shop", listeners=[], targets=[target])
    now = estate([VPC, instance("web-1"), front])
    found = plan(estate([replace(instance("web-1", image="two"), identity=None)]), now)
    assert [step.command for step in found] == ["terminate", "launch", "register_target"]
