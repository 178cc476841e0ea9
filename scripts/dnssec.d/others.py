"""What other validators say of a name: unbound, and BIND's delv."""

import socket
import subprocess
from pathlib import Path

import servers
from world import BOGUS, INSECURE, SECURE

SETTINGS = Path(__file__).resolve().parent.parent / "unbound.conf"
TYPES = {"A": 1, "CNAME": 5, "MX": 15, "TLSA": 52}


def started_unbound(folder, at, hints, anchor):
    """A resolver that validates from this key down, with the settings that operators are given; gives its process."""
    addr, port = at
    folder = Path(folder) / "unbound"
    folder.mkdir()
    config = f"server:\n  interface: {addr}\n  port: {port}\n  access-control: 127.0.0.0/8 allow\n" \
        f"  do-not-query-localhost: no\n  module-config: \"validator iterator\"\n  trust-anchor-file: \"{anchor}\"\n" \
        f"  root-hints: \"{hints}\"\n  username: \"\"\n  chroot: \"\"\n  pidfile: \"{folder}/pid\"\n" \
        f"  directory: \"{folder}\"\n" + "\n".join(servers.given(SETTINGS)) + "\n"
    command = [servers.which("unbound"), "-d", "-p", "-c", servers.write(folder, "unbound.conf", config)]
    return servers.started(command, folder, (addr,), port)


def unbound(at, name, kind):
    """What unbound says: SERVFAIL is bogus where every server answers."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    question = bytes.fromhex("123401200001000000000001") + labels + b"\0" + TYPES[kind].to_bytes(2, "big") \
        + b"\0\1" + bytes.fromhex("0000290fa0000080000000")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.settimeout(15)
        answer = None
        for _ in range(3):
            one.sendto(question, at)
            try:
                answer = one.recv(65_535)
                break
            except TimeoutError:
                continue
    if answer is None:
        return "no answer"
    if answer[3] & 0x0f == 2:
        return BOGUS
    return SECURE if answer[3] & 0x20 else INSECURE


def delv(at, key, name, kind):
    """What delv makes by itself of what the resolver hands on unvalidated; `key` is a file of `trust_of`."""
    addr, port = at
    command = ["delv", f"@{addr}", "-p", str(port), "-a", key, "-t", kind, f"{name}.", "+root=."]
    ended = subprocess.run(command, capture_output=True, text=True)
    said = ended.stdout + ended.stderr
    # That there is nothing is a failure to it, too.
    said = said.replace("resolution failed: ncache", "")
    marks = {"fully validated": SECURE, "unsigned answer": INSECURE, "resolution failed": BOGUS}
    found = {meant for mark, meant in marks.items() if mark in said}
    # Of an alias each link is told by itself: the whole is as secure as the least.
    for least in (BOGUS, INSECURE, SECURE):
        if least in found:
            return least
    return f"delv said {said!r}"


def trust_of(folder, anchor):
    """The same key as BIND has it; gives the file."""
    words = next(line for line in Path(anchor).read_text().splitlines() if "DNSKEY" in line).split(";")[0].split()
    flags, protocol, algorithm, *key = words[words.index("DNSKEY") + 1:]
    text = f"trust-anchors {{ . static-key {flags} {protocol} {algorithm} \"{''.join(key)}\"; }};\n"
    return servers.write(folder, "bind.keys", text)
