"""Network interfaces that a worker or a scheduler can listen on."""

import socket

import psutil

from hifred.errors import SettingsError


def ipv4_interfaces() -> dict[str, str]:
    """Return the interfaces of this host that have an IPv4 address, and that."""
    return {
        name: address.address
        for name, addresses in psutil.net_if_addrs().items()
        for address in addresses
        if address.family == socket.AF_INET
    }


def check_interface(interface: str) -> str:
    """Return the IPv4 address of an interface of this host, or refuse it.

    Raises
    ------
    SettingsError
        If there is no such interface, or Dask could not use it.
    """
    usable = ipv4_interfaces()
    if interface in usable:
        return usable[interface]
    names = ", ".join(sorted(usable))
    found = f"got {interface!r}"
    if interface in psutil.net_if_addrs():
        found += ", which has no IPv4 address"
    raise SettingsError(
        f"interface must be one of this host's ({names}); {found}. "
        "`ip -brief address` shows which the nodes share."
    )
