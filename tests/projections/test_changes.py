"""Diffs of documents and of whole states, which lead from one to the other."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from projections.changes import apply, changes, diff, patch

words = st.text("ab.", max_size=3)
values = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | words,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)
documents = st.dictionaries(words, values, max_size=4)
estates = st.dictionaries(words, documents, max_size=4)


@given(documents, documents)
def test_changes_lead_from_one_document_to_the_other(before: dict[str, Any], after: dict[str, Any]) -> None:
    untouched = repr(before)
    assert apply(before, changes(before, after, bookkeeping=True)) == after
    assert repr(before) == untouched


@given(documents)
def test_nothing_differs_from_itself(document: dict[str, Any]) -> None:
    assert changes(document, document, bookkeeping=True) == []


@given(estates, estates)
def test_a_difference_leads_from_one_estate_to_the_other(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert patch(before, diff(before, after)) == after


def test_a_change_names_the_field_and_both_values() -> None:
    before = {"name": "web-1", "spec": {"type": "micro", "ports": [80]}, "tags": {"env": "test", "a": "b"}}
    after = {"name": "web-1", "spec": {"type": "small", "ports": [80, 81]}, "tags": {"env": "test", "c": "d"}}
    assert changes(before, after) == [
        {"path": ["spec", "type"], "field": "spec.type", "before": "micro", "after": "small"},
        {"path": ["spec", "ports"], "field": "spec.ports", "before": [80], "after": [80, 81]},
        {"path": ["tags", "c"], "field": "tags.c", "after": "d"},
        {"path": ["tags", "a"], "field": "tags.a", "before": "b"},
    ]


def test_what_was_nothing_or_becomes_nothing_changes_as_a_whole() -> None:
    assert changes({"tags": {}}, {"tags": {"a": "b"}}) == [
        {"path": ["tags"], "field": "tags", "before": {}, "after": {"a": "b"}}
    ]
    (whole,) = changes({"at": None}, {"at": {"id": 1}})
    assert whole.get("after") == {"id": 1}


def test_bookkeeping_is_left_out_unless_asked_for() -> None:
    before, after = {"version": 1, "status": "pending"}, {"version": 2, "status": "running"}
    assert [change["field"] for change in changes(before, after)] == ["status"]
    assert [change["field"] for change in changes(before, after, bookkeeping=True)] == ["version", "status"]
