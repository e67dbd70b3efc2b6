"""The rules of caches."""

import pytest

from domain.cache import Cache, default_eviction, usable_mb
from domain.errors import Invalid
from domain.server import ServerStopped, TooLittleMemory, UnknownEngine, UnknownParameter
from tests.domain.pretended import told
from tests.domain.refusals import refused
from tests.domain.servers import SETTINGS, asked_for, cache_spec, running


def test_a_quarter_of_the_memory_stays_for_the_server() -> None:
    assert asked_for(memory_mb=128).maxmemory_mb == usable_mb(128) == 96


def test_an_unknown_engine_or_version_is_refused() -> None:
    with refused(UnknownEngine, "memcached", "redis", field="engine"):
        Cache.create(cache_spec(engine="memcached"))
    with refused(UnknownEngine, "`4`", "7", field="version"):
        Cache.create(cache_spec(version="4"))


def test_memory_has_bounds() -> None:
    with refused(TooLittleMemory, "31", "32", field="memory_mb"):
        asked_for(memory_mb=31)
    with refused(Invalid, "must be from 32 to", "not 1000000000", field="memory_mb"):
        asked_for(memory_mb=10**9)
    with refused(Invalid, "must be from 0.1 to", "not 0.01", field="cpus"):
        asked_for(cpus=0.01)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("maxmemory-samples", "0"),
        ("maxmemory-samples", "many"),
        ("maxmemory-samples", "1e3"),
        ("slowlog-log-slower-than", "-2"),
        ("timeout", "5\nrequirepass x"),
        ("appendfsync", "sometimes"),
    ],
)
def test_a_parameter_takes_only_what_it_can_be(name: str, value: str) -> None:
    with refused(Invalid, name, field="parameters"):
        asked_for(settings={**SETTINGS, "parameters": {name: value}})


def test_an_unknown_parameter_is_refused() -> None:
    with refused(UnknownParameter, "requirepass", "timeout", field="parameters"):
        asked_for(settings={**SETTINGS, "parameters": {"requirepass": "x"}})


def test_a_cache_makes_room_unless_it_is_told_otherwise() -> None:
    assert default_eviction("none") == "allkeys-lru"
    assert {default_eviction(persistence) for persistence in ("aof", "snapshots")} == {"volatile-lru"}


def test_eviction_and_persistence_are_known_words() -> None:
    with refused(Invalid, "allkeys", "allkeys-lru", field="eviction"):
        asked_for(settings={**SETTINGS, "eviction": "allkeys"})
    with refused(Invalid, "disk", "aof", field="persistence"):
        asked_for(settings={**SETTINGS, "persistence": "disk"})


def test_limits_and_settings_change_while_it_runs() -> None:
    cache = running()
    cache.modify(memory_mb=96, eviction="allkeys-lfu", parameters={"timeout": "60"}, cpus=0.5)
    assert (cache.memory_mb, cache.cpus, cache.generation) == (96, 0.5, 1)
    assert cache.settings == {**SETTINGS, "eviction": "allkeys-lfu", "parameters": {"timeout": "60"}}
    cache.modify(None, None, None)
    assert told(cache) == ["change_requested"]
    with refused(TooLittleMemory, "8", field="memory_mb"):
        cache.modify(8, None, None)
    with refused(UnknownParameter, "nosuch", field="parameters"):
        cache.modify(None, None, {"nosuch": "1"})


def test_that_it_was_flushed_is_kept() -> None:
    cache = running()
    cache.flush()
    cache.report_available()
    assert (told(cache), cache.status) == (["flush_requested"], "modifying")
    cache.report_flushed(1)
    cache.report_available()
    assert (told(cache), cache.status) == (["flushed", "became_available"], "available")


def test_a_flush_that_is_requested_during_another_is_carried_out_too() -> None:
    cache = running()
    cache.flush()
    cache.flush()
    cache.report_flushed(1)
    cache.report_available()
    assert (told(cache), cache.status) == (["flush_requested", "flush_requested"], "modifying")
    cache.report_flushed(2)
    assert told(cache) == ["flushed"]


def test_a_stopped_cache_is_not_flushed() -> None:
    cache = running()
    cache.stop()
    with refused(ServerStopped, "start it first"):
        cache.flush()
