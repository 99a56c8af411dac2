"""What providers tell us: proven to come from them for our account before a word of it is used."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType

from broadcaster.channels import CHANNELS
from broadcaster.domain.channel import CallStage, CallStep, Receipt
from broadcaster.domain.config import ChannelConfig
from broadcaster.domain.errors import Forbidden, NotFound
from broadcaster.services import inbound, receipts
from broadcaster.services.system import System
from broadcaster.store import attempts


@dataclass(frozen=True, slots=True)
class Hook:
    """One webhook request. ``path`` is path and query as the provider called it, ``form`` may repeat names."""

    channel: str
    path: str
    form: Mapping[str, str]
    signature: str


def receipt(system: System, hook: Hook, attempt: str) -> Receipt | None:
    """What a status callback says, proven; None where it says nothing of a delivery. Raises NotFound, Forbidden."""
    module, _ = _proven(system, hook)
    found: Receipt | None = module.receipt(hook.form, attempt)
    return found


def status(system: System, hook: Hook, attempt: str) -> None:
    """A receipt: kept when this returns. Raises NotFound, Forbidden."""
    found = receipt(system, hook, attempt)
    if found is not None:
        receipts.receive(system, hook.channel, [found])


def text(system: System, hook: Hook) -> str:
    """A text somebody sent us: committed when this returns; the answer is TwiML. Raises NotFound, Forbidden."""
    module, _ = _proven(system, hook)
    message = module.inbound(hook.form)
    if message is None:
        return "<Response/>"
    inbound.receive(system, hook.channel, message)
    agency = system.config.agency
    return str(module.answer(message.kind, agency.emergency_number, agency.contact))


def call(system: System, hook: Hook, attempt: str, step: str) -> str:
    """What follows in a call, as TwiML. What the person told us by a key is kept when this returns.

    Raises NotFound, Forbidden.
    """
    module, config = _proven(system, hook)
    if not hasattr(module, "heard"):
        raise NotFound("hook_channel", f"channel {hook.channel} makes no calls")
    with system.database.read() as connection:
        row = attempts.told(connection, attempt, hook.channel)
    if row is None:
        return str(module.hang_up())
    action = system.settings.public_url + hook.path.partition("&")[0]  # the address it was called at, without the step
    stage = CallStage(attempt, step, row.recipient, row.language, row.text, action)
    follows: CallStep = module.heard(config.options, hook.form, stage)
    if follows.receipt is not None:
        receipts.receive(system, hook.channel, [follows.receipt])
    if follows.text is not None:
        inbound.receive(system, hook.channel, follows.text)
    return follows.answer


def _proven(system: System, hook: Hook) -> tuple[ModuleType, ChannelConfig]:
    config = system.config.channel(hook.channel)
    if config is None:
        raise NotFound("hook_channel", f"there is no channel {hook.channel}")
    module = importlib.import_module(CHANNELS[config.kind])
    if not hasattr(module, "genuine"):
        raise NotFound("hook_channel", f"channel {hook.channel} takes no webhooks")
    url = system.settings.public_url + hook.path
    if not module.genuine(config.options, url, hook.form, hook.signature):
        raise Forbidden("hook_signature", "the signature is not that of this channel's provider and account")
    return module, config
