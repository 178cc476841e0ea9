"""The file of answers, and the page that is made of it."""

import datetime
import sys
import textwrap
from pathlib import Path

import ask
import chains

FILE = Path(__file__).resolve().parent / "senders.tsv"
WORDS = {True: "taken", False: "refused"}
OURS = "sts-scan"

HEAD = """# Certificates, by sender

What eight senders and libraries make of certificates, each asked by a handshake with a server that sends the
chain of that row below a root that it trusts, at its defaults. Asked on {date} with {versions}. Postfix is
asked by `posttls-finger -l secure`, Exim by a delivery with `tls_verify_hosts` and `tls_verify_cert_hostnames`
(both over STARTTLS), OpenSSL by `s_client` at Debian's level 2, Java by an `SSLSocket` with the endpoint
identification of HTTPS, the others by their usual client.

The last columns are this scanner's: the faults that it sees (`cert_faults`, with `cert_cause`), and what it says
senders differ by (`cert_differs`). Where it stands against most of the eight, [METHODS.md](../METHODS.md) says
why. `+` takes the certificate, `-` refuses it.

This page is made by `scripts/senders-check --page` from what `scripts/senders-check --write` found.

"""


def read():
    """The versions by sender (with the date), and the rows by case."""
    lines = FILE.read_text().splitlines()
    versions = dict(line[2:].split("\t") for line in lines if line.startswith("# "))
    table = [line.split("\t") for line in lines if not line.startswith("# ")]
    return versions, {row[0]: dict(zip(table[0], row)) for row in table[1:]}


def write(versions, rows):
    columns = ["case", *ask.SENDERS, "cert_faults", "cert_cause", "cert_differs"]
    lines = [f"# {name}\t{value}" for name, value in versions.items()]
    lines += ["\t".join(columns)] + ["\t".join(row[column] for column in columns) for row in rows.values()]
    FILE.write_text("\n".join(lines) + "\n")


def hold(seen, ours, is_to_write):
    """Holds what was seen against the file; gives the exit code."""
    versions, before = read() if FILE.exists() else ({}, {})
    versions = {"date": datetime.date.today().isoformat(), **{
        name: seen[name][0] if name in seen else versions.get(name, "") for name in ask.SENDERS}}
    rows, changes = {}, 0
    for case in chains.CASES:
        old = before.get(case.name, {})
        row = {"case": case.name}
        for name in ask.SENDERS:
            row[name] = WORDS[seen[name][1][case.name]] if name in seen else old.get(name, "")
        faults, cause, differs = ours[case.name]
        row |= {"cert_faults": " ".join(faults), "cert_cause": cause or "", "cert_differs": " ".join(differs)}
        for column, value in row.items():
            if old.get(column) != value:
                changes += 1
                print(f"{case.name}: {column}: {old.get(column)!r} in the file, {value!r} found")
        rows[case.name] = row
    print(f"{len(rows)} chains, {len(seen)} senders, {changes} answers that are not as in the file")
    if is_to_write:
        write(versions, rows)
        return 0
    return int(changes > 0)


def print_page():
    versions, rows = read()
    date = versions.pop("date")
    named = ", ".join(f"{name} {version}" for name, version in versions.items())
    paragraphs = HEAD.format(date=date, versions=named).strip().split("\n\n")
    print("\n\n".join(textwrap.fill(one, 110, break_on_hyphens=False) for one in paragraphs) + "\n")
    names = list(ask.SENDERS)
    print("| chain | " + " | ".join(names) + " | faults | differs |")
    print("|---|" + "---|" * (len(names) + 2))
    against = []
    for case in chains.CASES:
        row = rows[case.name]
        marks = ["+" if row[name] == "taken" else "-" for name in names]
        faults = row["cert_faults"] + (f" ({row['cert_cause']})" if row["cert_cause"] else "")
        print(f"| {case.about} | " + " | ".join(marks) + f" | {faults or 'none'} | {row['cert_differs']} |")
        most = marks.count("+") * 2 > len(marks)
        if most != (row["cert_faults"] == ""):
            against.append(f"{case.name}: {marks.count('+')} of {len(marks)} take it; {OURS}: {faults or 'valid'}")
    print("\n".join([f"{len(against)} of {len(rows)} chains against most senders:", *against]), file=sys.stderr)
    return 0
