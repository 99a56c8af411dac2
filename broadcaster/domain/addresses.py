"""Which addresses feeds and partners may be at: public ones; loopback and private ones where it is allowed. Pure.

And how the address of a mailbox is written.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def refused(text: str, allow_private: bool) -> str:
    """Why no connection may be opened to this IP address; "" where it may.

    An IPv4 address inside an IPv6 one (mapped, 6to4, Teredo, NAT64) is judged by what it leads to. Link-local
    (cloud metadata), multicast, unspecified and reserved addresses are refused even where private ones are allowed.
    """
    try:
        address: Address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return "is no IP address"
    for inner in (address, *_inside(address)):
        reason = _refused(inner, allow_private)
        if reason:
            return reason
    return ""


def _inside(address: Address) -> tuple[Address, ...]:
    if not isinstance(address, ipaddress.IPv6Address):
        return ()
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64:
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return tuple(inner for inner in found if inner is not None)


def _refused(address: Address, allow_private: bool) -> str:
    if address.is_multicast:
        return "is a multicast address"
    if address.is_unspecified:
        return "is the unspecified address"
    if address.is_link_local:
        return "is a link-local address"
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return ""  # judged by the address inside
    if address.is_global:
        return ""
    if allow_private and (address.is_loopback or address.is_private):
        return ""
    return "is a loopback, private or reserved address (allow_private = true permits loopback and private ones)"


# --- mailboxes --------------------------------------------------------------------------------------------------------
_LOOPBACK = re.compile(r"127(\.\d{1,3}){3}|localhost|::1")


@dataclass(frozen=True, slots=True)
class ImapAddress:
    """Where a mailbox is. ``tls``: from the first byte, else by STARTTLS; ``plain``: neither, on this machine alone."""

    host: str
    port: int
    folder: str
    tls: bool
    plain: bool


def imap_address(url: str) -> ImapAddress:
    """The parts of an imaps:// or imap:// address. Raises ValueError, whose text says what is wrong."""
    parts = urlsplit(url)
    if parts.scheme not in ("imaps", "imap") or not parts.hostname:
        raise ValueError("it is no imaps:// or imap:// address with a host")
    if "@" in parts.netloc:
        raise ValueError("it has a login in it")
    if parts.query or parts.fragment or parts.port == 0:
        raise ValueError("it has a query, a fragment or no good port")
    folder = unquote(parts.path.removeprefix("/")) or "INBOX"
    if not folder.isprintable():
        raise ValueError("its folder holds a control character")
    tls = parts.scheme == "imaps"
    plain = not tls and _LOOPBACK.fullmatch(parts.hostname) is not None
    return ImapAddress(parts.hostname, parts.port or (993 if tls else 143), folder, tls, plain)
