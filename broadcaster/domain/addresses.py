"""Which addresses feeds and partners may be at: public ones; loopback and private ones where it is allowed. Pure."""

from __future__ import annotations

import ipaddress

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
