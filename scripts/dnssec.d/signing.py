"""Signs zones with the tools of ldns, BIND and Knot."""

import re
import subprocess
from datetime import datetime
from pathlib import Path

import world

STAMP = "%Y%m%d%H%M%S"
LONGEST = 3_650  # days


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
    file = folder / f"{base}.signed"
    if zone.tool == "knot":
        run_knot(folder, zone, plain, file)
        keys = ("-f", str(file), apex)
    else:
        key = run(folder, "dnssec-keygen", "-q", "-a", zone.algorithm, *bits(zone.algorithm), "-f", "KSK", "-n",
                  "ZONE", apex).strip()
        keys = (f"{key}.key",)
    ds = run(folder, "dnssec-dsfromkey", *zone.digest.split(), *keys).split("IN DS ")[1:]
    ds = [" ".join(one.split()) for one in ds]
    if zone.fault == "wrong-ds":
        ds = [one[:-1] + ("0" if one[-1] != "0" else "1") for one in ds]
    if zone.fault == "unknown":
        ds = [" ".join([one.split()[0], "99", *one.split()[2:]]) for one in ds]
    if zone.fault == "island":
        ds = []
    if zone.fault == "no-keys":
        return world.Signed(zone.name, str(plain), ds)
    begin, end = period(zone.fault)
    rounds = zone.rounds
    denial = {"nsec": ["", ""], "nsec3": [f"-n -t {rounds} -s -", f"-3 - -H {rounds}"],
              "opt-out": [f"-n -p -t {rounds} -s -", f"-3 - -H {rounds} -A"]}
    ldns, bind = (flags.split() for flags in denial[zone.denial])
    if zone.tool == "ldns":
        ldns = [flag for flag in ldns if flag not in ("-s", "-")]
        run(folder, "ldns-signzone", "-i", begin, "-e", end, *ldns, "-o", apex, "-f", str(file), str(plain), key)
    elif zone.tool == "bind":
        plain.write_text(text + (folder / f"{key}.key").read_text())
        run(folder, "dnssec-signzone", "-q", "-P", "-z", "-s", begin, "-e", end, *bind, "-o", apex, "-f", str(file),
            "-O", "full", str(plain), key)
    if zone.fault == "altered":
        file.write_text(altered(file.read_text()))
    return world.Signed(zone.name, str(file), ds)


def run_knot(folder, zone, plain, file):
    """Knot makes the key itself, and signs from the time of day on, which is another one where it is to be wrong."""
    own = folder / f"{plain.stem}.knot"
    own.mkdir()
    on = {True: "on", False: "off"}
    begin, end = period(zone.fault)
    days = (datetime.strptime(end, STAMP) - datetime.strptime(begin, STAMP)).days
    config = own / "knot.conf"
    config.write_text(f"""\
server:
  rundir: "{own}"
database:
  storage: "{own}"
policy:
  - id: own
    algorithm: {zone.algorithm}
    single-type-signing: on
    rrsig-lifetime: {min(days, LONGEST)}d
    rrsig-refresh: 1d
    nsec3: {on[zone.denial != "nsec"]}
    nsec3-opt-out: {on[zone.denial == "opt-out"]}
    nsec3-iterations: {zone.rounds}
    nsec3-salt-length: 0
    cds-cdnskey-publish: none
template:
  - id: default
    storage: "{folder}"
    journal-content: none
zone:
  - domain: "{zone.name}"
    file: "{plain}"
    dnssec-signing: on
    dnssec-policy: own
""")
    when = ["faketime", str(datetime.strptime(begin, STAMP))] if zone.fault in ("expired", "future") else []
    run(folder, *when, "kzonesign", "-c", str(config), "-o", str(own), zone.name)
    file.write_text((own / plain.name).read_text())


def bits(algorithm):
    return ["-b", "2048"] if algorithm.startswith("RSA") else []


def altered(text):
    """Another MX and another address than what was signed."""
    text = re.sub(r"(\sMX\s+)10(\s)", r"\g<1>20\2", text)
    return re.sub(r"(\sA\s+)127\.0\.7\.1", r"\g<1>127.0.7.8", text)
