"""Posts that Meta publishes in two steps (Threads, Instagram): a container that nobody sees, then its publication.

What breaks before the publication shows nothing and is tried again. A container is remembered by its delivery for the
next try: one whose publication got no answer says by its status whether it stands, and is never published twice. Where
another process tries next, a new container is made; the old one ends unpublished after 24 hours.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from broadcaster.channels.bare import BARE
from broadcaster.channels.graph import Graph, Said
from broadcaster.channels.http import harmless
from broadcaster.domain.channel import ChannelError, Codes, OutcomeUnknown, Verdict

PROCESSING, LOST, FAILED = "processing", "container_lost", "container_failed"
NOT_FOUND = ("24/4279009", "24/2207006", "24/2207008", "9007/2207027")  # the container, for Threads and Instagram
MISSING = ("24", "100/33", *NOT_FOUND)
FIRST_WAIT = 3.0  # seconds until a picture is asked about again, doubling
QUOTA_SECONDS = 900.0  # between tries once the day's posts are used up
EXTRA_SECONDS = 2.5  # for the address of a post that stands, which must not hold up the next one

CONTAINER_CODES: Codes = {
    PROCESSING: Verdict.RETRY,  # Meta still fetches the picture; the next try goes on with the same container
    BARE: Verdict.RETRY,  # the picture was refused; the next try is the text alone
    FAILED: Verdict.RETRY,  # the container came to nothing; the next try makes another
    LOST: Verdict.RETRY,  # Meta does not know its own container yet, or any more
    **dict.fromkeys(NOT_FOUND, Verdict.RETRY),
}


@dataclass(frozen=True, slots=True)
class Paths:
    """What the two differ in: paths below the account, and the container's field of its status."""

    create: str
    publish: str
    status: str
    quota: str


class Published(Exception):
    """The container was published by an earlier try whose answer was lost."""


@dataclass(slots=True)
class _State:
    container: str = ""
    rounds: int = 0
    losses: int = 0


class Containers:
    """Publication on one account."""

    def __init__(self, graph: Graph, account: str, paths: Paths) -> None:
        self._graph, self._account, self._paths = graph, account, paths
        self._states: dict[str, _State] = {}

    async def publish(self, key: str, form: Mapping[str, str], until: float) -> Said:
        """The post's id. Raises Published, ChannelError or OutcomeUnknown."""
        state = self._states.setdefault(key, _State())
        remembered = bool(state.container)
        if not remembered:
            state.container = await harmless(self._create(form, until))
        if remembered or "image_url" in form:
            await harmless(self._ready(state, until))
        try:
            said = await self._graph.post(self._path(self._paths.publish), {"creation_id": state.container}, until)
        except ChannelError as error:
            raise self._not_published(state, error) from error
        if not said.body.get("id"):
            raise OutcomeUnknown("the provider does not name what it published")
        del self._states[key]
        return said

    def rounds(self, key: str) -> int:
        """How often this delivery waited for its picture."""
        state = self._states.get(key)
        return state.rounds if state else 0

    def forget(self, key: str) -> None:
        """The next try makes a new container."""
        self._states.pop(key, None)

    async def _create(self, form: Mapping[str, str], until: float) -> str:
        return (await self._graph.post(self._path(self._paths.create), form, until)).id

    async def _ready(self, state: _State, until: float) -> None:
        status = await self._status(state.container, until)
        if status == "PUBLISHED":
            raise Published
        if status == "IN_PROGRESS":
            state.rounds += 1
            wait = FIRST_WAIT * 2 ** (state.rounds - 1)
            raise ChannelError("Meta still fetches the picture", code=PROCESSING, retry_after=wait)
        if status != "FINISHED":
            state.container = ""
            raise ChannelError(f"Meta could not make the post ready: {status}", code=FAILED)

    async def _status(self, container: str, until: float) -> str:
        """The container's status. One without this field is a post now."""
        try:
            body = (await self._graph.get(container, {"fields": f"id,{self._paths.status}"}, until)).body
        except ChannelError as error:
            if error.code in MISSING:
                return "not there"
            if error.code == "100":
                return "PUBLISHED"
            raise
        return str(body.get(self._paths.status))

    def _not_published(self, state: _State, error: ChannelError) -> ChannelError:
        """A container that Meta does not know is asked for once more, then made anew."""
        if error.code in MISSING:
            state.losses += 1
            if state.losses % 2 == 0:
                state.container = ""
            return ChannelError(error.text, code=LOST, retry_after=FIRST_WAIT)
        return error

    async def extras(self, post: str, quota: tuple[str, str], until: float) -> tuple[str, float]:
        """(its address, seconds to wait where the day's posts are used up); what is not told is "" and 0.

        ``quota``: the fields with the number used and its bounds.
        """
        end = min(until, asyncio.get_running_loop().time() + EXTRA_SECONDS)
        told = await asyncio.gather(
            self._told(post, {"fields": "permalink"}, end),
            self._told(self._path(self._paths.quota), {"fields": ",".join(quota)}, end),
        )
        return str(told[0].get("permalink", "")), QUOTA_SECONDS if _is_full(told[1], *quota) else 0.0

    async def _told(self, path: str, fields: Mapping[str, str], until: float) -> dict[str, Any]:
        try:
            return (await self._graph.get(path, fields, until)).body
        except (ChannelError, OutcomeUnknown):
            return {}

    def _path(self, edge: str) -> str:
        return f"{self._account}/{edge}"


def _is_full(body: Mapping[str, Any], used: str, bounds: str) -> bool:
    """Whether the day's posts are used up, by {"data": [{"quota_usage": 4, "config": {"quota_total": 250}}]}."""
    try:
        row = body["data"][0]
        return int(row[used]) >= int(row[bounds]["quota_total"])
    except (KeyError, IndexError, TypeError, ValueError):
        return False
