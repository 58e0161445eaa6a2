"""The rows of a conversation that was not there before."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row

from chatmgr.domain.ids import derived_key
from chatmgr.domain.merging import MergedConversation
from chatmgr.domain.tree import walked_path
from chatmgr.store.tables import conversations, tags
from chatmgr.store.writer.merge_parts import Layout, Version
from chatmgr.store.writer.merge_rows import MergeRows


def add_conversation(
    rows: MergeRows,
    merged: MergedConversation,
    name: str,
    versions: Mapping[str, Version],
    there: Mapping[str, Row[Any]],
) -> int:
    """Collect the rows of a new conversation; returns its id."""
    pk = rows.id(conversations)
    layout = Layout(rows, pk)
    layout.places = {key: (row.branch_id, row.position) for key, row in there.items()}
    numbers = {key: version.pk for key, version in versions.items()}
    answered: dict[str, int | None] = {key: row.run_id for key, row in there.items()}
    for turn in merged.turns:
        if turn.key not in layout.places:
            row = rows.turn(turn, pk, *layout.place(turn), numbers)
            answered[turn.key] = row["run_id"]
    branch, tip = layout.places[merged.tip] if merged.tip else (0, 0)
    if branch not in layout.parents:  # it has no turns, or ends where another conversation goes on
        branch = layout.new_branch(derived_key("branch", merged.key), branch or None, tip)
    rows.add(
        conversations,
        **_columns(merged),
        id=pk,
        key=merged.key,
        name=name,
        assistant_id=versions[merged.assistant].assistant,
        turns=tip,
        last_run_id=answered[merged.tip] if merged.tip else None,
        branch_id=branch,
    )
    rows.path(pk, walked_path(branch, lambda number: layout.parents.get(number, (None, 0))))
    for tag in merged.tags:
        rows.add(tags, conversation_id=pk, name=tag)
    return pk


def _columns(merged: MergedConversation) -> dict[str, Any]:
    """The columns that do not depend on this database; those that it does not bring have their beginnings."""
    moment = merged.columns["created_at"]
    return {
        "model": "",
        "folder": "",
        "max_cost": None,
        "deleted_at": None,
        "archived_at": None,
        "updated_at": moment,
        "used_at": merged.columns.get("updated_at") or moment,
        **merged.columns,
    }
