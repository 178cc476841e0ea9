"""What `sts-scan check` says of the world's names, without a resolver and behind one, held against what is right."""

import json
import subprocess
import tempfile
from pathlib import Path

import servers
import world

ROOT = Path(__file__).resolve().parent.parent.parent
SCANNER = ROOT / "target" / "debug" / "sts-scan"
# Two looks: a difference between name servers is one only where both see it.
SETTINGS = ["--allow-private", "--ehlo-name", "check.example.com", "--second-look", "1s"]


def differences(kind):
    """The rows of what is not as expected: name, way, what, expected, found."""
    with tempfile.TemporaryDirectory(prefix="authorities-") as folder:
        folder = Path(folder)
        running = []
        try:
            hints = raise_all(kind, folder, running)
            ways = {"iterating": ["--resolver", "none", "--root-hints", hints],
                    "unbound": ["--resolver", world.RESOLVER]}
            return [(name, f"{kind}, {way}", *row) for way, flags in ways.items()
                    for name, seen in looked(flags).items() for row in against(name, seen, way)]
        finally:
            for server in running:
                server.terminate()
            for server in running:
                server.wait()


def raise_all(kind, folder, running):
    for number, (addrs, zones) in enumerate(world.SERVED):
        own = folder / f"{kind}-{number}"
        own.mkdir()
        files = [(name, servers.write(own, f"{name.strip('.') or 'root'}.zone", text)) for name, text in zones]
        running.append(servers.started(servers.KINDS[kind].begin(own, addrs, files), own, addrs))
    hints = servers.write(folder, "hints", "".join(
        f". 3600 NS {label}.root.\n{label}.root. 3600 A {addr}\n" for label, addr in zip("ab", world.ROOT)))
    own = folder / "unbound"
    own.mkdir()
    command = servers.unbound(own, world.RESOLVER, hints, ROOT / "scripts" / "unbound.conf")
    running.append(servers.started(command, own, (world.RESOLVER,)))
    return hints


def looked(flags):
    command = [SCANNER, "check", *world.NAMES, "--format", "json", *SETTINGS, *flags]
    ended = subprocess.run(command, capture_output=True, text=True)
    if ended.returncode not in (0, 1):
        raise RuntimeError(f"{' '.join(map(str, command))}: {ended.stderr}")
    rows = (json.loads(line) for line in ended.stdout.splitlines())
    return {row["domain"]: row for row in rows}


def against(name, row, way):
    expected = dict(zip(("MX", "_mta-sts", "_smtp._tls", "record"), world.NAMES[name]))
    found = {"MX": row["mx"]["dns"], "_mta-sts": row["record"]["dns"], "_smtp._tls": row["tlsrpt"]["dns"],
             "record": row["record"]["state"]}
    if name in world.DISAGREE:
        expected["agree"], found["agree"] = (False if way == "iterating" else None), row["record"]["ns_agree"]
    return [(what, expected[what], found[what]) for what in expected if expected[what] != found[what]]
