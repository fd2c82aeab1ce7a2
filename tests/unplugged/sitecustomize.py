"""Put on PYTHONPATH, this unplugs the network from a process and from all it starts.

Whatever asks for an address outside this machine is told that there is no network, and
written down in the file that DISTLAB_UNPLUGGED names.
"""

import os
import socket
import sys

LOCAL = {None, "", "localhost", "0.0.0.0", "::", "::1", socket.gethostname()}


def is_local(host):
    return host in LOCAL or str(host).startswith(("127.", "::ffff:127."))


def unplugged(event, arguments):
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None
    else:
        return
    host = host.decode() if isinstance(host, bytes) else host
    if not is_local(host):
        with open(os.environ["DISTLAB_UNPLUGGED"], "a") as asked:
            asked.write(f"{os.path.basename(sys.argv[0])}: {event} {host}\n")
        raise OSError(f"{host} is out of reach: the network is unplugged")


sys.addaudithook(unplugged)
