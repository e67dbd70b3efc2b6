"""Scripts for ``nft -f``: each is one transaction, so a packet sees the table before or after it. Pure."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

from adapters.nftables.ruleset import Chain, Elements, Ruleset


def replacement(name: str, rules: Ruleset, counts: Mapping[str, tuple[int, int]]) -> str:
    """Return what replaces the whole table; each counter starts at its packets and bytes in ``counts``."""
    lines = [f"add table inet {name}", f"delete table inet {name}", f"table inet {name} {{"]
    for counter in sorted(rules.counters):
        packets, size = counts.get(counter, (0, 0))
        lines.append(f"counter {counter} {{ packets {packets} bytes {size} }}")
    lines += [f"chain {chain} {{ }}" for chain, found in rules.chains.items() if not found.hook]
    for each, found in rules.elements.items():
        noun = "map" if found.is_map else "set"
        lines.append(f"{noun} {each} {{ {found.declaration} {_initial(found)}}}")
    for chain, found in rules.chains.items():
        lines += [f"chain {chain} {{", *([found.hook] if found.hook else []), *found.rules, "}"]
    return "\n".join([*lines, "}", ""])


def difference(name: str, old: Ruleset, new: Ruleset) -> str:
    """Return what makes the new objects of the old ones. Counters keep their values."""
    table = f"inet {name}"
    lines = [f"add counter {table} {counter}" for counter in sorted(new.counters - old.counters)]
    lines += [f"add chain {table} {each}" for each in new.chains if each not in old.chains]
    for each, found in new.elements.items():
        if each not in old.elements:
            noun = "map" if found.is_map else "set"
            lines.append(f"add {noun} {table} {each} {{ {found.declaration} }}")
    lines += _changed_elements(table, old.elements, new.elements)
    lines += _changed_chains(table, old.chains, new.chains)
    lines += [f"delete chain {table} {each}" for each in old.chains if each not in new.chains]
    for each, found in old.elements.items():
        if each not in new.elements:
            lines.append(f"delete {'map' if found.is_map else 'set'} {table} {each}")
    lines += [f"delete counter {table} {counter}" for counter in sorted(old.counters - new.counters)]
    return "\n".join([*lines, ""]) if lines else ""


def counts(listing: bytes) -> dict[str, tuple[int, int]]:
    """Return packets and bytes of each counter in the output of ``nft -j list counters``."""
    found = [each["counter"] for each in json.loads(listing)["nftables"] if "counter" in each]
    return {each["name"]: (each["packets"], each["bytes"]) for each in found}


def _initial(found: Elements) -> str:
    return f"elements = {{ {_listed(found)} }}; " if found.elements else ""


def _listed(found: Elements) -> str:
    return ", ".join(f"{key} : {verdict}" if verdict else key for key, verdict in found.elements.items())


def _changed_elements(table: str, old: Mapping[str, Elements], new: Mapping[str, Elements]) -> Iterator[str]:
    """Yield removals before additions: a key has one verdict, and ranges do not overlap."""
    for each in old.keys() | new.keys():
        before = old[each].elements if each in old else {}
        after = new[each].elements if each in new else {}
        gone = {key: verdict for key, verdict in before.items() if after.get(key) != verdict}
        come = {key: verdict for key, verdict in after.items() if before.get(key) != verdict}
        kind = new[each] if each in new else old[each]
        if gone and each in new:
            yield f"delete element {table} {each} {{ {_listed(replace(kind, elements=gone))} }}"
        elif gone:
            yield f"flush {'map' if kind.is_map else 'set'} {table} {each}"
        if come:
            yield f"add element {table} {each} {{ {_listed(replace(kind, elements=come))} }}"


def _changed_chains(table: str, old: Mapping[str, Chain], new: Mapping[str, Chain]) -> Iterator[str]:
    for each in old.keys() | new.keys():
        before = old[each].rules if each in old else ()
        after = new[each].rules if each in new else ()
        if before != after:
            yield f"flush chain {table} {each}"
            yield from (f"add rule {table} {each} {rule}" for rule in after)
