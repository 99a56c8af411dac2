"""A county with enough going on to look at: zones that fit together, and alerts of every kind.

``python -m tests.public.scenes FOLDER PORT [SCENE]`` serves one for a person to look at.
"""

from __future__ import annotations

import math
import random
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from broadcaster.domain.alert import Area, State
from broadcaster.store.schema import zones
from tests.public.made import alert, cancel, info, put, put_shown

NAMES = (
    ("Judge Valley", "Judge Hills", "Old Mill"),
    ("North Fork", "Clear Lake", "Pine Ridge"),
    ("Riverside", "San Jacinto Heights", "Ash Creek"),
    ("South Bench", "Ferry Landing", "Dry Wash"),
)
WEST, NORTH, STEP = -120.9, 44.5, 0.12


def _corner(column: int, row: int) -> tuple[float, float]:
    """Where zones meet; nothing in a county is square."""
    noise = random.Random(column * 31 + row)
    return (
        WEST + STEP * (column + noise.uniform(-0.22, 0.22)),
        NORTH - STEP * 0.8 * (row + noise.uniform(-0.22, 0.22)),
    )


def _edge(a: tuple[float, float], b: tuple[float, float]) -> list[tuple[float, float]]:
    """A crooked line between two corners, the same from both sides."""
    first, last = sorted((a, b))
    noise = random.Random(str((first, last)))
    points = [first]
    for n in range(1, 24):
        t = n / 24
        sway = 0.004 * math.sin(t * 9) + noise.uniform(-0.002, 0.002)
        points.append((first[0] + (last[0] - first[0]) * t + sway, first[1] + (last[1] - first[1]) * t + sway))
    points.append(last)
    return points if (a, b) == (first, last) else points[::-1]


def shape_of(column: int, row: int) -> dict[str, Any]:
    """GeoJSON of one zone."""
    c = [_corner(column + x, row + y) for x, y in ((0, 1), (1, 1), (1, 0), (0, 0))]
    ring = [p for i in range(4) for p in _edge(c[i], c[(i + 1) % 4])[:-1]]
    return {"type": "Polygon", "coordinates": [[[round(x, 5), round(y, 5)] for x, y in [*ring, ring[0]]]]}


def slug(name: str) -> str:
    return name.lower().replace(" ", "-")


def put_county(connection: Any) -> None:
    """Twelve zones with codes, and no others."""
    connection.execute(zones.delete())
    for row, names in enumerate(NAMES):
        for column, name in enumerate(names):
            number = row * 3 + column + 1
            connection.execute(
                zones.insert().values(
                    id=slug(name),
                    slug=slug(name),
                    name=name,
                    ugc=[f"CAZ{number:03}"],
                    same=[f"00600{number:02}"],
                    geometry=shape_of(column, row),
                )
            )


def evacuation(step: str, at: datetime, names: tuple[str, ...], **more: Any) -> Any:
    """An order, a warning or a shelter in place, in English and Spanish."""
    words = {
        "order": ("Evacuation order", "Orden de evacuación", "leave {} now", "salga de {} ahora"),
        "warning": ("Evacuation warning", "Advertencia de evacuación", "get ready to leave {}", "prepárese en {}"),
        "shelter": ("Shelter in place", "Refugiarse en el lugar", "stay indoors in {}", "quédese adentro en {}"),
    }[step]
    place = names[0] if len(names) == 1 else " and ".join(names)
    english = info(
        "act_now" if step != "warning" else "act_soon",
        "en",
        f"{words[0]}: {words[2].format(place)}",
        event=words[0],
        description="Wildfire moving from the north. Wind gusts of 50 miles an hour push it towards houses.\n\n"
        "Shelter: Judge High School gym, 410 Oak Street. Small animals are welcome; the fairground takes horses.",
        instruction="Go south on Highway 9. Take people, pets and medicine; leave everything else.\n\n"
        "If you cannot leave by yourself, call 555-0100. Do not return until the order is lifted.",
        sender_name="Judge County Sheriff",
        areas=(),
    )
    spanish = info(
        "act_now" if step != "warning" else "act_soon",
        "es",
        f"{words[1]}: {words[3].format(place)}",
        event=words[1],
        description="Incendio forestal que avanza desde el norte.\n\nRefugio: gimnasio de Judge High School, 410 Oak.",
        instruction="Vaya al sur por Highway 9. Lleve personas, mascotas y medicinas; deje lo demás.",
        sender_name="Judge County Sheriff",
        areas=(),
    )
    given = {"template": f"evacuation_{step}" if step != "shelter" else "shelter_in_place", "zones": names}
    given |= {"infos": (english, spanish), "until_lifted": True, "expires": None}
    zones_of = tuple(slug(name) for name in names)
    made = alert(more.pop("id", step), at, **{**given, "zones": zones_of, **more})
    return _without_areas(made)


def _without_areas(made: Any) -> Any:
    return replace(made, content=replace(made.content, areas=()))


def weather(level: str, at: datetime, headline: str, names: tuple[str, ...], **more: Any) -> Any:
    """What the weather service would say."""
    words = info(
        level,
        headline=headline,
        event=headline.split(":")[0],
        instruction="Stay off the water. Secure what the wind can carry.",
        description="South winds 25 to 35 mph with gusts up to 55 mph are expected on the ridges.",
        sender_name="National Weather Service Sacramento",
        areas=(),
    )
    given = {"template": "severe_weather", "infos": (words,), "zones": tuple(slug(n) for n in names)}
    return _without_areas(alert(more.pop("id", slug(headline.split(":")[0])), at, **{**given, **more}))


FIRE_RING = ((44.50, -120.86), (44.46, -120.70), (44.40, -120.66), (44.36, -120.78), (44.42, -120.90), (44.50, -120.86))


def quiet(connection: Any, at: datetime) -> None:
    """Nothing."""


def five(connection: Any, at: datetime) -> None:
    """Five live alerts of all levels, one of them drawn as a polygon."""
    evacuations(connection, at)
    wind = weather("be_ready", at, "High Wind Watch: ridges tonight", ("Pine Ridge", "North Fork", "Dry Wash"))
    advice = weather("be_aware", at, "Smoke advisory: stay indoors if you cough", ("Riverside", "Old Mill"))
    put(connection, wind, advice)


def evacuations(connection: Any, at: datetime) -> None:
    """Order, warning and shelter; the order has a history."""
    ago = at - timedelta(minutes=95)
    gone = {"state": State.SUPERSEDED, "until_lifted": True}
    first = evacuation("warning", ago, ("Judge Valley",), id="w0", ended_at=at - timedelta(minutes=40), **gone)
    middle_at = at - timedelta(minutes=40)
    middle = evacuation(
        "order", middle_at, ("Judge Valley",), id="o1", ended_at=at, replaces=("w0",), ending="superseded", **gone
    )
    now = evacuation("order", at, ("Judge Valley", "Judge Hills"), replaces=("o1",), ending="superseded")
    drawn = replace(now.content, areas=(Area("Judge Valley and Judge Hills", polygons=(FIRE_RING,)),))
    put(connection, first, middle, replace(now, content=drawn))
    put(connection, evacuation("warning", at, ("Clear Lake",)), evacuation("shelter", at, ("Old Mill",)))


def endings(connection: Any, at: datetime) -> None:
    """The four endings, and an issuer's Cancel."""
    ago = at - timedelta(hours=3)
    lifted = evacuation("order", ago, ("Judge Valley",), id="l0", state=State.LIFTED, ended_at=at)
    wrong = evacuation("order", ago, ("Judge Hills",), id="c0", state=State.CANCELLED, ended_at=at)
    out = weather("act_soon", ago, "Flash Flood Warning: Ash Creek", ("Ash Creek",), id="e0", expires=at)
    off = weather("act_soon", ago, "Tornado Warning: South Bench", ("South Bench",), state=State.CANCELLED, ended_at=at)
    old = evacuation("warning", ago, ("Riverside",), id="s0", state=State.SUPERSEDED, ended_at=at)
    new = evacuation("order", at, ("Riverside",), id="s1", replaces=("s0",), ending="superseded")
    put(connection, lifted, wrong, out, off, old, new)
    clear = info(
        "be_aware",
        headline="All clear: Judge Valley is safe",
        event="All clear",
        response_types=("AllClear",),
        instruction="You can go home.",
        description="",
    )
    put(
        connection,
        _without_areas(
            alert(
                "l1",
                at,
                infos=(clear,),
                template="lifted",
                fields={"guidance": "safe_return"},
                ending="lifted",
                replaces=("l0",),
            )
        ),
        replace(
            cancel("c1", at, "c0", "sent_in_error"),
            content=replace(
                cancel("c1", at, "c0", "sent_in_error").content,
                infos=(info(headline="Judge Hills: nobody needs to leave", instruction="", description=""),),
                areas=(),
            ),
            zones=("judge-hills",),
        ),
    )


def shown(connection: Any, at: datetime) -> None:
    """A warning of the weather service alone."""
    put_shown(connection, at)


SCENES: dict[str, Callable[[Any, datetime], None]] = {
    "quiet": quiet,
    "five": five,
    "evacuations": evacuations,
    "endings": endings,
}


def main(folder: str, port: int, scene: str) -> None:
    """Serve a scene until the process is ended."""
    from broadcaster.asgi import serve
    from broadcaster.services import publish
    from broadcaster.services.system import System
    from broadcaster.store.engine import Database
    from tests.databases import fill
    from tests.public import server

    Path(folder).mkdir(parents=True, exist_ok=True)
    made = server.settings(folder, port, f"sqlite:///{folder}/record.db", "unix:///nonexistent/s")
    database = Database(made.database_url)
    fill(database)
    database.close()
    system = System.open(made, server.config())
    with system.database.write() as connection:
        put_county(connection)
        SCENES[scene](connection, system.now().replace(microsecond=0) - timedelta(minutes=12))
        publish.publish(system, connection, system.now())
    system.close()
    serve(made, server.config(int(sys.argv[4]) if len(sys.argv) > 4 else 180))
    time.sleep(0)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
