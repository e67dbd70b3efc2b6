"""Documents have the declared types, without undeclared members, whatever happened to their resources."""

from functools import cache
from random import Random
from types import GenericAlias
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ConfigDict, TypeAdapter, ValidationError

from domain.aggregate import Aggregate
from domain.instance import Instance
from projections import inventory
from projections.document import Document, ResourceDocument, fold, types
from tests.projections.histories import History, by_chance
from tests.projections.logs import recorded
from tests.samples import sample


@cache
def _adapter(kind: str) -> TypeAdapter[Any]:
    listed: Any = GenericAlias(list, (types()[kind],))
    return TypeAdapter(listed, config=ConfigDict(extra="forbid", strict=True))


def conforms(document: Document) -> None:
    """Raise ValidationError unless the document has the type of its kind, and no further member."""
    _adapter(document["kind"]).validate_python([document])


def _after(aggregate: Aggregate, before: Document | None = None) -> Document:
    document = before
    for event in recorded(aggregate, 1):
        document = fold(document, event)
        conforms(document)
    assert document is not None
    return document


def test_every_kind_has_a_type_with_the_members_of_all_documents() -> None:
    assert {f"projections.{kind}" for kind in types()} == {each.__name__ for each in inventory.CAPABILITIES}
    for kind, found in types().items():
        members: set[str] = set(found.__annotations__)
        assert members == {*ResourceDocument.__annotations__, "kind", "spec", "observed"}, kind


@settings(max_examples=sample(30, 300), deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 300))
def test_documents_have_the_declared_types(chance: Random, steps: int) -> None:
    documents: dict[Any, Document] = {}
    for changed in History(chance).steps(steps):
        documents[changed.id] = _after(changed, documents.get(changed.id))


def test_an_undeclared_member_and_a_wrong_type_are_found() -> None:
    made = next(each for each in History(by_chance(4)).steps(500) if isinstance(each, Instance))
    document = _after(made)
    for spec in ({**document["spec"], "colour": "red"}, {**document["spec"], "image": 1}):
        with pytest.raises(ValidationError):
            conforms({**document, "spec": spec})
