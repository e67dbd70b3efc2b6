"""``cloud plan``: shows and applies plans that other commands have made.

``noun`` plans in tables · ``drawing`` a plan as people read it · ``carrying_out`` proposes and applies.
"""

from miniaws.cli import output, reading, registry
from miniaws.cli.connection import connected
from miniaws.cli.options import AsOf, Name, Output, Timeout, Wait, Yes
from miniaws.cli.plan import carrying_out
from miniaws.cli.plan.noun import PLAN

app = registry.group("plan")


@app.command("show", help="Show one plan with its steps, now or as of any moment.")
def show(name: Name, how: Output = "table", as_of: AsOf = None) -> None:
    """Show a plan."""
    with connected() as client:
        plan = client.read(PLAN.at(name), as_of=as_of)
    carrying_out.show(plan, how)
    if how == "table":
        reason = f": {plan['status_reason']}" if plan["status_reason"] else ""
        output.say(f"{plan['name']} is {plan['status']}{reason}")


@app.command("apply", help="Apply a plan, or continue one that has failed; completed steps are not repeated.")
def apply(
    name: Name, *, yes: Yes = False, wait: Wait = True, timeout: Timeout = carrying_out.TIMEOUT_S
) -> None:
    """Apply a plan."""
    with connected() as client:
        plan = client.read(PLAN.at(name))
    carrying_out.show(plan, "table")
    carrying_out.apply(plan, carrying_out.Manner(is_confirmed=yes, wait_s=timeout if wait else 0))


@app.command("refresh", help="Compute a plan again, if it was not applied yet.")
def refresh(name: Name, how: Output = "table") -> None:
    """Compute a plan again."""
    with connected("computing the plan") as client:
        plan = client.change("POST", PLAN.at(name, "refresh"))
    carrying_out.show(plan, how)


@app.command("cancel", help="Discard a plan. One that is applied starts no further step.")
def cancel(name: Name, how: Output = "table") -> None:
    """Discard a plan."""
    with connected() as client:
        plan = client.change("DELETE", PLAN.at(name))
    output.show_list(PLAN, [plan], how)


reading.add_list(app, PLAN)
reading.add_history(app, PLAN)
