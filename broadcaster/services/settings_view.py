"""Every setting: what it is now and where that comes from. Secrets are never shown, only whether they are set."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url

from broadcaster.domain.config import Agency, FeedConfig, Policy, RuleConfig, Settings
from broadcaster.services import doctor
from broadcaster.services.system import System
from broadcaster.settings import DEMO_AGENCY

SECRETS = frozenset({"secret_key"})
ADDRESSES = frozenset({"database_url", "redis_url"})
NAMES = {  # field of Settings -> variable of the environment
    "database_url": "DATABASE_URL",
    "redis_url": "REDIS_URL",
    "data": "BROADCASTER_DATA",
    "config": "BROADCASTER_CONFIG",
    "production": "BROADCASTER_ENV",
    "demo": "BROADCASTER_DEMO",
    "secret_key": "SECRET_KEY",
    "port": "PORT",
    "public_url": "PUBLIC_URL",
    "console_url": "CONSOLE_URL",
    "trusted_proxies": "TRUSTED_PROXIES",
    "web_concurrency": "WEB_CONCURRENCY",
    "sender_processes": "SENDER_PROCESSES",
}
FILES = ("agency.toml", "policy.toml", "channels.toml", "feeds.toml", "rules.toml")
TABLES: Mapping[str, tuple[str, Any]] = {"agency.toml": ("agency", Agency), "policy.toml": ("policy", Policy)}
LISTS: Mapping[str, tuple[str, Any]] = {"feeds.toml": ("feed", FeedConfig), "rules.toml": ("rule", RuleConfig)}


@dataclass(frozen=True, slots=True)
class Value:
    """One setting. ``source``: environment, file (NAME_FILE), config (its TOML file), or default.

    ``secret``: ``shown`` is "" then, and ``is_set`` says the rest.
    """

    name: str
    shown: str
    source: str
    secret: bool = False
    is_set: bool = True


@dataclass(frozen=True, slots=True)
class Group:
    """Settings that stand together: the environment, or one table of a file under config/."""

    title: str
    values: tuple[Value, ...]


def view(system: System, environ: Mapping[str, str] | None = None) -> list[Group]:
    """All of them as this process has them; ``environ`` is os.environ unless given."""
    env = os.environ if environ is None else environ
    groups = [Group("environment", tuple(_environment(system.settings, env)))]
    folder = Path(system.settings.config)
    if not (folder / "agency.toml").exists() and system.settings.demo:
        folder = DEMO_AGENCY / "config"
    for file in FILES:
        groups += _of_file(system, folder, file, env)
    return groups


def examine(system: System) -> list[doctor.Line]:
    """``doctor``'s checks, now."""
    return doctor.examine(system)


def _environment(settings: Settings, env: Mapping[str, str]) -> Iterator[Value]:
    for own, name in NAMES.items():
        found = getattr(settings, own)
        if own in SECRETS:
            yield Value(name, "", _source(name, env), secret=True, is_set=bool(found))
        else:
            yield Value(name, _written(own, found), _source(name, env))


def _written(own: str, found: Any) -> str:
    if own == "production":
        return "production" if found else "development"
    if own == "demo":
        return "1" if found else "0"
    return _address(str(found)) if own in ADDRESSES else str(found)


def _source(name: str, env: Mapping[str, str]) -> str:
    return "environment" if name in env else "file" if f"{name}_FILE" in env else "default"


def _address(url: str) -> str:
    """Without login and query: they may hold a password."""
    if url.startswith(("sqlite", "postgresql")):
        return make_url(url).render_as_string(hide_password=True).partition("?")[0]
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}{parts.path}"


def _of_file(system: System, folder: Path, file: str, env: Mapping[str, str]) -> Iterator[Group]:
    tree = tomllib.loads((folder / file).read_text(encoding="utf-8-sig")) if (folder / file).exists() else {}
    if file in TABLES:
        key, cls = TABLES[file]
        held = getattr(system.config, key)
        yield Group(file, tuple(_field(held, one.name, tree.get(key, {})) for one in fields(cls)))
    elif file in LISTS:
        key, cls = LISTS[file]
        for held, raw in zip(getattr(system.config, f"{key}s"), tree.get(key, []), strict=False):
            values = tuple(_field(held, one.name, raw) for one in fields(cls))
            yield Group(f"{file} [[{key}]] {held.name}", values)
    else:
        for raw in tree.get("channel", []):
            values = tuple(_channel_key(name, given, env) for name, given in raw.items())
            yield Group(f"{file} [[channel]] {raw.get('name', '')}", values)


def _field(held: object, name: str, raw: Mapping[str, Any]) -> Value:
    found = getattr(held, name)
    shown = _address(found) if name == "url" and found else _plain(found)
    return Value(name, shown, "config" if name in raw else "default")


def _channel_key(name: str, given: Any, env: Mapping[str, str]) -> Value:
    """A channel's keys as the file has them: what it says is "env:NAME" is a secret."""
    if isinstance(given, str) and given.startswith("env:"):
        variable = given.removeprefix("env:")
        known = bool(env.get(variable)) or f"{variable}_FILE" in env
        return Value(f"{name} ({variable})", "", _source(variable, env), secret=True, is_set=known)
    return Value(name, _address(given) if name.endswith("url") else _plain(given), "config")


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (tuple, list)):
        return ", ".join(str(one) for one in value)
    return str(value)
