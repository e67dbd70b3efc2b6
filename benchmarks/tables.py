"""Interleaved rounds, medians and ratios: absolute numbers of a shared machine say little."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Aim:
    """What we want to reach: a factor of what another reaches, in the same rounds."""

    of: str
    factor: float


def ratio(rates: Sequence[float], others: Sequence[float]) -> float:
    """Return the median of the rounds' ratios; what disturbs a round disturbs both sides of it."""
    return median(rate / other for rate, other in zip(rates, others, strict=True))


def compare(
    title: str, unit: str, rates: Mapping[str, Sequence[float]], ours: str, aims: Sequence[Aim]
) -> None:
    """Print a row per contender: its median, its range, and how ours relates to it."""
    print(f"\n{title}")
    for name, values in rates.items():
        line = f"  {name:<44}{median(values):>10,.0f} {unit}  [{min(values):,.0f}-{max(values):,.0f}]"
        if name != ours:
            line += f"   ours is {ratio(rates[ours], values):.2f} of it"
        for aim in aims:
            if aim.of == name:
                reached = ratio(rates[ours], values) >= aim.factor
                line += f", aim {aim.factor:.2f} {'reached' if reached else 'MISSED'}"
        print(line, flush=True)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that a share of the values does not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def show(
    name: str, value: float, unit: str, *, at_most: float | None = None, at_least: float | None = None
) -> None:
    """Print one measurement and whether it is where we want it."""
    line = f"  {name:<44}{value:>10,.1f} {unit}"
    if at_most is not None:
        line += f"   aim below {at_most:g} {'reached' if value < at_most else 'MISSED'}"
    if at_least is not None:
        line += f"   aim above {at_least:,.0f} {'reached' if value > at_least else 'MISSED'}"
    print(line, flush=True)
