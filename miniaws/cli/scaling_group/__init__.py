"""``cloud asg``: groups that keep so many instances, and scale that number by what is measured."""

from typing import Annotated, Any
from urllib.parse import quote

import typer

from miniaws.cli import launching, reading, writing
from miniaws.cli.arguments import WithProgram, program_of
from miniaws.cli.options import Name, Output, Tags, Timeout, Wait, pairs
from miniaws.cli.scaling_group import options as own
from miniaws.cli.scaling_group import policy, reviews
from miniaws.cli.scaling_group.noun import GROUP

app = typer.Typer(
    help="Groups that keep so many instances, and scale by what is measured.",
    no_args_is_help=True,
    add_completion=False,
)


@app.command("create", cls=WithProgram)
def create(  # noqa: PLR0913, PLR0917 - its options
    ctx: typer.Context,
    name: writing.NewName,
    image: launching.Image,
    least: own.Least = 1,
    desired: own.Desired = None,
    most: own.Most = None,
    type_: launching.Type = "micro",
    port: launching.Ports = None,
    env: launching.Variables = None,
    env_file: launching.VariableFiles = None,
    load_balancer: own.Balancers = None,
    vpc: own.Vpc = "default",
    template_tag: own.TemplateTags = None,
    restart: own.Restart = "always",
    health_check: own.HealthCheck = None,
    grace: own.Grace = None,
    replace_percent: own.ReplacePercent = None,
    termination_policy: own.TerminationPolicy = None,
    tag: Tags = None,
    how: Output = "table",
    wait: Wait = True,  # noqa: FBT002
    timeout: Timeout = writing.PATIENCE_S,
) -> None:
    """Create a scaling group. What follows `--` is run instead of the image's own program."""
    template = {
        "image": image,
        "type": type_,
        "command": program_of(ctx),
        "env": launching.environment(env, env_file),
        "ports": [{"port": number} for number in port or ()],
        "vpc": vpc,
        "tags": pairs(template_tag, "--template-tag"),
        "restart": restart,
    }
    wanted = least if desired is None else desired
    body: dict[str, Any] = {
        "name": name,
        "template": template,
        "min": least,
        "desired": wanted,
        "max": max(least, wanted) if most is None else most,
        "load_balancers": own.balancers(load_balancer),
        "tags": pairs(tag, "--tag"),
        **own.rules(health_check, grace, replace_percent, termination_policy),
    }
    writing.create(GROUP, body, how, timeout if wait else 0)


@app.command("update", cls=WithProgram)
def update(  # noqa: PLR0913, PLR0917 - its options
    ctx: typer.Context,
    name: Name,
    least: own.MaybeLeast = None,
    desired: own.Desired = None,
    most: own.Most = None,
    image: own.MaybeImage = None,
    type_: own.MaybeType = None,
    env: launching.Variables = None,
    env_file: launching.VariableFiles = None,
    load_balancer: own.Balancers = None,
    health_check: own.HealthCheck = None,
    grace: own.Grace = None,
    replace_percent: own.ReplacePercent = None,
    termination_policy: own.TerminationPolicy = None,
    how: Output = "table",
) -> None:
    """Change sizes, rules or the template. Instances that run stay as they are: see `refresh`."""
    template = own.template(image, type_, env, env_file, program_of(ctx))
    sizes = {"min": least, "desired": desired, "max": most}
    body: dict[str, Any] = {
        **{key: value for key, value in sizes.items() if value is not None},
        **own.rules(health_check, grace, replace_percent, termination_policy),
        **({"template": template} if template else {}),
        **({"load_balancers": own.balancers(load_balancer)} if load_balancer is not None else {}),
    }
    if not body:
        raise typer.BadParameter("cannot change nothing: give at least one option", param_hint="OPTIONS")
    writing.modify(GROUP, name, body, how)


@app.command("scale")
def scale(
    name: Name,
    desired: Annotated[
        int, typer.Argument(metavar="N", min=0, help="How many instances.", show_default=False)
    ],
    how: Output = "table",
) -> None:
    """Set how many instances there are, between min and max."""
    change = writing.Change(GROUP, f"scaling {name}", "PATCH", GROUP.at(name), body={"desired": desired})
    writing.carry_out(change, how)


@app.command("refresh", cls=WithProgram)
def refresh(  # noqa: PLR0913, PLR0917 - its options
    ctx: typer.Context,
    name: Name,
    image: own.MaybeImage = None,
    type_: own.MaybeType = None,
    env: launching.Variables = None,
    env_file: launching.VariableFiles = None,
    roll_back: own.RollBack = True,  # noqa: FBT002
    cancel: Annotated[bool, typer.Option("--cancel", help="Stop the one that runs.")] = False,  # noqa: FBT002
    how: Output = "table",
) -> None:
    """Replace every instance of an older template, each only when another one serves in its place."""
    path = GROUP.at(name, "refresh")
    if cancel:
        writing.carry_out(writing.Change(GROUP, "cancelling", "DELETE", path), how)
        return
    template = own.template(image, type_, env, env_file, program_of(ctx))
    body = {"template": template or None, "roll_back": roll_back}
    writing.carry_out(writing.Change(GROUP, f"refreshing {name}", "POST", path, body=body), how)


def _add_rest(verb: str, sentence: str) -> None:
    @app.command(verb, help=sentence)
    def rest(name: Name, process: own.Processes = None, how: Output = "table") -> None:
        change = writing.Change(
            GROUP, f"asking {name} to {verb}", "POST", GROUP.at(name, verb), body={"processes": process or []}
        )
        writing.carry_out(change, how)


def _add_protection(verb: str, sentence: str, *, is_protected: bool) -> None:
    @app.command(verb, help=sentence)
    def protection(name: Name, instance: own.Instance, how: Output = "table") -> None:
        path = f"{GROUP.at(name, 'instances')}/{quote(instance, safe='')}/protection"
        change = writing.Change(GROUP, f"asking {name}", "PUT", path, body={"is_protected": is_protected})
        writing.carry_out(change, how)


reading.add_reads(app, GROUP)
_add_rest("suspend", "Let what the group does by itself rest.")
_add_rest("resume", "Let what rests go on.")
_add_protection("protect", "Keep an instance when the group gets smaller.", is_protected=True)
_add_protection("unprotect", "Let an instance go when the group gets smaller.", is_protected=False)
writing.add_tag(app, GROUP)
writing.add_end(app, GROUP, "delete", "deleted", "its instances are terminated")
app.add_typer(policy.app, name="policy")
reviews.add_commands(app)
