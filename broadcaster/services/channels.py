"""The configured channels, opened by their kinds' modules. Opening makes no connection (contract: domain.channel)."""

from __future__ import annotations

import importlib
from dataclasses import replace

from sqlalchemy.engine import Connection

from broadcaster.channels import CHANNELS
from broadcaster.domain.alert import Mode
from broadcaster.domain.channel import Carries, Channel, Codes, Learned, Learns, laid_over
from broadcaster.domain.config import ChannelConfig, Config
from broadcaster.domain.message import Limits
from broadcaster.services.system import System
from broadcaster.store import learned


def open_channel(system: System, config: ChannelConfig) -> Channel:
    """The channel of this configuration, ready to send. Whoever sends with it closes it."""
    module = importlib.import_module(CHANNELS[config.kind])
    channel: Channel = module.open_channel(config.name, config.options, system.settings.public_url)
    return channel


def codes_of(config: ChannelConfig) -> Codes:
    """What the codes of a channel's provider mean."""
    codes: Codes = importlib.import_module(CHANNELS[config.kind]).CODES
    return codes


def follows(config: Config) -> dict[str, int]:
    """Channels whose provider finishes messages later -> the seconds between asking what became of them."""
    modules = {one.name: importlib.import_module(CHANNELS[one.kind]) for one in config.channels if one.enabled}
    return {name: module.FOLLOWS for name, module in modules.items() if hasattr(module, "FOLLOWS")}


def open_channels(system: System) -> dict[str, Channel]:
    """All enabled channels by name, in the order of channels.toml."""
    return {config.name: open_channel(system, config) for config in system.config.channels if config.enabled}


def limits_of(system: System, connection: Connection) -> dict[str, Limits]:
    """What each enabled channel carries: its kind's own limits under the last word of its provider."""
    said = {name: word for name, (word, _) in learned.last(connection).items()}
    kinds = {config.name: config.kind for config in system.config.channels}
    limits = {name: _limits(channel, said.get(name)) for name, channel in open_channels(system).items()}
    return {name: replace(own, variant=kinds[name]) for name, own in limits.items()}


def _limits(channel: Channel, said: Learned | None) -> Limits:
    own = channel.limits()
    if said is None or not isinstance(channel, Learns) or said.source != channel.source:
        return own
    return laid_over(own, said)


def pace_of(config: ChannelConfig | None, limits: Limits | None) -> float:
    """Segments or messages a second: as configured, else what the kind says of itself, else 1."""
    kinds_own = limits.extras.get("per_second", 1) if limits else 1
    return (config.per_second if config else 0) or float(kinds_own)


def fits(config: ChannelConfig, mode: Mode) -> bool:
    """May this channel carry that mode? Drills go only where ``drills`` says so, and where there are words for them."""
    carries = not isinstance(config.options, Carries) or config.options.carries(mode)
    return config.enabled and carries and (mode == Mode.ACTUAL or config.drills)


def fitting(config: Config, mode: Mode) -> tuple[str, ...]:
    """Names of all enabled channels that may carry that mode, without those that only stand in for another."""
    stand_ins = {channel.fallback for channel in config.channels}
    return tuple(channel.name for channel in config.channels if fits(channel, mode) and channel.name not in stand_ins)
