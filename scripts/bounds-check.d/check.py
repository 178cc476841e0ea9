"""Hides parts of a graded dataset as the scanner would leave them, judges the rest, asks every table, and holds the
ranges against the whole dataset's numbers: low <= number <= high.

usage: check.py PROGRAMS WHOLE SUBSETS
  PROGRAMS  folder of the built programs
  WHOLE     a dataset of the laboratory (sts-lab dataset)
  SUBSETS   how many subsets to try
"""

import concurrent.futures
import functools
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
OF_NAMES = ["adoption", "suffix", "rank", "rank-width", "tlsrpt"]
# The other tables are of the names that are known to signal.
OF_SIGNALLERS = [
    "policy-host-provider", "mode", "max-age", "managers", "stages", "findings", "policy-errors", "policy-error-codes",
    "mx-certificates", "verdicts", "losing-mail", "same-provider", "result-types",
]
QUERIES = pathlib.Path(__file__).resolve().parents[2] / "analysis/queries"
# So many datasets are asked in one call.
AT_ONCE = 100
# Columns that say which row it is.
KEYS = {
    "denominator", "part", "suffix", "bin", "first_rank", "provider", "policy", "mode", "lifetime", "entity", "manager",
    "stage", "code", "verdict", "relation", "result_type", "sender",
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


@functools.cache
def read(whole, table):
    """A table of the whole dataset; once per process."""
    return pyarrow.parquet.read_table(sorted((whole / table).glob("part-*.parquet")))


class Hidden:
    """A table of which some rows become others; what is not chosen stays as it was written."""

    def __init__(self, whole, table):
        self.table, self.changed, self.gone = read(whole, table), {}, set()

    def where(self, is_chosen, *columns):
        """The numbers of the rows whose columns are so."""
        columns = zip(*(self.table.column(column).to_pylist() for column in columns))
        return [at for at, values in enumerate(columns) if is_chosen(*values)]

    def change(self, numbers, hide):
        for at, row in zip(numbers, self.table.take(numbers).to_pylist() if numbers else []):
            hide(self.changed.setdefault(at, row))

    def written(self, name):
        stays = [at for at in range(len(self.table)) if at not in self.changed and at not in self.gone]
        # Of a type, also where nothing stays.
        stays = self.table.take(pyarrow.array(stays, pyarrow.int64()))
        others = [row for at, row in self.changed.items() if at not in self.gone]
        others = pyarrow.Table.from_pylist(others, self.table.schema)
        table = pyarrow.concat_tables([stays, others], promote_options="none")
        at = table.schema.get_field_index("scan")
        scan = pyarrow.array([name] * len(table), pyarrow.string()).cast(table.schema.field(at).type)
        return table.set_column(at, table.schema.field(at), scan)


def subset(whole, folder, number, of_names):
    """Writes the dataset with something hidden; gives what."""
    dice = random.Random(number)
    rows = {table: Hidden(whole, table) for table in ("domains", "mx_hosts", "certificates")}
    share = dice.choice([0.02, 0.1, 0.4, 0.9])
    domains, hosts = rows["domains"], rows["mx_hosts"]
    every = range(len(domains.table))
    if of_names:
        for hide in (hide_mx, hide_record, hide_tlsrpt):
            if dice.random() < 0.6:
                domains.change(chosen(dice, every, share), hide)
    else:
        if dice.random() < 0.6:
            domains.change(chosen(dice, domains.where(bool, "sts_signals"), share), hide_policy)
        if dice.random() < 0.6:
            hosts.change(chosen(dice, hosts.where(bool, "smtp_phase"), share), hide_address)
        if dice.random() < 0.6:
            gone = set(chosen(dice, sorted(set(hosts.table.column("host").to_pylist())), share))
            hosts.gone.update(hosts.where(gone.__contains__, "host"))
        if dice.random() < 0.3:
            domains.change(chosen(dice, every, share), hide_tlsrpt)
    name = f"subset-{number:04}"
    for table, content in rows.items():
        (folder / table).mkdir(parents=True)
        content = content.written(name)
        if len(content):
            pyarrow.parquet.write_table(content, folder / table / "part-00000.parquet")
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
    """Every row of the tables of these names: by table, scan and keys. They are asked in one process, which makes
    once what they are made from; a program has its own tables by name, and any by their text."""
    texts = [text for name in names for text in ("--query", *QUERIES.glob(f"[0-9][0-9]-{name}.sql"))]
    command = [programs / "sts-misconfig", *folders, "--partial", "--format", "json", "--memory", "1024", *texts]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode:
        sys.exit(f"sts-misconfig: {run.stderr}")
    found = {}
    for table in json.loads(run.stdout)["tables"]:
        for row in table["rows"]:
            keys = tuple((key, row[key]) for key in row if key in KEYS)
            found[table["name"], row["scan"], keys] = row
    if missing := set(names) - {name for name, *_ in found}:
        sys.exit(f"no rows of {', '.join(sorted(missing))}")
    return found


def left_out(key):
    """Rows without a range over the whole: the largest cluster and the names without MX are those that were seen; a
    missing intermediate is told from no trust by what was seen of others."""
    name, value = key
    return key in (("part", "without the largest cluster"), ("denominator", "MX unknown")) or (
        name == "code" and value.endswith(("_untrusted", "_chain_incomplete"))
    )


def beyond(of_scan, row, whole_row):
    """The ranges of a row that were held against the whole's number, and of them those that do not hold it."""
    for low in [column for column in row if column == "low" or column.endswith("_low")]:
        share, high = low.replace("low", "pct"), low.replace("low", "high")
        # A pct that the whole dataset does not have, and a row that it does not have, are none.
        number = whole_row[share] if whole_row else None
        if number is None or row[low] is None or row[high] is None:
            continue
        holds = row[low] - 1e-9 <= number <= row[high] + 1e-9
        yield None if holds else f"{of_scan} {share}: {row[low]} <= {number} <= {row[high]}"


def main(programs, whole, count):
    checked, wrong = 0, []
    scan = json.loads((whole / "manifest.json").read_text())["scan"]
    with tempfile.TemporaryDirectory() as work, concurrent.futures.ProcessPoolExecutor(2) as pool:
        for of_names, names in ((True, OF_NAMES), (False, OF_SIGNALLERS)):
            of_whole = {key[::2]: row for key, row in tables(programs, [whole], names).items() if key[1] == scan}
            numbers = range(0 if of_names else 1, count, 2)
            for first in range(0, len(numbers), AT_ONCE):
                numbered = numbers[first : first + AT_ONCE]
                jobs = [(programs, whole, pathlib.Path(work, f"{at:04}"), at, of_names) for at in numbered]
                folders = list(pool.map(made, jobs, chunksize=8))
                for (name, of, keys), row in tables(programs, folders, names).items():
                    if not any(left_out(key) for key in keys):
                        held = list(beyond(f"{of} {name} {dict(keys)}", row, of_whole.get((name, keys))))
                        checked += len(held)
                        wrong += filter(None, held)
                for folder in folders:
                    shutil.rmtree(folder)
    print(*wrong[:20], sep="\n", end="\n" if wrong else "", file=sys.stderr)
    if wrong or not checked:
        sys.exit(f"bounds-check: {len(wrong)} of {checked} ranges do not hold the whole dataset's number")
    print(f"{count} subsets: {checked} ranges hold the whole dataset's number")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve(), int(sys.argv[3]))
