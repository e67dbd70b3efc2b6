"""From HAProxy's statistics to the state of a proxy. Pure."""

from collections.abc import Iterable, Mapping

from adapters.haproxy.runtime import Row
from domain.load_balancer.proxy import SeenProxy, SeenServer, ServerState, Traffic

_GROUP, _OPEN, _LISTEN = "group-", "open-", "listen-"
_NOT_SERVERS = {"FRONTEND", "BACKEND"}
_REASONS = {
    "L4TOUT": "no connection in time",
    "L4CON": "it refuses connections",
    "L6TOUT": "no TLS in time",
    "L6RSP": "it speaks no TLS",
    "L7TOUT": "no answer in time",
    "L7RSP": "its answer is no HTTP",
    "SOCKERR": "no connection can be made",
}


def seen(run: str, now: Iterable[Row], old: Iterable[Row]) -> SeenProxy:
    """Return a proxy from the statistics of its worker, and of old workers that are finishing."""
    rows = list(now)
    in_flight: dict[str, int] = {}
    for row in [*rows, *old]:
        if _is_server(row):
            in_flight[row["svname"]] = in_flight.get(row["svname"], 0) + _number(row["scur"])
    checked = {row["svname"]: row for row in rows if _is_server(row) and row["pxname"].startswith(_GROUP)}
    opened = {row["svname"]: row for row in rows if _is_server(row) and row["pxname"].startswith(_OPEN)}
    servers = {name: _server(run, row, opened.get(name), in_flight[name]) for name, row in checked.items()}
    for name in in_flight.keys() - servers.keys():
        servers[name] = SeenServer(name, "resting", None, in_flight[name])
    listeners = [row for row in rows if row["pxname"].startswith(_LISTEN) and row["svname"] == "FRONTEND"]
    backends = [
        row for row in rows if row["svname"] == "BACKEND" and row["pxname"].startswith((_GROUP, _OPEN))
    ]
    return SeenProxy(servers, _sum(run, listeners, backends))


def passes(row: Row) -> bool:
    """Return whether the last check of a server succeeded."""
    return row["check_status"].removeprefix("* ") in {"L4OK", "L6OK", "L7OK", "L7OKC"}


def _state(row: Row) -> ServerState:
    status = row["status"]
    if status.startswith("MAINT"):
        return "resting"
    is_well = passes(row)
    if status.startswith("DOWN"):
        # Until it passes enough checks, a server that has not failed keeps its state.
        known = row["check_status"].removeprefix("* ") not in {"", "INI", "UNK"}
        return "down" if known and not is_well else "unchecked"
    if is_well:
        return "up"
    return "unchecked"


def _reason(row: Row) -> str:
    status, code = row["check_status"].removeprefix("* "), row["check_code"]
    if status == "L7STS":
        return f"it answered {code}"
    return _REASONS.get(status, f"its check ended with {status}")


def _server(run: str, row: Row, opened: Row | None, in_flight: int) -> SeenServer:
    state = _state(row)
    both = [row] if opened is None else [row, opened]
    return SeenServer(
        name=row["svname"],
        state=state,
        reason=_reason(row) if state == "down" else None,
        in_flight=in_flight,
        weight=_number(row["weight"]),
        traffic=_sum(run, both, both),
    )


def _sum(run: str, counted: Iterable[Row], timed: Iterable[Row]) -> Traffic:
    counted = list(counted)
    spans = [(_number(row["ttime"]), _number(row["stot"])) for row in timed if _number(row["stot"])]
    weight = sum(count for _, count in spans)

    def total(*columns: str) -> int:
        return sum(_number(row.get(column)) for row in counted for column in columns)

    return Traffic(
        run=run,
        sessions=total("scur"),
        requests=sum(_number(row.get("req_tot")) or _number(row["stot"]) for row in counted),
        responses_4xx=total("hrsp_4xx"),
        responses_5xx=total("hrsp_5xx"),
        bytes_in=total("bin"),
        bytes_out=total("bout"),
        errors=total("econ", "eresp"),
        latency_ms=sum(span * count for span, count in spans) / weight if weight else None,
    )


def _is_server(row: Mapping[str, str]) -> bool:
    return row["svname"] not in _NOT_SERVERS and row["pxname"].startswith((_GROUP, _OPEN))


def _number(text: str | None) -> int:
    return int(text) if text and text.lstrip("-").isdigit() else 0
