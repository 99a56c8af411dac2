"""Which addresses may be connected to."""

from __future__ import annotations

import pytest

from broadcaster.domain.addresses import refused


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_addresses_pass(address: str) -> None:
    assert refused(address, False) == ""


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "192.168.0.1",
        "172.16.0.1",
        "::1",
        "fd00::1",
        "::ffff:10.0.0.1",
        "100.64.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "240.0.0.1",
        "192.0.2.1",
    ],
)
def test_private_addresses_are_refused_by_default(address: str) -> None:
    assert "allow_private" in refused(address, False)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "::1", "fd00::1", "::ffff:10.0.0.1"])
def test_private_addresses_pass_where_they_are_allowed(address: str) -> None:
    assert refused(address, True) == ""


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "fe80::1%eth0",
        "224.0.0.1",
        "ff02::1",
        "0.0.0.0",
        "::",
        "::ffff:169.254.169.254",
        "::ffff:0.0.0.0",
        "64:ff9b::a9fe:a9fe",
        "nonsense",
        "",
    ],
)
def test_some_addresses_are_refused_whatever_is_allowed(address: str) -> None:
    assert refused(address, True)
    assert refused(address, False)
