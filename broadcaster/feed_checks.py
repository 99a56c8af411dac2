"""What settings check of a feed beyond its keys: the mapping fits the format, and certificates can be read."""

from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path

from alert_feeds import PARSERS
from broadcaster.domain.config import FeedConfig
from broadcaster.domain.errors import ConfigError
from broadcaster.domain.mapping import WrongMapping, filling


def checked(feed: FeedConfig, folder: Path) -> FeedConfig:
    """The feed, its format known, with its certificates' paths made whole. Raises ConfigError (C070, C071)."""
    try:
        filling(feed.mapping, getattr(importlib.import_module(PARSERS[feed.format]), "FACTS", None))
    except WrongMapping as error:
        where = f"feeds.toml [[feed]] {feed.name} mapping.{error.key}"
        raise ConfigError("C070", where, error.text, error.hint) from error
    return _signed(feed, folder)


def _signed(feed: FeedConfig, folder: Path) -> FeedConfig:
    where = f"feeds.toml [[feed]] {feed.name}"
    if feed.signature not in ("ignore", "check", "required"):
        raise ConfigError("C071", f"{where} signature", f"{feed.signature!r} is unknown", "ignore, check or required")
    if feed.signature == "required" and not feed.certificates:
        hint = 'certificates = ["certificates/issuer.pem"], in this folder'
        raise ConfigError("C071", f"{where} certificates", "a signature is demanded and nobody is trusted", hint)
    paths = [folder / name for name in feed.certificates]
    for path in paths:
        _readable(path, where)
    return replace(feed, certificates=tuple(str(path) for path in paths))


def _readable(path: Path, where: str) -> None:
    from cryptography.x509 import load_pem_x509_certificates  # only where a feed has certificates

    try:
        load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        text = f"{path.name} cannot be read as certificates: {error}"
        raise ConfigError("C071", f"{where} certificates", text, "give a PEM file") from error
