"""A cloud of dictionaries: it carries out the steps of plans, and refuses what the real one refuses."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from domain.load_balancer.target import Selector
from domain.plan import Action, Estate, Identity, Key, Resource, Step
from domain.plan.estate import DEFAULT, IN_VPC, is_always_there, key_of
from domain.plan.kinds import KINDS
from domain.plan.kinds.in_vpc import InVpcKind
from domain.plan.secrets import USE_PREVIOUS_VALUE

_OF_OTHERS = {"restore_from_trash", "restore_from_archive"}
"""Commands about a resource that is not there."""
_RUNS = {"instance", "database", "cache", "queue"}


class Model:
    """Resources by key, each with an identity of its own."""

    def __init__(self, resources: Estate | None = None) -> None:
        self.resources: dict[Key, Resource] = {}
        self.trash: dict[str, Resource] = {}
        self.number = 0
        # Security groups may name each other: at the beginning, all are there at once.
        self._awaited: set[Key] = set(resources or {})
        for each in (resources or {}).values():
            self._add(each)
        self._awaited = set()

    @property
    def estate(self) -> Estate:
        """The resources as they are."""
        return dict(self.resources)

    def carry_out(self, steps: Sequence[Step]) -> None:
        """Do all steps, in the order in which they are listed."""
        done: set[str] = set()
        for step in steps:
            if step.command is not None:
                assert done >= set(step.needs), f"{step} comes before what it needs"
                self.do(step)
                done.add(step.id)

    def do(self, step: Step) -> None:
        """Do one step."""
        if step.identity is not None and step.command not in _OF_OTHERS:
            found = self.resources[step.key].identity
            assert found is not None
            assert found.id == step.identity.id, f"{step} is about another {step.key}"
        _COMMANDS[step.command or ""](self, step)

    def change(self, key: Key, **spec: Any) -> None:
        """Change a resource behind the back of all plans."""
        tags = spec.pop("tags", self.resources[key].tags)
        running = spec.pop("running", self.resources[key].running)
        found = self.resources[key]
        assert found.identity is not None
        identity = replace(found.identity, version=found.identity.version + 1)
        self.resources[key] = replace(
            found, spec={**found.spec, **spec}, tags=tags, running=running, identity=identity
        )

    def create(self, step: Step) -> None:
        spec = {name: value for name, value in step.body.items() if name not in {"name", "tags"}}
        if step.key.kind == "database":
            spec["replica_of"] = None
        self._add(Resource(step.key.kind, step.body["name"], spec, step.body["tags"], None))

    def _add(self, new: Resource) -> None:
        assert new.key not in self.resources, f"the name {new.key} is taken"
        self._refuse_taken(new)
        self.number += 1
        running = new.running if new.running is not None else (True if new.kind in _RUNS else None)
        env = {"env": dict.fromkeys(new.spec["env"], USE_PREVIOUS_VALUE)} if "env" in new.spec else {}
        identity = Identity(f"{new.kind}-{self.number}", 1, "available")
        self.resources[new.key] = replace(new, spec={**new.spec, **env}, running=running, identity=identity)

    def _refuse_taken(self, new: Resource) -> None:
        kind = KINDS[new.kind]
        for used in kind.references(new):
            assert used in {new.key, *self._awaited, *self.resources} or is_always_there(used), (
                f"{used} does not exist"
            )
        for key, other in self.resources.items():
            both = KINDS[key.kind].ports(other) & kind.ports(new)
            assert not both, f"{key} holds the ports {both}"
        for mount in new.spec.get("volumes", ()):
            assert self._holder(mount["volume"]) is None, f"{mount} is attached already"

    def restore_from_trash(self, step: Step) -> None:
        assert step.identity is not None
        back = self.trash.pop(step.identity.id)
        assert back.key not in self.resources, f"the name {back.key} is taken"
        self._refuse_taken(back)
        self.resources[back.key] = back

    def delete(self, step: Step) -> None:
        gone = self.resources[step.key]
        assert not gone.spec.get("deletion_protection")
        for key, other in self.resources.items():
            assert step.key not in KINDS[key.kind].holds(other), f"{key} uses {step.key}"
        assert not (gone.kind in IN_VPC and gone.name == DEFAULT), "it goes with its VPC"
        del self.resources[step.key]
        for kind in IN_VPC if gone.kind == "vpc" else ():
            self.resources.pop(key_of(kind, DEFAULT, gone.name), None)
        assert gone.identity is not None
        if KINDS[step.key.kind].REMOVAL is Action.TRASH:
            self.trash[gone.identity.id] = gone
        if step.key.kind == "instance":
            self._release(step.key.name)

    def _release(self, instance: str) -> None:
        for key, other in self.resources.items():
            if key.kind == "load_balancer":
                left = [each for each in other.spec["targets"] if each["instance"] != instance]
                self.resources[key] = replace(other, spec={**other.spec, "targets": left})

    def patch(self, step: Step) -> None:
        if step.key.kind in IN_VPC:
            self._patch_in_vpc(step)
            return
        before = self.resources[step.key]
        spec = {name: value for name, value in step.body.items() if name != "tags"}
        if "template" in spec:
            spec["template"] = {**before.spec["template"], **spec["template"]}
        self.change(step.key, **spec, **({"tags": step.body["tags"]} if "tags" in step.body else {}))
        ports = KINDS[step.key.kind].ports(self.resources[step.key])
        for key, other in self.resources.items():
            assert key == step.key or not KINDS[key.kind].ports(other) & ports, f"{key} holds a port"

    def _patch_in_vpc(self, step: Step) -> None:
        """Change a subnet or a group; a default one is in an estate while it is not as it was created."""
        kind, (name, _, vpc) = KINDS[step.key.kind], step.key.name.partition(".")
        assert isinstance(kind, InVpcKind)
        if name == DEFAULT and step.key not in self.resources:
            assert Key("vpc", vpc) in self.resources
            self._add(Resource(step.key.kind, name, {"vpc": vpc, **kind.as_created()}, {}))
        changed = {field: value for field, value in step.body.items() if field != "tags"}
        self.change(step.key, **changed, **({"tags": step.body["tags"]} if "tags" in step.body else {}))
        found = self.resources[step.key]
        for used in kind.references(found):
            assert used in self.resources or is_always_there(used), f"{used} does not exist"
        if name == DEFAULT and not found.tags and found.spec == {"vpc": vpc, **kind.as_created()}:
            del self.resources[step.key]

    def start(self, step: Step) -> None:
        assert self.resources[step.key].running is False
        self.change(step.key, running=True)

    def stop(self, step: Step) -> None:
        assert self.resources[step.key].running is True
        self.change(step.key, running=False)

    def _holder(self, volume: str) -> Key | None:
        for key, other in self.resources.items():
            if any(mount["volume"] == volume for mount in other.spec.get("volumes", ())):
                return key
        return None

    def attach(self, step: Step) -> None:
        instance = Key("instance", step.body["instance"])
        assert self.resources[instance].running is False, f"{instance} runs"
        assert self._holder(step.key.name) is None, f"{step.key} is attached already"
        mounts = self.resources[instance].spec["volumes"]
        self.change(instance, volumes=[*mounts, {"volume": step.key.name, "path": step.body["path"]}])

    def detach(self, step: Step) -> None:
        instance = Key("instance", step.body["instance"])
        assert self.resources[instance].running is False, f"{instance} runs"
        assert self._holder(step.key.name) == instance, f"{step.key} is not attached to it"
        mounts = self.resources[instance].spec["volumes"]
        self.change(instance, volumes=[each for each in mounts if each["volume"] != step.key.name])

    def put_snapshot_policy(self, step: Step) -> None:
        self.change(step.key, snapshot_policy=dict(step.body))

    def remove_snapshot_policy(self, step: Step) -> None:
        self.change(step.key, snapshot_policy=None)

    def change_backups(self, step: Step) -> None:
        empty = {"retention_count": 0, "drill_schedule": ""}
        given = {name: None if value == empty.get(name) else value for name, value in step.body.items()}
        self.change(step.key, backup={**self.resources[step.key].spec["backup"], **given})

    def promote(self, step: Step) -> None:
        self.change(step.key, replica_of=None)

    def replicate(self, step: Step) -> None:
        source = self.resources[Key("database", step.body["source"])]
        given = {name: value for name, value in step.body.items() if name not in {"source", "name", "tags"}}
        spec = {**source.spec, **given, "replica_of": step.body["source"]}
        self._add(Resource("database", step.body["name"], spec, step.body["tags"]))

    def declare(self, step: Step) -> None:
        definition = {name: value for name, value in step.body.items() if name != "name"}
        queues = self.resources[step.key].spec["queues"]
        known = queues.get(step.body["name"])
        assert known is None or known["durable"] == definition["durable"]
        assert definition["dead_letter"] in {None, *queues}, "the dead letter queue is not declared"
        self.change(step.key, queues={**queues, step.body["name"]: definition})

    def undeclare(self, step: Step) -> None:
        name, queues = step.body["name"], self.resources[step.key].spec["queues"]
        users = [other for other, each in queues.items() if each["dead_letter"] == name and other != name]
        assert not users, f"{users} send dead letters to {name}"
        self.change(step.key, queues={other: each for other, each in queues.items() if other != name})

    def register_target(self, step: Step) -> None:
        name = step.body["instance"]
        assert name is None or Key("instance", name) in self.resources
        others = [
            each
            for each in self.resources[step.key].spec["targets"]
            if self._target(each) != self._target(step.body)
        ]
        self.change(step.key, targets=[*others, dict(step.body)])

    def _target(self, target: Mapping[str, Any]) -> str:
        group, port = target["target_group"], target["port"]
        if target["tags"]:
            return Selector(group, target["tags"], port).id
        if target["instance"] is None:
            return f"{group}:{target['address']}:{port}"
        identity = self.resources[Key("instance", target["instance"])].identity
        assert identity is not None
        return f"{group}:{identity.id}:{port}"

    def deregister_target(self, step: Step) -> None:
        targets = self.resources[step.key].spec["targets"]
        left = [each for each in targets if self._target(each) != step.body["target"]]
        assert len(left) == len(targets) - 1, f"{step.body} is no target"
        self.change(step.key, targets=left)

    def upload_certificate(self, step: Step) -> None:
        known = self.resources[step.key].spec["certificates"]
        self.change(step.key, certificates={**known, step.body["name"]: USE_PREVIOUS_VALUE})

    def remove_certificate(self, step: Step) -> None:
        known = self.resources[step.key].spec["certificates"]
        left = {name: each for name, each in known.items() if name != step.body["name"]}
        self.change(step.key, certificates=left)

    def put_policy(self, step: Step) -> None:
        policy = {name: value for name, value in step.body.items() if name != "name"}
        policies = self.resources[step.key].spec["policies"]
        self.change(step.key, policies={**policies, step.body["name"]: policy})

    def remove_policy(self, step: Step) -> None:
        policies = self.resources[step.key].spec["policies"]
        assert step.body["name"] in policies
        left = {name: each for name, each in policies.items() if name != step.body["name"]}
        self.change(step.key, policies=left)

    def suspend(self, step: Step) -> None:
        known = set(self.resources[step.key].spec["suspended"])
        self.change(step.key, suspended=sorted(known | set(step.body["processes"])))

    def resume(self, step: Step) -> None:
        known = set(self.resources[step.key].spec["suspended"])
        self.change(step.key, suspended=sorted(known - set(step.body["processes"])))

    def refresh(self, step: Step) -> None:
        assert step.key in self.resources


_COMMANDS: Mapping[str, Callable[[Model, Step], None]] = {
    "create": Model.create,
    "launch": Model.create,
    "restore_from_trash": Model.restore_from_trash,
    "delete": Model.delete,
    "terminate": Model.delete,
    "change": Model.patch,
    "start": Model.start,
    "stop": Model.stop,
    "attach": Model.attach,
    "detach": Model.detach,
    "put_snapshot_policy": Model.put_snapshot_policy,
    "remove_snapshot_policy": Model.remove_snapshot_policy,
    "change_backups": Model.change_backups,
    "promote": Model.promote,
    "replicate": Model.replicate,
    "declare": Model.declare,
    "undeclare": Model.undeclare,
    "register_target": Model.register_target,
    "deregister_target": Model.deregister_target,
    "upload_certificate": Model.upload_certificate,
    "remove_certificate": Model.remove_certificate,
    "put_policy": Model.put_policy,
    "remove_policy": Model.remove_policy,
    "suspend": Model.suspend,
    "resume": Model.resume,
    "refresh": Model.refresh,
}


def fields(estate: Estate) -> dict[Key, Any]:
    """Return what must be equal in two estates: everything but the identities."""
    return {key: (_normal(each), dict(each.tags), each.running) for key, each in estate.items()}


def _normal(resource: Resource) -> dict[str, Any]:
    spec = dict(resource.spec)
    for name in ("volumes", "targets"):
        if name in spec:
            spec[name] = sorted(spec[name], key=str)
    return spec
