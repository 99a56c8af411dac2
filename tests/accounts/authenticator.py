"""A passkey in software: what a browser and its authenticator answer, and every way they could lie."""

from __future__ import annotations

import hashlib
import json
import secrets
import struct
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

UP, UV, AT = 0x01, 0x04, 0x40


@dataclass
class Authenticator:
    """One key for one site. ``verified``: the person unlocked it; ``origin``: where the browser says it is."""

    origin: str = "http://localhost:8000"
    host: str = "localhost"
    verified: bool = True
    count: int = 0
    id: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    handle: bytes = b""
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def create(self, options: dict[str, Any]) -> str:
        """``navigator.credentials.create``, as the JSON that a page sends."""
        self.handle = base64url_to_bytes(options["user"]["id"])
        client = self._client("webauthn.create", options["challenge"])
        public = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: public.x.to_bytes(32, "big"), -3: public.y.to_bytes(32, "big")}
        kept = bytes(16) + struct.pack(">H", len(self.id)) + self.id + cbor2.dumps(cose)
        made = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": self._data(AT) + kept})
        return self._answer({"clientDataJSON": client, "attestationObject": made, "transports": ["internal"]})

    def get(self, options: dict[str, Any]) -> str:
        """``navigator.credentials.get``, as the JSON that a page sends."""
        client, data = self._client("webauthn.get", options["challenge"]), self._data()
        signed = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        parts = {"clientDataJSON": client, "authenticatorData": data, "signature": signed, "userHandle": self.handle}
        return self._answer(parts)

    def _client(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}).encode()

    def _data(self, more: int = 0) -> bytes:
        flags = UP | (UV if self.verified else 0) | more
        return hashlib.sha256(self.host.encode()).digest() + bytes([flags]) + struct.pack(">I", self.count)

    def _answer(self, parts: dict[str, Any]) -> str:
        inner = {name: bytes_to_base64url(one) if isinstance(one, bytes) else one for name, one in parts.items()}
        id_ = bytes_to_base64url(self.id)
        return json.dumps(
            {"id": id_, "rawId": id_, "type": "public-key", "response": inner, "clientExtensionResults": {}}
        )
