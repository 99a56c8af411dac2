"""Whom an alert reaches: counting people before approval, by the same conditions that expansion uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from broadcaster.domain.message import Limits
from broadcaster.store.broadcasts import in_groups, not_apart, of_zones, takes
from broadcaster.store.schema import deliveries, subscribers


def count(
    connection: Connection, zones: Sequence[str], limits: Mapping[str, Limits], groups: Sequence[str] = ()
) -> dict[str, int]:
    """People per channel that delivers to people: in one of the zones, with its address, not left, taking it.

    ``groups``: only people of these (``domain.audience.groups_of`` says which, for a mode); empty = everybody.
    """
    reach = {name: limit for name, limit in limits.items() if limit.audience == "people"}
    return {name: _people(connection, zones, name, limit, groups) for name, limit in reach.items()}


def count_reached(
    connection: Connection,
    broadcasts: Sequence[str],
    states: Sequence[str],
    channels: Sequence[str],
    own: Sequence[str] = (),
    apart: Sequence[str] = (),
) -> dict[str, int]:
    """Per channel, the recipients that earlier broadcasts may have reached, as ``insert_reached`` finds them."""
    query = (
        sa.select(deliveries.c.channel, sa.func.count(sa.distinct(deliveries.c.recipient)).label("people"))
        .where(deliveries.c.broadcast.in_(list(broadcasts)), deliveries.c.state.in_(list(states)))
        .where(deliveries.c.channel.in_(list(channels)))
        .where(not_apart(deliveries.c.subscriber, own, apart))
        .group_by(deliveries.c.channel)
    )
    found = {row.channel: row.people for row in connection.execute(query)}
    return {name: found.get(name, 0) for name in channels}


def _people(connection: Connection, zones: Sequence[str], channel: str, limit: Limits, groups: Sequence[str]) -> int:
    query = sa.select(sa.func.count()).where(
        subscribers.c[limit.address].is_not(None),
        subscribers.c[f"{limit.address}_out"].is_(None),
        of_zones(zones),
        takes(channel, limit.chosen),
        in_groups(connection, groups),
    )
    return int(connection.execute(query).scalar_one())
