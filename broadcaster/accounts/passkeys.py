"""Passkeys (WebAuthn level 2): what a browser is asked to do, and whether what it answers is right.

The package checks signatures; here stand our own choices: discoverable keys that the person unlocks (fingerprint,
face, PIN), so that one is two factors and needs no e-mail typed. Challenges are the caller's: each good once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import webauthn
from webauthn.helpers import base64url_to_bytes, options_to_json_dict
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

SECONDS = 300  # how long somebody may look for a key
LARGEST = 20_000  # characters of an answer
_ASK = AuthenticatorSelectionCriteria(
    resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
)


class WrongPasskey(Exception):
    """The answer is unreadable, or not signed by the key, for this site and challenge."""


@dataclass(frozen=True, slots=True)
class Site:
    """Whom keys are made for: ``host`` without port, ``origin`` as the browser writes it."""

    host: str
    origin: str
    name: str

    @classmethod
    def of(cls, console_url: str, name: str) -> Site:
        """From CONSOLE_URL and the agency's name."""
        parts = urlsplit(console_url)
        return cls(parts.hostname or "", f"{parts.scheme}://{parts.netloc}", name)

    @property
    def usable(self) -> bool:
        """Browsers make keys for host names alone, never for bare addresses, and only under TLS (or at home)."""
        try:
            ip_address(self.host)
        except ValueError:
            return bool(self.host) and (self.origin.startswith("https://") or self.host == "localhost")
        return False


@dataclass(frozen=True, slots=True)
class Made:
    """A new key as it is kept."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    backup_state: bool
    device_type: str
    transports: tuple[str, ...]


def creation(site: Site, challenge: bytes, handle: bytes, email: str, known: Iterable[bytes]) -> dict[str, Any]:
    """Options for ``navigator.credentials.create``, as JSON; ``known`` keys are not made twice."""
    options = webauthn.generate_registration_options(
        rp_id=site.host,
        rp_name=site.name,
        user_name=email,
        user_id=handle,
        challenge=challenge,
        timeout=SECONDS * 1000,
        authenticator_selection=_ASK,
        exclude_credentials=[PublicKeyCredentialDescriptor(id=one) for one in known],
    )
    return options_to_json_dict(options)


def request(site: Site, challenge: bytes, known: Iterable[bytes] = ()) -> dict[str, Any]:
    """Options for ``navigator.credentials.get``, as JSON; without ``known`` the browser offers what it has."""
    options = webauthn.generate_authentication_options(
        rp_id=site.host,
        challenge=challenge,
        timeout=SECONDS * 1000,
        allow_credentials=[PublicKeyCredentialDescriptor(id=one) for one in known],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json_dict(options)


def challenge_in(answer: str) -> bytes:
    """The challenge that an answer says it signed. Raises WrongPasskey."""
    try:
        client = json.loads(base64url_to_bytes(_read(answer)["response"]["clientDataJSON"]))
        return base64url_to_bytes(client["challenge"])
    except (ValueError, KeyError, TypeError) as error:
        raise WrongPasskey("unreadable") from error


def id_in(answer: str) -> bytes:
    """Which key an answer comes from. Raises WrongPasskey."""
    try:
        return base64url_to_bytes(_read(answer)["rawId"])
    except (ValueError, KeyError, TypeError) as error:
        raise WrongPasskey("unreadable") from error


def made(site: Site, challenge: bytes, answer: str) -> Made:
    """The key that the browser made for this challenge. Raises WrongPasskey."""
    try:
        done = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            require_user_verification=True,
        )
        ways = tuple(str(way) for way in _read(answer)["response"].get("transports") or ())
    except (WebAuthnException, ValueError, KeyError, TypeError, AttributeError) as error:
        raise WrongPasskey(str(error)) from error
    kind = str(done.credential_device_type.value)
    return Made(
        done.credential_id, done.credential_public_key, done.sign_count, done.credential_backed_up, kind, ways[:8]
    )


def proved(site: Site, challenge: bytes, answer: str, public_key: bytes, sign_count: int) -> int:
    """The key's new count of signatures. Raises WrongPasskey, also where the count went back (a copied key)."""
    try:
        done = webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=public_key,
            credential_current_sign_count=sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise WrongPasskey(str(error)) from error
    return int(done.new_sign_count)


def _read(answer: str) -> dict[str, Any]:
    if len(answer) > LARGEST:
        raise ValueError("too long")
    found = json.loads(answer)
    if not isinstance(found, dict):
        raise TypeError("no object")
    return found
