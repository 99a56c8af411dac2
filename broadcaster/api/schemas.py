"""What machines send and get, as pydantic models: the checks and the OpenAPI document come from the same place."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, FiniteFloat, StringConstraints, model_validator

from broadcaster.domain.alert import Area, Mode, Point, Ring
from broadcaster.services.compose import Draft

Short = Annotated[str, StringConstraints(max_length=200)]
Text = Annotated[str, StringConstraints(max_length=5000)]
Position = Annotated[list[FiniteFloat], Field(min_length=2, max_length=3)]
LinearRing = Annotated[list[Position], Field(min_length=4, max_length=10_000)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Polygon(_Strict):
    """GeoJSON, longitude first; the outer ring alone is used."""

    type: Literal["Polygon"]
    coordinates: Annotated[list[LinearRing], Field(min_length=1)]


class MultiPolygon(_Strict):
    """GeoJSON, longitude first; outer rings alone are used."""

    type: Literal["MultiPolygon"]
    coordinates: Annotated[list[Annotated[list[LinearRing], Field(min_length=1)]], Field(min_length=1)]


class NewArea(_Strict):
    """Where, in words and as an outline or codes."""

    areaDesc: Short
    geometry: Annotated[Polygon | MultiPolygon, Field(discriminator="type")] | None = None
    geocodes: dict[Short, list[Short]] = Field(default_factory=dict)

    def area(self) -> Area:
        """As the domain has it: latitude first."""
        codes = tuple((name, code) for name, found in self.geocodes.items() for code in found)
        return Area(self.areaDesc, self._rings(), (), codes)

    def _rings(self) -> tuple[Ring, ...]:
        if self.geometry is None:
            return ()
        if isinstance(self.geometry, Polygon):
            return (_ring(self.geometry.coordinates[0]),)
        return tuple(_ring(polygon[0]) for polygon in self.geometry.coordinates)


class NewAlert(_Strict):
    """An alert by template. Either ``zones`` (ids) or ``areas``; without ``channels`` all that are enabled."""

    template: Short
    fields: dict[Short, Text] = Field(default_factory=dict)
    languages: list[Short] = Field(default_factory=list)
    zones: list[Short] = Field(default_factory=list, max_length=5000)
    areas: list[NewArea] = Field(default_factory=list, max_length=200)
    channels: list[Short] | None = None
    expires: AwareDatetime | None = None
    until_lifted: bool | None = None
    mode: Mode = Mode.ACTUAL
    replaces: list[Short] = Field(default_factory=list, max_length=100)
    hashtag: Short | None = None  # of the incident that it begins

    @model_validator(mode="after")
    def _one_place(self) -> NewAlert:
        if self.zones and self.areas:
            raise ValueError("give zones or areas, not both")
        return self

    def draft(self) -> Draft:
        """What ``compose`` takes."""
        return Draft(
            template=self.template,
            fields=self.fields,
            languages=tuple(self.languages),
            zones=tuple(self.zones),
            areas=tuple(area.area() for area in self.areas),
            channels=None if self.channels is None else tuple(self.channels),
            expires=self.expires,
            until_lifted=self.until_lifted,
            mode=self.mode,
            replaces=tuple(self.replaces),
            hashtag=self.hashtag,
        )


class FindingOut(BaseModel):
    """Something to look at; a blocking one refuses submission."""

    code: str
    blocking: bool
    text: str


class Made(BaseModel):
    """A new alert, or the one that was made before."""

    id: str
    state: str
    findings: list[FindingOut] = []


class Moved(BaseModel):
    """Where an alert stands after a step."""

    id: str
    state: str


class Source(BaseModel):
    """Where it came from."""

    feed: str | None
    token: str | None
    sender: str | None
    identifier: str | None
    sent: AwareDatetime | None


class Review(BaseModel):
    """One step of review."""

    verb: str
    by: str
    at: AwareDatetime
    reason: str


class MessageOut(BaseModel):
    """The exact text for one channel and language."""

    channel: str
    language: str
    text: str
    segments: int
    characters: int


class Bundle(BaseModel):
    """What is decided together; an approval names this digest then."""

    id: str
    digest: str
    alerts: list[str]


class AlertOut(BaseModel):
    """One alert; lists carry no ``messages``. More members may come."""

    model_config = ConfigDict(extra="allow")

    id: str
    incident: str
    state: str
    revision: int
    digest: str | None
    mode: str
    identifier: str | None
    source: Source
    msgType: str
    replaces: list[str]
    submitted_by: str | None
    created: AwareDatetime
    expires: AwareDatetime | None
    until_lifted: bool
    zones: list[str]
    people: dict[str, int]
    messages: list[MessageOut] = []
    findings: list[FindingOut]
    reviews: list[Review]
    signature_owed: bool
    hashtag: str = ""
    bundle: Bundle | None = None


class AlertList(BaseModel):
    """All alerts, newest first."""

    alerts: list[AlertOut]


class Totals(BaseModel):
    """Deliveries by state; each counts once."""

    total: int
    queued: int
    waiting: int
    sending: int
    unknown: int
    accepted: int
    delivered: int
    failed: int
    suppressed: int
    errors: dict[str, int] = {}
    answers: dict[str, int] = {}  # of calls that were delivered: confirmed, answered, machine


class DeliveriesOut(BaseModel):
    """``settled``: nothing is queued, waiting, sending or unknown."""

    alert: str
    settled: bool
    totals: Totals
    channels: dict[str, Totals]


class Problem(BaseModel):
    """RFC 9457, with a stable ``code``."""

    type: str
    title: str
    status: int
    code: str
    detail: str


MODELS: tuple[type[BaseModel], ...] = (NewAlert, Made, Moved, AlertOut, AlertList, DeliveriesOut, Problem)


def schemas() -> dict[str, Any]:
    """OpenAPI's components/schemas."""
    found: dict[str, Any] = {}
    for model in MODELS:
        made = model.model_json_schema(ref_template="#/components/schemas/{model}")
        found |= made.pop("$defs", {})
        found[model.__name__] = made
    return found


def _ring(positions: list[Position]) -> Ring:
    points: list[Point] = [(position[1], position[0]) for position in positions]
    return tuple(points if points[0] == points[-1] else [*points, points[0]])
