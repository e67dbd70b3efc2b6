"""Parses the options of ``cloud lb create`` and ``change``."""

from collections.abc import Sequence
from typing import Any

import typer

_PROTOCOLS = ("http", "https", "tcp")


def listeners(given: Sequence[str] | None, rules: Sequence[str] | None) -> list[dict[str, Any]]:
    """Return the listeners with their rules."""
    found = {each["port"]: each for each in map(_listener, given or ())}
    for rule in rules or ():
        port, *conditions = rule.split(",")
        if not port.isdecimal() or int(port) not in found:
            raise _wrong("--rule", rule, "begin with the port of a listener, e.g. 8081,path=/api/*,group=api")
        pairs = {condition.partition("=")[0]: condition.partition("=")[2] for condition in conditions}
        if not pairs.keys() <= {"host", "path", "group"} or "group" not in pairs:
            raise _wrong("--rule", rule, "be PORT,host=HOST,path=PATH,group=NAME")
        parsed = {"host": pairs.get("host"), "path": pairs.get("path"), "target_group": pairs["group"]}
        found[int(port)]["rules"].append(parsed)
    return list(found.values())


def check(text: str) -> dict[str, Any]:
    """Return the health check of ``http:/health,interval=5,timeout=2,rise=2,fall=3,codes=200-399``."""
    first, *more = text.split(",")
    protocol, _, path = first.partition(":")
    found: dict[str, Any] = {"protocol": protocol, **({"path": path} if path else {})}
    for each in more:
        key, _, value = each.partition("=")
        try:
            match key:
                case "interval" | "timeout":
                    found[f"{key}_s"] = float(value)
                case "rise" | "fall":
                    found[key] = int(value)
                case "codes":
                    found["codes"] = value.replace("/", ",")
                case _:
                    raise ValueError  # noqa: TRY301 - one message for all errors
        except ValueError:
            example = "http:/health,interval=5,timeout=2,rise=2,fall=3,codes=200-299/304"
            raise _wrong("--check", text, f"be written as {example}") from None
    return found


def _listener(text: str) -> dict[str, Any]:
    """Return the listener of ``8081``, ``tcp:5432``, ``https:8443:cert`` or ``http:8082:=group``."""
    protocol, _, rest = text.partition(":")
    if protocol not in _PROTOCOLS:
        protocol, rest = "http", text
    port, _, more = rest.partition(":")
    if not port.isascii() or not port.isdecimal():
        raise _wrong(
            "--listen", text, "be [http|https|tcp:]PORT[:CERTIFICATE][:=GROUP], e.g. https:8443:shop"
        )
    certificates = [each for each in more.split(":") if each and not each.startswith("=")]
    groups = [each[1:] for each in more.split(":") if each.startswith("=")]
    group = {"target_group": groups[0]} if groups else {}
    return {"port": int(port), "protocol": protocol, "certificates": certificates, "rules": [], **group}


def _wrong(option: str, text: str, rule: str) -> typer.BadParameter:
    return typer.BadParameter(f"must {rule}; not {text!r}", param_hint=option)
