"""What settings check of a feed beyond its keys: the mapping fits the format, certificates can be read, a mailbox
says whom it believes and by what."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from alert_feeds import PARSERS
from broadcaster.domain.addresses import imap_address
from broadcaster.domain.config import FeedConfig
from broadcaster.domain.errors import ConfigError
from broadcaster.domain.mapping import WrongMapping, filling

PROOFS = ("dkim", "server", "signature")
BY_MAIL = ("cap", "edxl")  # formats of documents that whoever warns attaches to a mail
_SENDER = re.compile(r"[^\s<>@\"(),:;\\]+@[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


def checked(feed: FeedConfig, folder: Path) -> FeedConfig:
    """The feed, its format known, with its files' paths made whole. Raises ConfigError (C070 to C073, C010)."""
    try:
        filling(feed.mapping, getattr(importlib.import_module(PARSERS[feed.format]), "FACTS", None))
    except WrongMapping as error:
        where = f"feeds.toml [[feed]] {feed.name} mapping.{error.key}"
        raise ConfigError("C070", where, error.text, error.hint) from error
    _time_zone(feed)
    if feed.is_mailbox:
        feed = _mailbox(feed, folder)
    else:
        _no_mailbox(feed)
    return _signed(feed, folder)


def passwords(feeds: Iterable[FeedConfig], look_up: Callable[[str], str]) -> dict[str, str]:
    """Of every mailbox, by the feed's name; where one is missing, its feed must be off. Raises ConfigError (C011)."""
    found = {}
    for feed in (feed for feed in feeds if feed.is_mailbox):
        name = feed.password.removeprefix("env:")
        found[feed.name] = look_up(name)
        if feed.enabled and not found[feed.name]:
            where = f"feeds.toml [[feed]] {feed.name} password"
            raise ConfigError("C011", where, f"{name} is not set", "set it, or enabled = false")
    return found


def _time_zone(feed: FeedConfig) -> None:
    try:
        ZoneInfo(feed.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        where, text = f"feeds.toml [[feed]] {feed.name} timezone", f"{feed.timezone!r} is no time zone"
        raise ConfigError("C073", where, text, "an IANA name such as Europe/London") from error


def _no_mailbox(feed: FeedConfig) -> None:
    for key in ("user", "password", "senders", "proof", "mail_server", "ca_file", "unverified_of"):
        if getattr(feed, key):
            hint = "take it out, or give an imaps:// url" if key != "unverified_of" else "the program sets it itself"
            raise ConfigError("C072", f"feeds.toml [[feed]] {feed.name} {key}", "is of mailboxes alone", hint)


def _mailbox(feed: FeedConfig, folder: Path) -> FeedConfig:
    """What a mailbox must say before anything in it is read (docs/mailbox.md)."""
    where = f"feeds.toml [[feed]] {feed.name}"
    senders = tuple(sender.strip().lower() for sender in feed.senders)
    proof = feed.proof or (("server",) if feed.mail_server else ("dkim",))
    if "signature" in proof and feed.signature == "ignore":
        feed = replace(feed, signature="check")
    for key, text, hint in _wrong(feed, senders, proof):
        raise ConfigError("C072", f"{where} {key}", text, hint)
    if not feed.password.startswith("env:"):
        hint = 'write password = "env:NAME" and set NAME'
        raise ConfigError("C010", f"{where} password", "a secret stands in the file, or none is named", hint)
    ca_file = str(folder / feed.ca_file) if feed.ca_file else ""
    if ca_file:
        _readable(Path(ca_file), where, "ca_file")
    return replace(feed, senders=senders, proof=proof, ca_file=ca_file)


def _wrong(feed: FeedConfig, senders: tuple[str, ...], proof: tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
    """(key, what is wrong, hint)"""
    try:
        imap_address(feed.url)
    except ValueError as error:
        yield "url", str(error), "for example imaps://mail.county.example/INBOX, with the login in user and password"
    if feed.format not in BY_MAIL:
        yield "format", f"{feed.format} does not come by mail", f"known: {', '.join(BY_MAIL)}"
    if not feed.user.strip() or not feed.user.isprintable():
        yield "user", "is missing or no name", "the name with which the mailbox is opened"
    if not senders or not all(_SENDER.fullmatch(sender) for sender in senders):
        text = "are missing, or one is no address: nobody else's mail is read"
        yield "senders", text, 'for example ["alerts@agency.example"]'
    if unknown := [word for word in proof if word not in PROOFS]:
        yield "proof", f"{unknown[0]!r} is unknown", f"known: {', '.join(PROOFS)}"
    if ("server" in proof) != bool(feed.mail_server):
        yield "mail_server", 'and proof = ["server"] belong together', "the name that it writes into the mails"
    if "signature" in proof and not feed.certificates:
        yield "certificates", "are missing, and signatures are to prove", 'certificates = ["certificates/issuer.pem"]'
    if feed.unverified_of:
        yield "unverified_of", "is set by the program itself", "take it out"


def _signed(feed: FeedConfig, folder: Path) -> FeedConfig:
    where = f"feeds.toml [[feed]] {feed.name}"
    if feed.signature not in ("ignore", "check", "required"):
        raise ConfigError("C071", f"{where} signature", f"{feed.signature!r} is unknown", "ignore, check or required")
    if feed.signature == "required" and not feed.certificates:
        hint = 'certificates = ["certificates/issuer.pem"], in this folder'
        raise ConfigError("C071", f"{where} certificates", "a signature is demanded and nobody is trusted", hint)
    paths = [folder / name for name in feed.certificates]
    for path in paths:
        _readable(path, where, "certificates")
    return replace(feed, certificates=tuple(str(path) for path in paths))


def _readable(path: Path, where: str, key: str) -> None:
    from cryptography.x509 import load_pem_x509_certificates  # only where a feed has certificates

    try:
        load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        text = f"{path.name} cannot be read as certificates: {error}"
        raise ConfigError("C071", f"{where} {key}", text, "give a PEM file") from error
