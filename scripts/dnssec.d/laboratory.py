"""The laboratory's signed situations, asked without a resolver and through unbound: the same security of every name, and
the same dataset but for what METHODS says of the two ways."""

import json
import re
import subprocess
from pathlib import Path

import others
from world import INSECURE, NOT_ASKED, SECURE, UNKNOWN, security

# The laboratory has port 53 of every address.
UNBOUND = "127.0.9.1", 5353
DOMAINS = 700
# What a resolver does not tell (METHODS, "Name servers that disagree" and the columns' own meanings).
OF_ITERATING = {"delegated_to", "ds", "sts_ns_agree"}
# Reasons in a resolver's own words: unbound has others for some (RFC 8914).
OF_REASONS = {"mx_ede", "sts_ede", "host_ede", "tlsa_ede"}
# A validating resolver has nothing at all of a domain that is bogus (METHODS, "Secure, insecure, bogus").
LOST = "dnssec-mx-"
# Nor does it say that a name which a scan makes up is not there where nothing proves it, however often it is
# asked; and that no server of a zone answers is to it a failure as any other.
OF_SITUATIONS = {
    "dnssec-no-proofs": {"attempts", "dns_retried", "sts_wildcard", "policy_wildcard"},
    "dane-unreachable": {"tlsa_ad", "dane", "findings"},
}
# What each of the three says where an opt-out covers a name (METHODS, limits).
OPT_OUT = INSECURE, INSECURE, SECURE
# Others ask servers that fail again and again, for longer than anybody waits.
UNREACHABLE = UNKNOWN.replace("NOERROR", "SERVFAIL")
DIFFERENCE = re.compile(r"^ +\d+  (\w+)\.(\S+)  (\S*)$")


def faults(folder, lab, scanner):
    """What is not as it should be, a line each, and how many answers were compared."""
    folder = Path(folder)
    world = folder / "world"
    served = subprocess.Popen([lab, "serve", "--domains", str(DOMAINS), "--dns", "signed", "--mix", "signed",
                               "--authority-port", "53", "--dir", world], stderr=subprocess.PIPE, text=True)
    unbound = None
    try:
        if not any("serving" in line for line in served.stderr):
            return ["the laboratory ended"], 0
        anchor = str(world / "root.key")
        unbound = others.started_unbound(folder, UNBOUND, str(world / "root.hints"), anchor)
        ways = {"iterating": [], "resolving": ["--resolver", ":".join(map(str, UNBOUND))]}
        found = [fault for way, flags in ways.items() for fault in graded(folder, lab, scanner, way, flags)]
        # Asked anew: of what a scan did not wait for unbound may say nothing for minutes.
        unbound.terminate()
        unbound.wait()
        (folder / "anew").mkdir()
        unbound = others.started_unbound(folder / "anew", UNBOUND, str(world / "root.hints"), anchor)
        compared, differing = secured(folder, scanner, others.trust_of(folder, anchor))
        return found + differing, compared
    finally:
        for server in (served, unbound):
            if server:
                server.terminate()
                server.wait()


def graded(folder, lab, scanner, way, flags):
    """Scans one way; gives the differences to the truth that this way does not explain."""
    world = folder / "world"
    scan = subprocess.run([scanner, "scan", world / "list.csv", "-o", folder / way, "--config", world / "scan.toml",
                           "--quiet", *flags], capture_output=True, text=True)
    if scan.returncode != 0:
        return [f"{way}: {scan.stderr}"]
    grade = subprocess.run([lab, "grade", folder / way, world / "truth.parquet"], capture_output=True, text=True)
    differing = [line for line in grade.stdout.splitlines() if DIFFERENCE.match(line)]
    if "differences" not in grade.stdout and "no difference" not in grade.stdout:
        return [f"{way}: {grade.stdout}{grade.stderr}"]
    return [f"{way}: {line.strip()}" for line in differing if not is_explained(way, *DIFFERENCE.match(line).groups())]


def is_explained(way, table, column, situation):
    """Whether METHODS says of a difference that it hangs on the way ("Secure, insecure, bogus")."""
    if way == "iterating":
        return False
    is_lost = situation.startswith(LOST) and situation != "dnssec-mx-insecure"
    return is_lost or column in OF_ITERATING | OF_REASONS | OF_SITUATIONS.get(situation, set())


def secured(folder, scanner, trust):
    """Every name that DANE rests on, as the scanner finds it and as unbound and delv do."""
    world = folder / "world"
    names = [line.split(",")[1] for line in (world / "list.csv").read_text().splitlines()[1:]][:DOMAINS // 3]
    ended = subprocess.run([scanner, "check", *names, "--config", world / "scan.toml", "--format", "json",
                            "--second-look", "none"], capture_output=True, text=True)
    compared, faults = 0, []
    for row in map(json.loads, ended.stdout.splitlines()):
        questions = [("MX", row["domain"], security(row["mx"]["dns"], row["mx"]["ad"], row["mx"]["ede"]))]
        for host in row["mx"]["hosts"] or []:
            name, seen = host["host"], host["addresses"][0]
            questions.append(("A", name, security(seen["dns"], seen["ad"], seen["ede"])))
            if seen["cname_ad"] is not None:
                questions.append(("CNAME", name, SECURE if seen["cname_ad"] else INSECURE))
            questions.append(("TLSA", f"_25._tcp.{name}", security(seen["tlsa_dns"], seen["tlsa_ad"], seen["tlsa_ede"])))
        for kind, name, found in questions:
            if found in (NOT_ASKED, UNREACHABLE):
                continue
            compared += 1
            by_unbound, by_delv = others.unbound(UNBOUND, name, kind), others.delv(UNBOUND, trust, name, kind)
            if (found, by_unbound, by_delv) not in ((found,) * 3, OPT_OUT):
                faults.append(f"{name} {kind}: found {found}, unbound {by_unbound}, delv {by_delv}")
    return compared, faults
