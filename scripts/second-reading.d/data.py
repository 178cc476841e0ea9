"""A dataset as METHODS.md reads it: what is known of each name, and the shares of names and of stages."""

import json
import tomllib
from collections import Counter, defaultdict
from pathlib import Path

import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[2]
POLICY = ["policy_dns", "policy_tcp", "policy_tls", "policy_http", "policy_text"]
MTA_STS = ["record", *POLICY, "mx", "smtp", "mx_tls", "mismatch"]
CATALOGUE = {f["code"]: f for f in json.loads((ROOT / "findings.json").read_text())}
PROVIDERS = {below: name for name, all_of in tomllib.loads((ROOT / "analysis/providers.toml").read_text()).items()
             for below in all_of}
THIRD, SELF, SMALL = 50, 5, 30  # METHODS: thresholds of managers, mark of small denominators
TRIED_NOT = {"not_attempted", "not_sampled", "no_address", "forbidden_address"}
VERDICTS = ["validated", "partial", "refused", "testing_passing", "testing_failing", "withdrawn", "no_mail",
            "no_policy", "indeterminate"]

DENOMINATORS = ["D1", "D2", "D3", "D4"]
MANAGERS = ["self", "third party", "unclassified", "unknown"]
ENTITIES = {"policy host": "policy", "MX": "mail", "DNS": "dns"}
LIFETIMES = [("0", 0, 0), ("up to 1 day", 1, 86400), ("up to 1 week", 86401, 604800),
             ("up to 4 weeks", 604801, 2419200), ("longer", 2419201, 2 ** 40)]

def words_of(column):
    tables = json.loads((ROOT / "columns.json").read_text())["tables"]
    tables = tables.values() if isinstance(tables, dict) else tables
    found = next(c for t in tables for c in t["columns"] if c["name"] == column)
    return {w["word"] for w in found["words"]}

# what a certificate is worth; client_limit does not say it
CERT_WORDS = words_of("cert_outcome") - {"client_limit"}

def small(*denominators):
    """the mark of a row: of shares that it has, the smallest denominator"""
    return any(n < SMALL for n in denominators if n is not None)

def rows_of(folder, table):
    return pq.read_table(folder / table).to_pylist()

def pct(part, whole):
    return None if not whole else 100 * part / whole

def is_error(code, lasting):
    """A fault that counts: severity error, and seen twice where it may pass."""
    f = CATALOGUE[code]
    return f["severity"] == "error" and (not f["may_pass"] or code in lasting)

def is_open(code, lasting):
    f = CATALOGUE[code]
    return f["severity"] == "indeterminate" or f["severity"] == "error" and not is_error(code, lasting)

class Data:
    def __init__(self, folder):
        manifest = json.load(open(folder / "manifest.json"))
        self.scan, self.partial = manifest["scan"], not manifest["complete"]
        self.domains = rows_of(folder, "domains")
        self.judged = {a["domain"]: a for a in rows_of(folder, "assessments")}
        self.hosts = defaultdict(list)
        for r in rows_of(folder, "mx_hosts"):
            self.hosts[r["host"]].append(r)
        self.mx_rows = [r for rows in self.hosts.values() for r in rows]
        self.certificates = {c["sha256"]: c for c in rows_of(folder, "certificates")}
        self.suffixes = {d["suffix"] for d in self.domains}
        for d in self.domains:
            self.read(d)
        self.signallers = [d for d in self.domains if d["signals"]]
        self.sizes = {k: Counter(d[k] for d in self.signallers if d[k]) for k in ENTITIES.values()}
        for d in self.signallers:
            d["manager"] = {key: self.manager(d, key) for key in self.sizes}
        for d in self.signallers:
            d["state"] = {s: self.state(d, s) for s in MTA_STS + ["any"]}
            worst = ["error", "unseen", "open", "right"].index
            d["state"]["policy"] = min((d["state"][s] for s in POLICY), key=worst)
            d["verdict"] = d["judgement"]["verdict_strict"]

    def registrable(self, host):
        labels = host.split(".")
        if labels[-1].isdigit():  # an MX record that holds an address
            return host
        for i in range(len(labels)):
            if ".".join(labels[i + 1:]) in self.suffixes:
                return ".".join(labels[i:])
        return ".".join(labels[-2:])

    def cluster(self, host):
        registrable = self.registrable(host)
        return PROVIDERS.get(registrable, registrable)

    def read(self, d):
        gone = d["mx_dns"] == "NXDOMAIN"  # nothing is below a name that does not exist
        d["signals"] = d["sts_signals"] if d["sts_signals"] is not None else (False if gone else None)
        known = d["sts_record"] not in (None, "unknown")
        d["adopts"] = d["sts_record"] == "valid" if known else (False if gone else None)
        a = self.judged.get(d["domain"])
        d["findings"], d["lasting"] = (a["findings"], a["lasting"]) if a else ([], [])
        d["errors"] = [c for c in d["findings"] if is_error(c, d["lasting"])]
        d["opens"] = [c for c in d["findings"] if is_open(c, d["lasting"])]
        d["judgement"] = a
        mx = [m for m in d["mx"] or [] if m["host"] not in (".", "") and m["host"].split(".")[-1] != "invalid"]
        d["mx_names"] = [m["host"] for m in mx]
        d["mx_rows"] = [r for h in d["mx_names"] for r in self.hosts.get(h, [])]
        d["mx_in_part"] = any(h not in self.hosts for h in d["mx_names"])
        d["in_part"] = d["mx_in_part"] or any(r["smtp_outcome"] == "not_attempted" for r in d["mx_rows"])
        d["any_in_part"] = d["policy_outcome"] is None or d["mx_kind"] == "unknown" or d["in_part"]
        d["no_mail"] = d["mx_kind"] in ("null", "none") or bool(d["mx_kind"] == "explicit" and d["mx"] and not mx)
        cname, addrs = d["policy_cname"], d["policy_addrs"]
        d["policy"] = (self.cluster(cname[0]) if cname else addrs[0]["addr"] if addrs
                       else d["registrable"] if d["policy_host_dns"] in ("NXDOMAIN", "NODATA") else None)
        d["mail"] = self.cluster(d["mx_names"][0]) if d["mx_names"] else None
        d["dns"] = self.cluster(d["ns"][0]) if d["ns"] else None

    def manager(self, d, key, third=THIRD, self_up_to=SELF):
        size = self.sizes[key][d[key]]
        if d[key] is None:
            return "unknown"
        if d[key] == d["registrable"] or size <= self_up_to:
            return "self"
        return "third party" if size >= third else "unclassified"

    def first_policy_fault(self, d):
        for stage in POLICY:
            codes = [c for c in d["errors"] + d["opens"] if CATALOGUE[c]["stage"] == stage]
            if codes:
                return stage, "error" if any(c in d["errors"] for c in codes) else "open"
        return None, None

    def state(self, d, stage):
        """error | open | unseen | part | right | unconcerned"""
        if d["judgement"] is None:
            return "unseen"
        if stage == "any":
            states = [self.state(d, s) for s in MTA_STS]
            if "error" in states:
                return "error"
            if "open" in states:
                return "open"
            return "part" if d["any_in_part"] else "right"
        if stage in ("smtp", "mx_tls", "mismatch") and d["no_mail"]:
            return "unconcerned"
        if stage in POLICY:
            at, how = self.first_policy_fault(d)
            if at is None:
                return "unseen" if d["policy_outcome"] is None else "right"
            if at == stage:
                return how
            # what comes after a fault that may pass is not known
            return "open" if how == "open" and POLICY.index(stage) > POLICY.index(at) else "right"
        if any(CATALOGUE[c]["stage"] == stage for c in d["errors"]):
            return "error"
        if any(CATALOGUE[c]["stage"] == stage for c in d["opens"]):
            return "open"
        if stage == "record":
            return "right"
        if stage == "mismatch":
            return "right" if d["policy_usable"] and d["mx_names"] else "unseen"
        nothing = {"mx": d["mx_kind"] == "unknown" or d["mx_names"] and not d["mx_rows"],
                   "smtp": all(r["smtp_outcome"] in TRIED_NOT for r in d["mx_rows"]),
                   "mx_tls": all(r["certificate_sha256"] is None for r in d["mx_rows"])}[stage]
        part = d["mx_in_part"] if stage == "mx" else d["in_part"]
        return "unseen" if nothing else "part" if part else "right"

def stage_share(names, stage):
    """concerned, unseen, open, errors, pct, low, high of a stage among these signallers"""
    n = Counter(d["state"][stage] for d in names)
    concerned = len(names) - n["unconcerned"]
    decided = concerned - n["unseen"] - n["open"]
    errors, at_most = n["error"], n["error"] + n["open"] + n["unseen"] + n["part"]
    return (concerned, n["unseen"], n["open"], errors, pct(errors, decided), pct(errors, concerned),
            pct(at_most, concerned), decided)

def belongs(d, which):
    """True, False, or None where the MX answer does not tell"""
    if which == "D4":
        return True
    if which == "D3":
        return d["mx_dns"] in ("NOERROR", "NODATA") or (False if d["mx_dns"] == "NXDOMAIN" else None)
    if d["mx_kind"] == "unknown":
        return None
    return d["mx_kind"] == "explicit" or which == "D2" and d["mx_kind"] == "implicit"

def name_share(inside, beside, has):
    """k, pct, low, high as METHODS has them for shares of names"""
    i, o = Counter(has(d) for d in inside), Counter(has(d) for d in beside)
    n, k, u, a, b, c = len(inside), i[True], i[None], o[True], o[None], o[False]
    return k, pct(k, n - u), pct(k, n + b + c), pct(k + u + a + b, n + a + b), n - u

def adoption_row(inside, beside):
    s = name_share(inside, beside, lambda d: d["signals"])
    a = name_share(inside, beside, lambda d: d["adopts"])
    return [len(inside), len(beside), sum(d["signals"] is None for d in inside), *s[:4], *a[:4], s[4] < SMALL]

def split(data, which, keep=lambda d: True):
    names = [d for d in data.domains if keep(d)]
    if which == "MX unknown":
        return [d for d in names if d["mx_kind"] == "unknown"], []
    return [d for d in names if belongs(d, which)], [d for d in names if belongs(d, which) is None]
