"""Hides parts of a graded dataset as the scanner would leave them, judges the rest, asks every table, and holds the
ranges against the whole dataset's numbers: low <= number <= high.

usage: check.py PROGRAMS WHOLE SUBSETS
  PROGRAMS  folder of the built programs
  WHOLE     a dataset of the laboratory (sts-lab dataset)
  SUBSETS   how many subsets to try
"""

import concurrent.futures
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

import pyarrow
import pyarrow.parquet

# What a scan that did not try the fetch leaves null.
POLICY = (
    "at outcome cert_outcome cert_faults tls_version tls_group certificate_sha256 chain_sha256 http_status redirect_to "
    "content_type bytes sha256 body fetch_ms attempts wildcard valid usable mode max_age_s mx"
).split()
# What an address that was not tried leaves null.
ADDRESS = (
    "smtp_phase smtp_code smtp_text banner ehlo starttls tls_version tls_cipher tls_group certificate_sha256 chain_sha256 "
    "cert_outcome cert_faults probed_at connect_ms banner_ms handshake_ms looks"
).split()
# Tables of names, whose ranges hold whatever of the DNS is hidden. That of the largest cluster is of what was seen.
OF_NAMES = {"adoption", "suffix", "rank", "rank-width", "tlsrpt"}
# The other tables are of the names that are known to signal.
OF_SIGNALLERS = {
    "policy-host-provider", "mode", "max-age", "managers", "stages", "findings", "policy-errors", "policy-error-codes",
    "mx-certificates", "verdicts", "losing-mail", "same-provider", "result-types",
}
# Columns that say which row it is.
KEYS = {
    "denominator", "part", "suffix", "bin", "first_rank", "provider", "policy", "mode", "lifetime", "entity", "manager",
    "stage", "code", "verdict", "relation", "result_type",
}


def hide_policy(row):
    for name in POLICY:
        row[f"policy_{name}"] = None
    row["policy_addrs"] = [
        {**addr, "outcome": "not_attempted"} for addr in row["policy_addrs"] or []
    ] if row["policy_addrs"] is not None else None
    for host in row["mx"] or []:
        host["matched"] = host["pattern"] = None


def hide_address(row):
    for name in ADDRESS:
        row[name] = None
    row.update(smtp_outcome="not_attempted", waited_ms=0, attempts=[])


def hide_mx(row):
    row.update(mx_dns="TIMEOUT", mx_kind="unknown", mx=None)


def hide_record(row):
    row.update(sts_dns="TIMEOUT", sts_signals=None, sts_record="unknown", sts_txt=None, sts_id=None, sts_cname=None)
    hide_policy(row)
    for name in ("host_dns", "cname", "addrs"):
        row[f"policy_{name}"] = None


def hide_tlsrpt(row):
    row.update(tlsrpt_dns="TIMEOUT", tlsrpt_record="unknown", tlsrpt_txt=None, tlsrpt_rua=None)


def chosen(dice, rows, share):
    return [row for row in rows if dice.random() < share]


def subset(whole, folder, number, of_names):
    """Writes the dataset with something hidden; gives what."""
    dice = random.Random(number)
    rows = {}
    for table in ("domains", "mx_hosts", "certificates"):
        parts = sorted((whole / table).glob("part-*.parquet"))
        schema = pyarrow.parquet.read_schema(parts[0])
        rows[table] = (schema, [row for part in parts for row in pyarrow.parquet.read_table(part).to_pylist()])
    share = dice.choice([0.02, 0.1, 0.4, 0.9])
    domains, hosts = rows["domains"][1], rows["mx_hosts"][1]
    if of_names:
        for hide in (hide_mx, hide_record, hide_tlsrpt):
            if dice.random() < 0.6:
                for row in chosen(dice, domains, share):
                    hide(row)
    else:
        if dice.random() < 0.6:
            for row in chosen(dice, [row for row in domains if row["sts_signals"]], share):
                hide_policy(row)
        if dice.random() < 0.6:
            for row in chosen(dice, [row for row in hosts if row["smtp_phase"]], share):
                hide_address(row)
        if dice.random() < 0.6:
            names = sorted({row["host"] for row in hosts})
            gone = set(chosen(dice, names, share))
            hosts[:] = [row for row in hosts if row["host"] not in gone]
        if dice.random() < 0.3:
            for row in chosen(dice, domains, share):
                hide_tlsrpt(row)
    name = f"subset-{number:04}"
    for table, (schema, content) in rows.items():
        (folder / table).mkdir(parents=True)
        if content:
            for row in content:
                row["scan"] = name
            pyarrow.parquet.write_table(pyarrow.Table.from_pylist(content, schema), folder / table / "part-00000.parquet")
    manifest = json.loads((whole / "manifest.json").read_text())
    for key in ("rows", "counts"):
        manifest.pop(key, None)
    manifest.update(scan=name, complete=False, counts={})
    (folder / "manifest.json").write_text(json.dumps(manifest))
    shutil.copytree(whole / "dictionary", folder / "dictionary")
    return name


def made(arguments):
    programs, whole, folder, number, of_names = arguments
    name = subset(whole, folder, number, of_names)
    assess = subprocess.run([programs / "sts-scan", "assess", folder], capture_output=True, text=True)
    if assess.returncode:
        sys.exit(f"{name}: {assess.stderr}")
    return folder


def tables(programs, folders, names):
    """Every row of the tables: by table, scan and keys."""
    found = {}
    for program in ("sts-adoption", "sts-misconfig"):
        run = subprocess.run(
            [programs / program, *folders, "--partial", "--format", "json", "--memory", "1024"], capture_output=True, text=True
        )
        if run.returncode:
            sys.exit(f"{program}: {run.stderr}")
        for table in json.loads(run.stdout)["tables"]:
            if table["name"] not in names:
                continue
            for row in table["rows"]:
                keys = tuple((key, row[key]) for key in row if key in KEYS)
                found[table["name"], row["scan"], keys] = row
    return found


def left_out(key):
    """Rows without a range over the whole: the largest cluster and the names without MX are those that were seen; a
    missing intermediate is told from no trust by what was seen of others."""
    name, value = key
    return key in (("part", "without the largest cluster"), ("denominator", "MX unknown")) or (
        name == "code" and value.endswith(("_untrusted", "_chain_incomplete"))
    )


def main(programs, whole, count):
    checked = wrong = 0
    with tempfile.TemporaryDirectory() as work:
        for of_names, names in ((True, OF_NAMES), (False, OF_SIGNALLERS)):
            numbers = [number for number in range(count) if (number % 2 == 0) == of_names]
            jobs = [(programs, whole, pathlib.Path(work, f"{number:04}"), number, of_names) for number in numbers]
            with concurrent.futures.ProcessPoolExecutor(2) as pool:
                folders = list(pool.map(made, jobs, chunksize=8))
            scan = json.loads((whole / "manifest.json").read_text())["scan"]
            expected = {
                (name, keys): row for (name, of, keys), row in tables(programs, [whole], names).items() if of == scan
            }
            for (name, of, keys), row in tables(programs, folders, names).items():
                if any(left_out(key) for key in keys):
                    continue
                whole_row = expected.get((name, keys))
                for low in [column for column in row if column == "low" or column.endswith("_low")]:
                    share, high = low.replace("low", "pct"), low.replace("low", "high")
                    # A pct that the whole dataset does not have, and a row that it does not have, are none.
                    number = whole_row[share] if whole_row else None
                    if number is None or row[low] is None or row[high] is None:
                        continue
                    checked += 1
                    if not row[low] - 1e-9 <= number <= row[high] + 1e-9:
                        wrong += 1
                        if wrong <= 20:
                            print(f"{of} {name} {dict(keys)} {share}: {row[low]} <= {number} <= {row[high]}", file=sys.stderr)
            for folder in folders:
                shutil.rmtree(folder)
    if wrong or not checked:
        sys.exit(f"bounds-check: {wrong} of {checked} ranges do not hold the whole dataset's number")
    print(f"{count} subsets: {checked} ranges hold the whole dataset's number")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve(), int(sys.argv[3]))
