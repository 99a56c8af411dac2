"""What the stand-ins of Threads and Instagram share: containers, their status, their publication, the day's quota."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.providers.graph import Graph, Post, error

LOST = (400, 24, "The requested resource does not exist", 4279009)


@dataclass(slots=True)
class Container:
    """``reads``: how often its status is still IN_PROGRESS. ``status``: what it is then."""

    id: str
    form: dict[str, str]
    reads: int = 0
    status: str = "FINISHED"


@dataclass
class Containers(Graph):
    """``reads`` and ``fails``: of containers with a picture; ``losses``: publications of one that Meta does
    not know yet; ``quota``: posts a day; ``doubled``: publications of what was published."""

    status: str = "status"
    containers: dict[str, Container] = field(default_factory=dict)
    reads: int = 0
    fails: bool = False
    losses: int = 0
    quota: int = 250
    doubled: int = 0
    becomes: bool = False

    def contain(self, form: Mapping[str, Any]) -> web.Response:
        """A new container."""
        made = Container(f"180{len(self.containers):09d}", {key: str(text) for key, text in form.items()})
        if "image_url" in form:
            made.reads, made.status = self.reads, "ERROR" if self.fails else "FINISHED"
        self.containers[made.id] = made
        return web.json_response({"id": made.id})

    def state_of(self, made: Container) -> web.Response:
        """A container's status. One that was published may have become a post, which has none."""
        if made.status == "PUBLISHED" and self.becomes:
            return error(400, 100, "Tried accessing nonexisting field (status)")
        made.reads -= 1
        status = "IN_PROGRESS" if made.reads >= 0 else made.status
        return web.json_response({"id": made.id, self.status: status})

    def publish(self, form: Mapping[str, Any]) -> web.Response:
        """What a container holds stands from now on."""
        made = self.containers.get(str(form.get("creation_id")))
        if made is None or self.losses > 0:
            self.losses -= 1
            status, code, message, sub = LOST
            return error(status, code, message, sub)
        if made.status == "PUBLISHED":
            self.doubled += 1
            return error(400, 9007, "The container was published")
        if made.reads > 0:
            return error(400, 9007, "Media ID is not available", 2207027)
        made.status = "PUBLISHED"
        return web.json_response({"id": self.show(made).id})

    def show(self, made: Container) -> Post:
        """The post of a container."""
        raise NotImplementedError


def usage(used: int, most: int, prefix: str = "") -> dict[str, Any]:
    """A day's quota as Meta tells it."""
    return {f"{prefix}quota_usage": used, f"{prefix}config": {"quota_total": most, "quota_duration": 86_400}}
