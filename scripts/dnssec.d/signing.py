"""Signs zones with the tools of ldns and of BIND."""

import re
import subprocess
from pathlib import Path

import world

DAYS = 86_400


def run(folder, *command):
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if ended.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {ended.stderr or ended.stdout}")
    return ended.stdout


def text_of(name, lines):
    apex = name.rstrip(".") + "." if name != "." else "."
    return f"$ORIGIN {apex}\n$TTL 300\n" + world.SOA.format(zone=apex).replace("..", ".") + \
        "".join(f"{line}\n" for line in lines)


def period(fault):
    """When signatures begin and end, as YYYYMMDDHHMMSS."""
    return {"expired": ("20200101000000", "20200201000000"),
            "future": ("20490101000000", "20490201000000")}.get(fault, ("20250101000000", "20500101000000"))


def signed(folder, zone, text):
    """Writes a zone's file, signed as it says; gives it with its DS records."""
    folder = Path(folder)
    base = zone.name.strip(".") or "root"
    plain = folder / f"{base}.zone"
    plain.write_text(text)
    if zone.algorithm is None:
        return world.Signed(zone.name, str(plain))
    apex = zone.name if zone.name != "." else "."
    key = run(folder, "dnssec-keygen", "-q", "-a", zone.algorithm, *bits(zone.algorithm), "-f", "KSK", "-n", "ZONE",
              apex).strip()
    ds = run(folder, "dnssec-dsfromkey", *zone.digest.split(), f"{key}.key").split("IN DS ")[1:]
    ds = [" ".join(one.split()) for one in ds]
    if zone.fault == "wrong-ds":
        ds = [one[:-1] + ("0" if one[-1] != "0" else "1") for one in ds]
    if zone.fault == "unknown":
        ds = [" ".join([one.split()[0], "99", *one.split()[2:]]) for one in ds]
    if zone.fault == "island":
        ds = []
    if zone.fault == "no-keys":
        return world.Signed(zone.name, str(plain), ds)
    file = folder / f"{base}.signed"
    begin, end = period(zone.fault)
    denial = {"nsec": ["", ""], "nsec3": ["-n -t 0 -s -", "-3 - -H 0"], "opt-out": ["-n -p -t 0 -s -", "-3 - -H 0 -A"]}
    ldns, bind = (flags.split() for flags in denial[zone.denial])
    if zone.tool == "ldns":
        ldns = [flag for flag in ldns if flag not in ("-s", "-")]
        run(folder, "ldns-signzone", "-i", begin, "-e", end, *ldns, "-o", apex, "-f", str(file), str(plain), key)
    else:
        plain.write_text(text + (folder / f"{key}.key").read_text())
        run(folder, "dnssec-signzone", "-q", "-P", "-z", "-s", begin, "-e", end, *bind, "-o", apex, "-f", str(file),
            "-O", "full", str(plain), key)
    if zone.fault == "altered":
        file.write_text(altered(file.read_text()))
    return world.Signed(zone.name, str(file), ds)


def bits(algorithm):
    return ["-b", "2048"] if algorithm.startswith("RSA") else []


def altered(text):
    """Another MX and another address than what was signed."""
    text = re.sub(r"(\sMX\s+)10(\s)", r"\g<1>20\2", text)
    return re.sub(r"(\sA\s+)127\.0\.7\.1", r"\g<1>127.0.7.8", text)
