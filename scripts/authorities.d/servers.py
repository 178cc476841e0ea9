"""Name servers of Debian: how each kind is given zones and addresses, and raised."""

import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

READY = 30  # seconds


@dataclass(frozen=True)
class Kind:
    """A kind of server: Debian's packages with a program of each, and how one is begun.

    `begin` gets a folder of its own, addresses and zones (name, file), and gives the command.
    """

    packages: tuple
    begin: Callable

    def missing(self):
        return [package for package, program in self.packages if not which(program)]


def which(program):
    return shutil.which(program, path="/usr/sbin:/sbin:/usr/bin:/bin") or (Path(program).exists() and program)


def nsd(folder, addrs, zones):
    listen = "".join(f"  ip-address: {addr}\n" for addr in addrs)
    config = f"server:\n{listen}  server-count: 1\n  username: \"\"\n  chroot: \"\"\n  zonesdir: \"{folder}\"\n" \
        f"  pidfile: \"{folder}/pid\"\n  xfrdfile: \"{folder}/xfrd\"\n  xfrdir: \"{folder}\"\n" \
        f"  zonelistfile: \"{folder}/list\"\n  database: \"\"\n  rrl-ratelimit: 0\n" \
        "remote-control:\n  control-enable: no\n"
    config += "".join(f"zone:\n  name: \"{name}\"\n  zonefile: \"{file}\"\n" for name, file in zones)
    return [which("nsd"), "-d", "-c", write(folder, "nsd.conf", config)]


def knot(folder, addrs, zones):
    listen = ", ".join(f"{addr}@53" for addr in addrs)
    config = f"server:\n  listen: [{listen}]\n  rundir: \"{folder}\"\n  udp-workers: 1\n  tcp-workers: 1\n" \
        f"database:\n  storage: \"{folder}\"\ntemplate:\n  - id: default\n    storage: \"{folder}\"\n" \
        "    zonefile-sync: -1\n    journal-content: none\nzone:\n"
    config += "".join(f"  - domain: \"{name}\"\n    file: \"{file}\"\n" for name, file in zones)
    return [which("knotd"), "-c", write(folder, "knot.conf", config)]


def bind(folder, addrs, zones):
    listen = "".join(f"{addr}; " for addr in addrs)
    config = f"options {{\n  directory \"{folder}\";\n  listen-on {{ {listen}}};\n  listen-on-v6 {{ none; }};\n" \
        "  recursion no;\n  allow-query { any; };\n  session-keyfile none;\n  pid-file none;\n  notify no;\n" \
        "  dnssec-validation no;\n};\n" \
        "controls { };\n"
    config += "".join(
        f"zone \"{name}\" {{ type primary; file \"{file}\"; check-names ignore; }};\n" for name, file in zones)
    return [which("named"), "-g", "-n", "1", "-c", write(folder, "named.conf", config)]


def powerdns(folder, addrs, zones):
    listed = (f"zone \"{name}\" {{ type master; file \"{file}\"; }};\n" for name, file in zones)
    write(folder, "named.conf", "".join(listed))
    config = f"launch=bind\nbind-config={folder}/named.conf\nlocal-address={','.join(addrs)}\nlocal-port=53\n" \
        f"socket-dir={folder}\nguardian=no\ndaemon=no\nexpand-alias=no\ndname-processing=yes\nsecurity-poll-suffix=\n"
    write(folder, "pdns.conf", config)
    return [which("pdns_server"), f"--config-dir={folder}"]


KINDS = {
    "nsd": Kind((("nsd", "nsd"),), nsd),
    "knot": Kind((("knot", "knotd"),), knot),
    "bind": Kind((("bind9", "named"),), bind),
    "powerdns": Kind((("pdns-server", "pdns_server"), ("pdns-backend-bind", "/etc/powerdns/pdns.d/bind.conf")),
                     powerdns),
}


def given(settings):
    """The lines of settings that operators are given which say nothing of where a resolver stands and whom it trusts."""
    return [line for line in Path(settings).read_text().splitlines()
            if not line.strip().startswith(("server:", "interface", "port:", "access-control", "do-not-query",
                                            "auto-trust", "trust-anchor", "module-config", "root-hints",
                                            "num-threads", "username", "chroot", "pidfile", "directory"))]


def unbound(folder, addr, hints, settings):
    """A resolver of that root, with the settings that operators are given."""
    config = f"server:\n  interface: {addr}\n  port: 53\n  access-control: 127.0.0.0/8 allow\n" \
        f"  do-not-query-localhost: no\n  module-config: iterator\n  root-hints: \"{hints}\"\n" \
        f"  num-threads: 1\n  username: \"\"\n  chroot: \"\"\n  pidfile: \"{folder}/pid\"\n" \
        f"  directory: \"{folder}\"\n" + "\n".join(given(settings)) + "\n"
    return [which("unbound"), "-d", "-p", "-c", write(folder, "unbound.conf", config)]


def write(folder, name, text):
    path = Path(folder) / name
    path.write_text(text)
    return str(path)


def started(command, folder, addrs, port=53):
    """Begins a server, and comes back when each of its addresses answers; fails with its log."""
    log = Path(folder) / "log"
    with log.open("wb") as out:
        server = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
    question = bytes.fromhex("000100000001000000000000") + b"\0\0\6\0\1"
    give_up = time.monotonic() + READY
    for addr in addrs:
        while not answers((addr, port), question):
            if server.poll() is not None or time.monotonic() > give_up:
                server.kill()
                raise RuntimeError(f"{command[0]} does not answer at {addr}:\n{log.read_text(errors='replace')}")
    return server


def answers(at, question):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.settimeout(0.2)
        one.connect(at)
        try:
            one.send(question)
            return bool(one.recv(4096))
        except OSError:
            return False
