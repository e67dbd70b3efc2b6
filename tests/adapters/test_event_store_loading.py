"""Loading an aggregate with many events costs only the new ones, and is always correct."""

import asyncio
from contextlib import suppress

from adapters.event_store import PostgresEventStore, loading
from domain.store import VersionConflict
from domain.volume import Volume
from tests.adapters import stores

MANY = 3 * loading._LONG  # noqa: SLF001 - longer than what is worth a copy


def tag(volume: Volume, number: int) -> Volume:
    volume.change_tags({"number": str(number)})
    return volume


async def long_lived(store: PostgresEventStore) -> Volume:
    volume = stores.volume()
    for number in range(MANY):
        tag(volume, number)
    await store.append(stores.save(volume))
    return volume


async def loaded(store: PostgresEventStore, volume: Volume) -> Volume:
    found = await store.load(volume.id)
    assert isinstance(found, Volume)
    return found


async def test_of_a_long_life_only_what_is_new_is_read_again(database_url: str) -> None:
    async with stores.open_store(database_url) as store:
        volume = await long_lived(store)
        await loaded(store, volume)
        # A proof that it was not read again: what nobody may do, and would show.
        stores.rows(database_url, "DELETE FROM events WHERE originator_version < %s", MANY)
        await store.append(stores.save(tag(await loaded(store, volume), MANY)))
        found = await loaded(store, volume)
        assert (found.version, found.tags) == (MANY + 2, {"number": str(MANY)})


async def test_what_was_refused_is_not_remembered(database_url: str) -> None:
    async with stores.open_store(database_url) as store, stores.open_store(database_url) as other:
        volume = await long_lived(store)
        late = await loaded(store, volume)
        await other.append(stores.save(tag(await loaded(other, volume), 1)))
        with suppress(VersionConflict):
            await store.append(stores.save(tag(late, 2)))
            raise AssertionError("it was outdated")
        for found in (await loaded(store, volume), await loaded(other, volume)):
            assert (found.version, found.tags) == (MANY + 2, {"number": "1"})


async def test_writers_of_a_long_life_lose_nothing_of_each_other(database_url: str) -> None:
    async with stores.open_store(database_url) as store, stores.open_store(database_url) as other:
        volume = await long_lived(store)

        async def write(writer: PostgresEventStore, name: str) -> None:
            done = 0
            while done < 60:
                found = await loaded(writer, volume)
                found.change_tags({**found.tags, name: str(done)})
                with suppress(VersionConflict):
                    await writer.append(stores.save(found))
                    done += 1

        await asyncio.gather(write(store, "a"), write(other, "b"))
        found = await loaded(store, volume)
        assert found.version == MANY + 1 + 120
        assert found.tags == {"number": str(MANY - 1), "a": "59", "b": "59"}
