"""Every command of ``cloud``, in the order of its help. A new command is one more line here."""

from typing import NamedTuple

import typer

from miniaws.cli.suggestions import SuggestingGroup


class Entry(NamedTuple):
    """Where a command is implemented, its help text, and the kind of resource that it manages, if any."""

    target: str
    help: str
    kind: str | None = None


COMMANDS = {
    "up": Entry("miniaws.cli.up:up", "Start the cloud."),
    "down": Entry("miniaws.cli.up:down", "Stop the control plane."),
    "status": Entry("miniaws.cli.status:status", "Show the state of the control plane."),
    "doctor": Entry("miniaws.cli.doctor:doctor", "Check this machine and this installation."),
    "config": Entry("miniaws.cli.config:app", "Manage profiles for several clouds."),
    "dashboard": Entry("miniaws.cli.dashboard:app", "Open the console in a browser."),
    "instance": Entry(
        "miniaws.cli.instance:app", "Manage instances: containers that run a program.", "instance"
    ),
    "vpc": Entry("miniaws.cli.vpc:app", "Manage VPCs: isolated networks.", "vpc"),
    "subnet": Entry("miniaws.cli.subnet:app", "Manage subnets: ranges of VPCs.", "subnet"),
    "sg": Entry(
        "miniaws.cli.security_group:app",
        "Manage security groups: which connections are allowed.",
        "security_group",
    ),
    "lb": Entry("miniaws.cli.load_balancer:app", "Manage load balancers.", "load_balancer"),
    "volume": Entry("miniaws.cli.volume:app", "Manage volumes: storage that outlives instances.", "volume"),
    "cache": Entry("miniaws.cli.cache:app", "Manage Redis caches.", "cache"),
    "asg": Entry("miniaws.cli.scaling_group:app", "Manage auto scaling groups.", "scaling_group"),
    "queue": Entry("miniaws.cli.queue:app", "Manage message queues (RabbitMQ or NATS).", "queue"),
    "db": Entry("miniaws.cli.database:app", "Manage databases with point-in-time recovery.", "database"),
    "archive": Entry("miniaws.cli.archive:app", "Manage database archives: backups and logs.", "archive"),
    "snapshot": Entry("miniaws.cli.snapshot:app", "Manage snapshots of volumes.", "snapshot"),
    "apply": Entry("miniaws.cli.apply:apply", "Create and change resources as files describe them."),
    "export": Entry("miniaws.cli.export:export", "Print resources as a file that `apply` reads."),
    "rewind": Entry("miniaws.cli.rewind:rewind", "Make resources what they were at a moment."),
    "undo": Entry("miniaws.cli.undo:undo", "Take back what one request changed."),
    "fork": Entry(
        "miniaws.cli.fork:app", "Copy resources, as they were at a moment, beside the present ones."
    ),
    "plan": Entry("miniaws.cli.plan:app", "Manage plans: reviewed changes of many resources.", "plan"),
    "trash": Entry("miniaws.cli.trash:app", "List, restore and purge what was deleted."),
    "orphan": Entry(
        "miniaws.cli.orphan:app", "Manage orphans: engine objects that belong to no resource.", "orphan"
    ),
    "key": Entry("miniaws.cli.access_key:app", "Manage API keys.", "access_key"),
    "resource": Entry("miniaws.cli.resource:app", "Show resources of any kind."),
    "timeline": Entry("miniaws.cli.timeline:timeline", "Show past events, and who caused them."),
    "events": Entry("miniaws.cli.events:events", "Show or follow events."),
    "diff": Entry("miniaws.cli.diff:diff", "Show the differences between two moments."),
    "top": Entry("miniaws.cli.top:top", "Show the CPU, memory and network usage of resources."),
    "usage": Entry("miniaws.cli.usage:usage", "Show resource usage in hours."),
    "admin": Entry("miniaws.cli.admin:app", "Verify, rebuild and export the history."),
    "why": Entry("miniaws.cli.why:why", "Explain the state of a resource."),
    "import": Entry("miniaws.cli.compose.command:app", "Turn a Compose file into a manifest."),
    "aws": Entry("miniaws.cli.aws:app", "Connect AWS clients to this cloud."),
    "mcp": Entry("miniaws.cli.mcp.command:mcp", "Offer the cloud to an assistant, over MCP."),
}
KINDS = [entry.kind for entry in COMMANDS.values() if entry.kind]


def group(name: str) -> typer.Typer:
    """Return a group for the subcommands of a command, with the command's help text."""
    return typer.Typer(
        cls=SuggestingGroup, help=COMMANDS[name].help, no_args_is_help=True, add_completion=False
    )
