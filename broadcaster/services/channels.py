"""The configured channels, opened by their kind's dotted name; no ``if kind ==`` anywhere."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import cast

from broadcaster.channels import CHANNELS
from broadcaster.domain.channel import Channel, Codes
from broadcaster.domain.config import ChannelConfig
from broadcaster.services.system import System


def module_of(config: ChannelConfig) -> ModuleType:
    """The module of a channel's kind (contract: ``domain.channel``)."""
    return importlib.import_module(CHANNELS[config.kind])


def open_channel(system: System, config: ChannelConfig) -> Channel:
    """A channel ready to send; it connects at its first request."""
    return cast(Channel, module_of(config).open_channel(config.name, config.options, system.settings.public_url))


def open_channels(system: System) -> dict[str, Channel]:
    """Every enabled channel by name."""
    return {c.name: open_channel(system, c) for c in system.config.channels if c.enabled}


def codes_of(config: ChannelConfig) -> Codes:
    """The provider's codes of a channel's kind."""
    return cast(Codes, module_of(config).CODES)
