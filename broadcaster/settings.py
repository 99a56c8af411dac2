"""Reads the environment and config/*.toml. What is wrong stops the start: file, key, id and a hint.

All of it is read once, but for rules.toml, which ``rules_file`` reads again when it has changed.

Unknown keys are errors, never ignored, and so is what this version does not do yet.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import re
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, get_type_hints
from urllib.parse import quote, urlsplit

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from alert_feeds import PARSERS
from broadcaster import feed_checks
from broadcaster.channels import CHANNELS
from broadcaster.domain import config_check
from broadcaster.domain.channel import DataPath, Secret
from broadcaster.domain.config import (
    Agency,
    ChannelConfig,
    Config,
    FeedConfig,
    Policy,
    RuleConfig,
    Settings,
)
from broadcaster.domain.errors import ConfigError
from broadcaster.domain.message import Limits
from broadcaster.rendering import templates

T = TypeVar("T")
SOCKET_BYTES = 100
ACTIONS = ("keep", "show", "draft", "submit", "release")
DEMO_AGENCY = Path(__file__).parent / "demo"
_BASE = {f.name for f in fields(ChannelConfig)} - {"options"}


def value(name: str, environ: Mapping[str, str], default: str = "") -> str:
    """NAME, else the content of the file that NAME_FILE names, else the default."""
    if name in environ:
        return environ[name]
    path = environ.get(f"{name}_FILE")
    if path is None:
        return default
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigError(
            "S001", f"{name}_FILE", f"{path} cannot be read: {error.strerror}", "give a readable file"
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(
            "S001", f"{name}_FILE", f"{path} is no text", "give a file that holds the value alone"
        ) from error


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process. Raises ConfigError; opens nothing but NAME_FILE files."""
    env = os.environ if environ is None else environ
    data = Path(value("BROADCASTER_DATA", env, "var")).resolve()
    port = _number("PORT", env, 8000)
    if not 0 < port < 65536:
        raise ConfigError("S012", "PORT", f"{port} is no port", "for example PORT=8000")
    production = _production(env)
    redis_url = _redis_url(value("REDIS_URL", env))
    return Settings(
        database_url=_database_url(value("DATABASE_URL", env) or f"sqlite:///{data}/broadcaster.db"),
        redis_url=redis_url or f"unix://{quote(str(_socket(data)))}",
        data=str(data),
        config=str(Path(value("BROADCASTER_CONFIG", env, "config")).resolve()),
        production=production,
        demo=not production and value("BROADCASTER_DEMO", env, "1") != "0",
        secret_key=_secret_key(env, data, production),
        port=port,
        public_url=_address("PUBLIC_URL", env, f"http://127.0.0.1:{port}", production),
        console_url=_address("CONSOLE_URL", env, f"http://localhost:{port}", production),
        trusted_proxies=_number("TRUSTED_PROXIES", env, 0),
        web_concurrency=_number("WEB_CONCURRENCY", env, 1, least=1),
        sender_processes=_number("SENDER_PROCESSES", env, 1, least=1),
        embedded_redis=not redis_url,
    )


def load_config(settings: Settings, environ: Mapping[str, str] | None = None, rules: Path | None = None) -> Config:
    """The agency's configuration (``config_folder``), its rules from the file ``rules`` where one is given."""
    env = os.environ if environ is None else environ
    folder = config_folder(settings)
    agency = _build(Agency, _read(folder, "agency.toml").get("agency", {}), "agency.toml", "[agency]")
    policy = _build(Policy, _read(folder, "policy.toml").get("policy", {}), "policy.toml", "[policy]")
    channels = tuple(_channel(raw, settings, env) for raw in _list(folder, "channels.toml", "channel"))
    feeds = tuple(_feed(raw, folder) for raw in _list(folder, "feeds.toml", "feed"))
    feeds += tuple(feed.unverified for feed in feeds if feed.is_mailbox)
    for file, rows in (("channels.toml", channels), ("feeds.toml", feeds)):
        _unique(file, [row.name for row in rows])
    _known_names(channels)
    config = Config(agency, policy, channels, feeds, (), feed_checks.passwords(feeds, lambda name: value(name, env)))
    config_check.check(config, *_spoken(), _limits(config, settings))
    return replace(config, rules=load_rules(rules or folder / "rules.toml", config))


def config_folder(settings: Settings) -> Path:
    """Where the agency's files are; the demonstration's own where it has none and demo is on."""
    folder = Path(settings.config)
    return folder if (folder / "agency.toml").exists() or not settings.demo else DEMO_AGENCY / "config"


def load_rules(path: Path, config: Config) -> tuple[RuleConfig, ...]:
    """The rules of a file, none where it is not there, checked against the feeds of ``config``. Raises ConfigError."""
    return rules_of(_rows(_read(path.parent, path.name), path.name, "rule"), config)


def rules_of(rows: Sequence[Mapping[str, Any]], config: Config) -> tuple[RuleConfig, ...]:
    """The same of tables as they stand in rules.toml, wherever they come from. Raises ConfigError."""
    rules = tuple(_rule(raw) for raw in rows)
    _unique("rules.toml", [rule.name for rule in rules])
    config_check.check_rules(replace(config, rules=rules), templates.names())
    return rules


def _limits(config: Config, settings: Settings) -> dict[str, Limits]:
    """What each enabled channel carries; raises ConfigError for options that would fail when they are needed."""
    found: dict[str, Limits] = {}
    for channel in (c for c in config.channels if c.enabled):
        wrong = channel.options.wrong(config.agency.phone_region) if hasattr(channel.options, "wrong") else None
        if wrong is not None:
            where = f"channels.toml [[channel]] {channel.name} {wrong.key}"
            raise ConfigError("C061", where, wrong.text, wrong.hint)
        module = importlib.import_module(CHANNELS[channel.kind])
        found[channel.name] = module.open_channel(channel.name, channel.options, settings.public_url).limits()
    return found


def _spoken() -> tuple[frozenset[str], frozenset[str]]:
    """Languages in which any message template has texts, and those in which people are told the facts alone."""
    patterns = ("[!_]*/*/sms.j2", f"{templates.SHARED}/*/{templates.FACTS}.j2")
    whole, facts = (frozenset(path.parent.name for path in templates.ROOT.glob(pattern)) for pattern in patterns)
    return whole, facts


# --- the parts ------------------------------------------------------------------------------------------------
def _production(env: Mapping[str, str]) -> bool:
    kind = value("BROADCASTER_ENV", env, "development")
    if kind not in ("production", "development"):
        raise ConfigError(
            "S002", "BROADCASTER_ENV", f"{kind!r} is neither production nor development", "set one of the two"
        )
    return kind == "production"


def _socket(data: Path) -> Path:
    """The embedded Redis's socket; the kernel takes at most 107 bytes, so a long folder gets a short one of its own."""
    path = data / "redis.sock"
    if len(os.fsencode(path)) <= SOCKET_BYTES:
        return path
    mark = hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"broadcaster-{os.getuid()}-{mark}" / "redis.sock"


def _number(name: str, env: Mapping[str, str], default: int, least: int = 0) -> int:
    text = value(name, env, str(default))
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) < least:
        wrong = f"{text!r} is not a whole number of at least {least}"
        raise ConfigError("S003", name, wrong, f"for example {name}={default}")
    return int(text)


def _address(name: str, env: Mapping[str, str], default: str, production: bool) -> str:
    url = value(name, env, default).rstrip("/")
    if not re.fullmatch(r"https?://([\w.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?", url):
        raise ConfigError(
            "S004", name, f"{url!r} is no address without a path", "for example https://alerts.example.gov"
        )
    if production and not url.startswith("https://"):
        raise ConfigError("S005", name, f"{url} is plain HTTP, which production refuses", "give its https:// address")
    return url


def _database_url(url: str) -> str:
    if url.startswith("postgres://"):
        return "postgresql+psycopg://" + url.removeprefix("postgres://")
    if url.startswith("postgresql://"):
        return "postgresql+psycopg://" + url.removeprefix("postgresql://")
    if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise ConfigError(
            "S006", "DATABASE_URL", "neither SQLite nor PostgreSQL", "for example postgresql+psycopg://user@host/name"
        )
    return url


def _redis_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("redis", "rediss", "unix") and parts.port != 0 and bool(parts.hostname or parts.path)
    except ValueError:
        good = False
    if url and not good:
        raise ConfigError("S016", "REDIS_URL", "is no address of a Redis", "for example redis://127.0.0.1:6379/0")
    return url


def _secret_key(env: Mapping[str, str], data: Path, production: bool) -> str:
    key = value("SECRET_KEY", env)
    if production and len(key) < 32:
        raise ConfigError(
            "S007",
            "SECRET_KEY",
            "missing or shorter than 32 characters",
            "python -c 'import secrets; print(secrets.token_urlsafe(48))'",
        )
    kept = data / "secret_key"
    try:
        return key or (kept.read_text(encoding="ascii").strip() if kept.exists() else "")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            "S015", "SECRET_KEY", f"{kept} cannot be read: {error}", "mend that file, or set it"
        ) from error


def _read(folder: Path, file: str) -> dict[str, Any]:
    path = folder / file
    if not path.exists():
        if file == "agency.toml":
            raise ConfigError("C001", str(path), "there is no agency", "run: python -m broadcaster init")
        return {}
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError("C002", str(path), f"is not TOML: {error}", "mend that line") from error
    except OSError as error:
        raise ConfigError("C002", str(path), f"cannot be read: {error.strerror}", "give a readable file") from error
    top = {
        "agency.toml": "agency",
        "policy.toml": "policy",
        "channels.toml": "channel",
        "feeds.toml": "feed",
        "rules.toml": "rule",
    }[file]
    for key in tree:
        if key != top:
            raise ConfigError("C003", f"{path} {key}", "unknown key", f"this file holds only {top}")
    if top in ("agency", "policy") and not isinstance(tree.get(top, {}), dict):
        raise ConfigError("C004", f"{file} {top}", "is no table", f"write [{top}]")
    return tree


def _list(folder: Path, file: str, key: str) -> list[dict[str, Any]]:
    return _rows(_read(folder, file), file, key)


def _rows(tree: Mapping[str, Any], file: str, key: str) -> list[dict[str, Any]]:
    rows = tree.get(key, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ConfigError("C004", f"{file} {key}", "is no list of tables", f"write [[{key}]]")
    return rows


def _build(cls: type[T], raw: Mapping[str, Any], file: str, where: str) -> T:
    """A frozen dataclass from TOML; every mistake names file, key and hint."""
    adapter = TypeAdapter(with_config(ConfigDict(extra="forbid", strict=False))(cls))
    try:
        return adapter.validate_python(dict(raw))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"] if part not in ("str", "int"))  # which of two types: no key
        text = "unknown key" if first["type"] in ("unexpected_keyword_argument", "extra_forbidden") else first["msg"]
        known = ", ".join(f.name.rstrip("_") for f in fields(cls)) if is_dataclass(cls) else ""
        raise ConfigError("C005", f"{file} {where} {key}".strip(), text, f"known keys: {known}") from error


def _channel(raw: dict[str, Any], settings: Settings, env: Mapping[str, str]) -> ChannelConfig:
    name, kind = str(raw.get("name", "")), str(raw.get("kind", ""))
    where = f"[[channel]] {name}"
    config_check.check_kind(kind, f"channels.toml {where} kind", CHANNELS)
    if kind == "simulated" and settings.production:
        raise ConfigError(
            "C008", f"channels.toml {where}", "production refuses simulated channels", "remove it or give a real kind"
        )
    module = importlib.import_module(CHANNELS[kind])
    own = {key: item for key, item in raw.items() if key not in _BASE}
    if "segments_per_second" in own and "per_second" in raw:
        text, hint = "stands beside per_second, which means the same", "keep one of the two"
        raise ConfigError("C062", f"channels.toml {where} segments_per_second", text, hint)
    if "segments_per_second" in own:
        raw = {**raw, "per_second": own.pop("segments_per_second")}
    enabled = bool(raw.get("enabled", True))
    options = _options(module.Options, own, where, env, enabled, Path(settings.data))
    base = {key: item for key, item in raw.items() if key in _BASE}
    channel = _build(ChannelConfig, {**base, "options": None}, "channels.toml", where)
    return replace(channel, options=options)


def _options(
    cls: type[Any], raw: dict[str, Any], where: str, env: Mapping[str, str], enabled: bool, data: Path
) -> object:
    hints = get_type_hints(cls, include_extras=True)
    secrets = {key for key, hint in hints.items() if "Secret" in str(hint) or hint is Secret}
    for key in secrets | {key for key, item in raw.items() if str(item).startswith("env:")}:
        raw = _resolve(raw, key, where, env, enabled)
    for own in (f for f in fields(cls) if hints[f.name] is DataPath):
        raw = {**raw, own.name: str(data / str(raw.get(own.name, own.default)))}
    for key, item in raw.items():
        if key in config_check.ADDRESSES and not re.match(
            r"https://|smtps?://|http://(127(\.\d+){3}|localhost|\[::1\])(:\d+)?(/|$)", str(item)
        ):
            raise ConfigError(
                "C009",
                f"channels.toml {where} {key}",
                f"{item} is neither https nor loopback",
                "give its https:// address",
            )
    return _build(cls, raw, "channels.toml", where)


def _resolve(raw: dict[str, Any], key: str, where: str, env: Mapping[str, str], enabled: bool) -> dict[str, Any]:
    if key not in raw:
        return raw
    text = str(raw[key])
    if not text.startswith("env:"):
        raise ConfigError(
            "C010",
            f"channels.toml {where} {key}",
            "a secret stands in the file",
            f'write {key} = "env:NAME" and set NAME',
        )
    found = value(text.removeprefix("env:"), env)
    if not found and enabled:
        raise ConfigError(
            "C011",
            f"channels.toml {where} {key}",
            f"{text.removeprefix('env:')} is not set",
            "set it, or enabled = false",
        )
    return {**raw, key: found}


def _feed(raw: dict[str, Any], folder: Path) -> FeedConfig:
    feed = _build(FeedConfig, raw, "feeds.toml", f"[[feed]] {raw.get('name', '')}")
    if feed.format not in PARSERS:
        raise ConfigError(
            "C012",
            f"feeds.toml [[feed]] {feed.name} format",
            f"{feed.format!r} is unknown",
            f"known: {', '.join(sorted(PARSERS))}",
        )
    if feed.trust not in ("official", "other"):
        raise ConfigError(
            "C013", f"feeds.toml [[feed]] {feed.name} trust", f"{feed.trust!r} is unknown", "official or other"
        )
    return feed_checks.checked(feed, folder)


def _rule(raw: Mapping[str, Any]) -> RuleConfig:
    rule = _build(RuleConfig, raw, "rules.toml", f"[[rule]] {raw.get('name', '')}")
    if rule.action not in ACTIONS:
        raise ConfigError(
            "C015",
            f"rules.toml [[rule]] {rule.name} action",
            f"{rule.action!r} is unknown",
            f"known: {', '.join(ACTIONS)}",
        )
    return rule


def _unique(file: str, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ConfigError("C016", f"{file} {name}", "this name stands twice", "names are unique")


def _known_names(channels: tuple[ChannelConfig, ...]) -> None:
    for channel in channels:
        if channel.fallback and channel.fallback not in {c.name for c in channels}:
            raise ConfigError(
                "C017",
                f"channels.toml [[channel]] {channel.name} fallback",
                f"no channel {channel.fallback!r}",
                "name a configured channel",
            )
