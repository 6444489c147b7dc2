"""The socket of an endpoint, and the one who started it."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import ipaddress
import json
import socket
import struct

from aiaas_magics import errors

BACKLOG = 1024
DIVERT = 51
"""SO_ATTACH_REUSEPORT_CBPF, which Python does not name (asm-generic/socket.h; socket(7))."""
WHY = {
    errno.EADDRINUSE: "another program listens there",
    errno.EACCES: "ports below 1024 need rights",
    errno.EADDRNOTAVAIL: "this machine has no such address",
}


def listen(port: int, *, share: bool, host: str = "127.0.0.1") -> socket.socket:
    """Return a socket on an address of this machine that its workers can serve.

    A port is taken alone, and only then left open to a successor: of two that ask for it at once,
    one is refused. A successor, which shares it, does not listen before its first worker answers.

    Raises
    ------
    PortInUse
    """
    six = ipaddress.ip_address(host).version == 6
    listener = socket.socket(socket.AF_INET6 if six else socket.AF_INET)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if share:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind((host, port))
        if not share:
            listener.listen(BACKLOG)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    except OSError as error:
        listener.close()
        if error.errno in WHY:
            what = f"port {port} cannot be used" + (
                f" on {host}" * (error.errno == errno.EADDRNOTAVAIL)
            )
            raise errors.PortInUse(what, WHY[error.errno], "--port 0") from error
        raise
    listener.set_inheritable(True)
    return listener


def divert(listener: socket.socket) -> None:
    """Let new connections come to this socket alone, none to its predecessor on the same port.

    Those that still wait at a socket are reset when it is closed. A program of one step, "return 1",
    chooses the second of the sockets that share the port; systems without such programs go on dealing.
    """
    step = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 1))
    with contextlib.suppress(OSError):
        listener.setsockopt(socket.SOL_SOCKET, DIVERT, struct.pack("HP", 1, ctypes.addressof(step)))


def tell(number: int, said: dict[str, object]) -> bool:
    """Say something to whoever started this process; True if the starter takes it over.

    A starter that is gone, cancelled half-way, never answers: nobody would know of this process.
    """
    with contextlib.suppress(OSError), socket.socket(fileno=number) as starter:
        starter.sendall(json.dumps(said).encode())
        return bool(starter.recv(1))
    return False
