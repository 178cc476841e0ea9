"""Tables counted a second time, from METHODS.md, columns.json and findings.json alone, with pandas and plain Python.

usage: read.py DATASET TABLES
  DATASET  a judged scan
  TABLES   folder with the tables as CSV, as `sts-adoption -o TABLES --format csv` and the like write them
"""

import collections
import csv
import json
import math
import pathlib
import sys

import pandas

ROOT = pathlib.Path(__file__).resolve().parents[2]
CATALOGUE = {found["code"]: found for found in json.loads((ROOT / "findings.json").read_text())}
POLICY = ["policy_dns", "policy_tcp", "policy_tls", "policy_http", "policy_text"]
ANY = ["record", *POLICY, "mx", "smtp", "mx_tls", "mismatch"]
VERDICTS = [
    "validated", "partial", "refused", "testing_passing", "testing_failing", "withdrawn", "no_mail", "no_policy",
    "indeterminate",
]


def rows(dataset, table):
    parts = sorted((dataset / table).glob("part-*.parquet"))
    if not parts:
        return []
    frame = pandas.concat([pandas.read_parquet(part, dtype_backend="pyarrow") for part in parts])
    return [{name: plain(value) for name, value in row.items()} for row in frame.to_dict("records")]


def plain(value):
    if value is None or value is pandas.NA:
        return None
    if isinstance(value, float) and math.isnan(value):
        return None
    if hasattr(value, "tolist"):
        return value.tolist()
    return value


def pct(count, of):
    return 100 * count / of if of else None


class Scan:
    def __init__(self, dataset):
        self.names = rows(dataset, "domains")
        judged = {row["domain"]: row for row in rows(dataset, "assessments")}
        self.judged = judged
        self.hosts = collections.defaultdict(list)
        for row in rows(dataset, "mx_hosts"):
            self.hosts[row["host"]].append(row)
        for row in self.names:
            known = row["mx_kind"] != "unknown"
            row["d1"], row["d2"] = row["mx_kind"] == "explicit", row["mx_kind"] in ("explicit", "implicit")
            row["d3"], row["d4"] = row["mx_dns"] in ("NOERROR", "NODATA"), True
            row["may_d1"] = not known and row["mx_dns"] not in ("NODATA", "NXDOMAIN")
            row["may_d2"], row["may_d4"] = not known, False
            row["may_d3"] = row["mx_dns"] not in ("NOERROR", "NODATA", "NXDOMAIN")
            row["undecided"] = row["sts_record"] == "unknown"
            row["signals"], row["adopts"] = row["sts_signals"] is True, row["sts_record"] == "valid"
            row["report"] = row["tlsrpt_record"] or "absent"
            row["judgement"] = judged.get(row["domain"])
        self.signallers = [row for row in self.names if row["signals"]]
        for row in self.signallers:
            self.look(row)

    def look(self, row):
        """What was seen of a signaller, and what counts against it."""
        judgement = row["judgement"] or {"findings": [], "lasting": []}
        row["found"] = {}
        for code in judgement["findings"] or []:
            about = CATALOGUE[code]
            lasts = code in (judgement["lasting"] or [])
            kind = about["severity"]
            row["found"][code] = "transient" if kind == "error" and about["may_pass"] and not lasts else kind
        outcome = row["policy_outcome"]
        about = CATALOGUE.get(outcome, {"severity": None, "may_pass": False})
        passes = about["may_pass"] and not ((row["looks"] or 0) > 1 or outcome in (judgement["lasting"] or []))
        if row["policy_usable"]:
            row["state"] = "usable"
        elif row["policy_valid"] is not None:
            row["state"] = "unusable text"
        elif outcome is None or about["severity"] == "indeterminate" or passes:
            row["state"] = "undecided"
        else:
            row["state"] = "no text"
        takes = row["mx_kind"] in ("explicit", "implicit")
        # The root of a null MX beside others is no host.
        of = [host["host"] for host in (row["mx"] or []) if host["host"] != "."] if takes else []
        seen = [self.hosts.get(host, []) for host in of]
        addresses = [address for host in seen for address in host]
        row["some_host"] = bool(of)
        unasked = sum(not host for host in seen)
        skipped = sum(address["smtp_outcome"] == "not_attempted" for address in addresses)
        row["partly"] = unasked > 0 or skipped > 0
        row["observed"] = sum(address["cert_outcome"] is not None for address in addresses)
        probed = sum(address["smtp_phase"] is not None for address in addresses)
        no_mail, unknown = row["mx_kind"] in ("null", "none"), row["mx_kind"] == "unknown"
        fetched, unjudged = outcome is not None, row["judgement"] is None
        row["stages"] = {}
        for stage in ["record", *POLICY, "policy", "mx", "smtp", "mx_tls", "mismatch", "any", "companions"]:
            members = {"policy": POLICY, "any": ANY}.get(stage, [stage])
            kinds = [kind for code, kind in row["found"].items() if CATALOGUE[code]["stage"] in members]
            error = "error" in kinds
            open_ = not error and ("transient" in kinds or "indeterminate" in kinds)
            nothing = unjudged or {
                "mx": unknown or (bool(of) and unasked == len(of)),
                "smtp": probed == 0,
                "mx_tls": row["observed"] == 0,
                "mismatch": not (row["policy_usable"] and takes),
            }.get(stage, stage.startswith("policy") and not fetched)
            partly = {
                "mx": unasked > 0, "smtp": row["partly"], "mx_tls": row["partly"],
                "any": not fetched or unknown or row["partly"],
                "companions": row["report"] == "unknown" or unknown or row["partly"],
            }.get(stage, False)
            idle = stage in ("smtp", "mx_tls", "mismatch") and no_mail
            hidden = (nothing or partly) and not idle
            row["stages"][stage] = {
                "error": error, "open": open_, "hidden": hidden, "idle": idle and not error and not open_,
                "unseen": nothing and not idle and not error and not open_, "may": hidden and not error and not open_,
            }


def adoption_row(names, member, may):
    inside, beside = [row for row in names if member(row)], [row for row in names if may(row)]
    told = {"names": len(inside), "mx_unknown": len(beside), "undecided": sum(row["undecided"] for row in inside)}
    for column, key in (("signallers", "signals"), ("adopters", "adopts")):
        k, a = sum(row[key] for row in inside), sum(row[key] for row in beside)
        u, b = told["undecided"], sum(row["undecided"] for row in beside)
        c = len(beside) - a - b
        told[column] = k
        told[f"{column}_pct"] = pct(k, len(inside) - u)
        told[f"{column}_low"] = pct(k, len(inside) + b + c)
        told[f"{column}_high"] = pct(k + u + a + b, len(inside) + a + b)
    return told


def denominators(names):
    for of in ("d1", "d2", "d3", "d4"):
        told = adoption_row(names, lambda row: row[of], lambda row: row[f"may_{of}"])
        if told["names"] or told["mx_unknown"]:
            yield of.upper(), told


def adoption(scan):
    for part, names in (
        ("all", scan.names),
        ("without wildcards", [row for row in scan.names if row["sts_wildcard"] is not True]),
    ):
        for of, told in denominators(names):
            yield {"denominator": of, "part": part}, told
        told = adoption_row(names, lambda row: row["may_d2"], lambda row: False)
        yield {"denominator": "MX unknown", "part": part}, told


def suffix(scan):
    for value in {row["suffix"] for row in scan.names}:
        for of, told in denominators([row for row in scan.names if row["suffix"] == value]):
            yield {"suffix": value, "denominator": of}, told


def rank(scan):
    bins = [
        (1, 1, 1000), (2, 1001, 10_000), (3, 10_001, 100_000), (4, 100_001, 1_000_000), (5, 1_000_001, math.inf),
        (7, 1, 10_000), (8, 1, 100_000), (9, 1, 1_000_000),
    ]
    for number, first, last in bins:
        names = [row for row in scan.names if row["rank"] is not None and first <= row["rank"] <= last]
        for of, told in denominators(names):
            yield {"bin": number, "denominator": of}, told
    for of, told in denominators([row for row in scan.names if row["rank"] is None]):
        yield {"bin": 6, "denominator": of}, told


def tlsrpt(scan):
    parts = {
        "all": (lambda row: True, lambda row: False), "signallers": (lambda row: row["signals"], lambda row: row["undecided"]),
        "adopters": (lambda row: row["adopts"], lambda row: row["undecided"]),
        "not signalling": (lambda row: not row["signals"] and not row["undecided"], lambda row: row["undecided"]),
    }
    for of in ("d1", "d2", "d3", "d4"):
        for part, (has, may) in parts.items():
            inside = [row for row in scan.names if row[of] and has(row)]
            beside = [
                row for row in scan.names
                if (row[of] or row[f"may_{of}"]) and (has(row) or may(row)) and not (row[of] and has(row))
            ]
            if not inside and not beside:
                continue
            count = collections.Counter(row["report"] for row in inside)
            other = collections.Counter(row["report"] for row in beside)
            k, u, a, b = count["valid"], count["unknown"], other["valid"], other["unknown"]
            yield {"denominator": of.upper(), "part": part}, {
                "names": len(inside), "not_placed": len(beside), "undecided": u, "valid": k,
                "valid_pct": pct(k, len(inside) - u), "valid_low": pct(k, len(inside) + len(beside) - a),
                "valid_high": pct(k + u + a + b, len(inside) + a + b),
                "invalid": count["invalid"], "multiple": count["multiple"],
            }


def joint(scan):
    counts = collections.Counter()
    for row in scan.names:
        if not row["d1"]:
            continue
        mta_sts = "unknown" if row["undecided"] else "none"
        dane = "(not recorded)"
        if row["signals"]:
            mta_sts = "adopts" if row["adopts"] else "signals"
            outcomes = {host["outcome"] for host in (row["judgement"] or {}).get("dane") or []}
            if outcomes:
                dane = next((word for word in ("invalid", "valid", "unknown") if word in outcomes), "other")
        counts[mta_sts, row["report"], dane] += 1
    for (mta_sts, report, dane), names in counts.items():
        yield {"mta_sts": mta_sts, "tlsrpt": report, "dane": dane}, {"names": names, "pct": pct(names, counts.total())}


def mode(scan):
    states = collections.Counter(row["state"] for row in scan.signallers)
    counts = collections.Counter(
        (row["state"], (row["policy_mode"] or "(no mode)") if row["state"] in ("usable", "unusable text") else "")
        for row in scan.signallers
    )
    for (state, word), names in counts.items():
        of = states["usable"] if state == "usable" else len(scan.signallers)
        open_ = states["usable"] + states["undecided"]
        yield {"policy": state, "mode": word}, {
            "of_signallers": of, "signallers": names, "signallers_pct": pct(names, of),
            "signallers_low": pct(names, open_) if state == "usable" else None,
            "signallers_high": pct(names + states["undecided"], open_) if state == "usable" else None,
        }


def max_age_values(scan):
    counts = collections.Counter(row["policy_max_age_s"] for row in scan.signallers if row["state"] == "usable")
    for value, policies in counts.items():
        yield {"max_age_s": value}, {"policies": policies, "pct": pct(policies, counts.total())}


def unusable_text(scan):
    counts = collections.Counter(
        (row["policy_outcome"], "valid" if row["policy_valid"] else "invalid", row["policy_mode"] or "(no mode)")
        for row in scan.signallers if row["state"] == "unusable text"
    )
    for (outcome, text, word), names in counts.items():
        yield {"outcome": outcome, "text": text, "mode": word}, {"names": names, "pct": pct(names, counts.total())}


def stages(scan):
    for stage in ["record", *POLICY, "policy", "mx", "smtp", "mx_tls", "mismatch", "any"]:
        of = [row["stages"][stage] for row in scan.signallers]
        idle, unseen, open_, errors, may = (
            sum(flags[name] for flags in of) for name in ("idle", "unseen", "open", "error", "may")
        )
        concerned = len(of) - idle
        told = {"signallers": len(of), "concerned": concerned, "unseen": unseen}
        if concerned > unseen:
            told |= {
                "open": open_, "errors": errors, "pct": pct(errors, concerned - unseen - open_),
                "low": pct(errors, concerned), "high": pct(errors + open_ + may, concerned),
            }
        yield {"stage": stage}, told


def findings(scan):
    for code in {code for row in scan.signallers for code in row["found"]}:
        stage = CATALOGUE[code]["stage"]
        with_it = [row for row in scan.signallers if code in row["found"]]
        without = [row["stages"][stage] for row in scan.signallers if code not in row["found"]]
        transient = sum(row["found"][code] == "transient" for row in with_it)
        domains = len(with_it) - transient
        concerned = len(scan.signallers) - sum(flags["idle"] for flags in without)
        unseen, hidden = sum(flags["unseen"] for flags in without), sum(flags["hidden"] for flags in without)
        sure = domains
        if code == "mx_cert_all_invalid":
            sure = sum(not row["stages"][stage]["hidden"] for row in with_it if row["found"][code] != "transient")
        yield {"code": code}, {
            "stage": stage, "concerned": concerned, "unseen": unseen, "domains": domains, "transient": transient,
            "pct": pct(domains, concerned - unseen - transient), "low": pct(sure, concerned),
            "high": pct(domains + transient + hidden, concerned),
        }


def record_errors(scan):
    def errors(row):
        return [code for code, kind in row["found"].items() if CATALOGUE[code]["stage"] == "record" and kind == "error"]

    counts = collections.Counter(code for row in scan.signallers for code in errors(row))
    faulty = sum(bool(errors(row)) for row in scan.signallers)
    if faulty:
        counts["(any)"] = faulty
    for code, domains in counts.items():
        yield {"code": code}, {"domains": domains, "pct": pct(domains, len(scan.signallers)), "of_faulty": pct(domains, faulty)}


def mx_invalid(scan):
    counts = collections.Counter()
    for row in scan.signallers:
        if row["observed"]:
            word = "all valid"
            for code in ("mx_cert_some_invalid", "mx_cert_all_invalid"):
                word = {"mx_cert_some_invalid": "some invalid", "mx_cert_all_invalid": "all invalid"}[code] if code in row["found"] else word
            counts[word] += 1
    for word, domains in counts.items():
        yield {"hosts": word}, {"domains": domains, "pct": pct(domains, counts.total())}


def mismatch(scan):
    of = sum(bool(row["policy_usable"]) and row["d2"] for row in scan.signallers)
    counts = collections.Counter()
    for row in scan.signallers:
        if "mx_mismatch_all" in row["found"] or "mx_mismatch_some" in row["found"]:
            counts["(any)"] += 1
            counts[row["judgement"]["mismatch_kind"]] += 1
    for kind, domains in counts.items():
        yield {"kind": kind}, {"with_policy": of, "domains": domains, "pct": pct(domains, of)}


def verdicts(scan):
    for verdict in VERDICTS:
        told = {}
        for sender in ("strict", "lenient", "primary"):
            given = [(row["judgement"] or {}).get(f"verdict_{sender}") or "indeterminate" for row in scan.signallers]
            count, open_ = given.count(verdict), given.count("indeterminate")
            if verdict == "indeterminate":
                # What was not judged has no verdict.
                count = sum((row["judgement"] or {}).get(f"verdict_{sender}") == verdict for row in scan.signallers)
            told["primary_hosts" if sender == "primary" else sender] = count
            if verdict == "indeterminate":
                continue
            told[f"{sender}_pct"] = pct(count, len(given) - open_)
            if sender == "primary":
                continue
            partly = [word for word, row in zip(given, scan.signallers) if row["partly"]]
            unsure = partly.count(verdict) if verdict in ("validated", "refused", "testing_passing") else 0
            may = {"partial": ["validated", "refused"], "testing_failing": ["testing_passing"]}.get(verdict, [])
            told[f"{sender}_low"] = pct(count - unsure, len(given))
            told[f"{sender}_high"] = pct(count + open_ + sum(partly.count(word) for word in may), len(given))
        yield {"verdict": verdict}, told


def strict_lenient(scan):
    counts = collections.Counter()
    for row in scan.signallers:
        judgement = row["judgement"] or {}
        strict, lenient = judgement.get("verdict_strict"), judgement.get("verdict_lenient")
        if strict and lenient:
            counts[("(alike)", "(alike)") if strict == lenient else (strict, lenient)] += 1
    for (strict, lenient), domains in counts.items():
        yield {"strict": strict, "lenient": lenient}, {"domains": domains, "pct": pct(domains, counts.total())}


def result_types(scan):
    def types(row, kinds):
        return {CATALOGUE[code]["result_type"] or "(none)" for code, kind in row["found"].items() if kind in kinds}

    hidden = [row["stages"]["any"]["hidden"] or row["stages"]["companions"]["hidden"] for row in scan.signallers]
    for word in {word for row in scan.signallers for word in types(row, ("error", "transient"))}:
        has = [word in types(row, ("error",)) for row in scan.signallers]
        passes = [word in types(row, ("transient",)) and not sure for row, sure in zip(scan.signallers, has)]
        may = sum(one and not two and not three for one, two, three in zip(hidden, has, passes))
        yield {"result_type": word}, {
            "domains": sum(has), "transient": sum(passes), "pct": pct(sum(has), len(has) - sum(passes)),
            "low": pct(sum(has), len(has)), "high": pct(sum(has) + sum(passes) + may, len(has)),
        }


def addresses(scan):
    hosts = {}
    for row in scan.signallers:
        if row["policy_addrs"] is not None:
            hosts["policy host", row["domain"]] = [address["addr"] for address in row["policy_addrs"]]
    for name, of in scan.hosts.items():
        found = [row["addr"] for row in of if row["addr"] is not None]
        if found or any(row["host_dns"] in ("NODATA", "NXDOMAIN") for row in of):
            hosts["MX", name] = found
    counts = collections.Counter()
    for (entity, _), found in hosts.items():
        six, four = any(":" in address for address in found), any(":" not in address for address in found)
        words = {(True, True): "IPv4 and IPv6", (False, True): "IPv4 alone", (True, False): "IPv6 alone", (False, False): "none"}
        counts[entity, words[six, four]] += 1
    for (entity, families), count in counts.items():
        of = sum(other for (name, _), other in counts.items() if name == entity)
        yield {"entity": entity, "families": families}, {"hosts": count, "pct": pct(count, of)}


def tls(scan):
    seen = collections.defaultdict(list)
    for row in scan.signallers:
        if row["policy_addrs"] and row["policy_outcome"] not in (None, "policy_host_forbidden_address"):
            seen["policy host"].append(row["policy_tls_version"])
    for host in scan.hosts.values():
        seen["MX"] += [row["tls_version"] for row in host if row["smtp_phase"] is not None]
    for entity, versions in seen.items():
        counts = collections.Counter(version for version in versions if version is not None)
        for version, handshakes in counts.items():
            yield {"entity": entity, "what": "version", "value": version}, {
                "probed": len(versions), "handshakes": handshakes, "pct": pct(handshakes, counts.total()),
            }


TABLES = {
    "adoption": (adoption, lambda row: row["part"] != "without the largest cluster"), "suffix": (suffix, None),
    "rank": (rank, None), "tlsrpt": (tlsrpt, None), "joint": (joint, None), "mode": (mode, None),
    "max-age-values": (max_age_values, None), "unusable-text": (unusable_text, None), "stages": (stages, None),
    "findings": (findings, None), "record-errors": (record_errors, None), "mx-invalid": (mx_invalid, None),
    "mismatch": (mismatch, None), "verdicts": (verdicts, None), "strict-lenient": (strict_lenient, None),
    "result-types": (result_types, None), "addresses": (addresses, None), "tls": (tls, lambda row: row["what"] == "version"),
}


def shown(value):
    return "" if value is None else f"{value:.6f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def same(one, other):
    if one == other:
        return True
    try:
        return abs(float(one) - float(other)) < 2e-6
    except ValueError:
        return False


def main(dataset, folder):
    scan = Scan(dataset)
    cells = differences = 0
    for name, (read, only) in TABLES.items():
        with (folder / f"{name}.csv").open(newline="", encoding="utf-8") as file:
            told = [row for row in csv.DictReader(file) if only is None or only(row)]
        mine = list(read(scan))
        keys = list(mine[0][0]) if mine else []
        found = {tuple(row[key] for key in keys): row for row in told}
        if len(found) != len(mine) or len(told) != len(mine):
            differences += 1
            print(f"{name}: {len(told)} rows, second reading {len(mine)}", file=sys.stderr)
        for key, values in mine:
            row = found.get(tuple(shown(value) for value in key.values()))
            for column, value in values.items():
                cells += 1
                if row is None or not same(row[column], shown(value)):
                    differences += 1
                    if differences < 40:
                        print(f"{name} {key} {column}: {row and row[column]}, second reading {shown(value)}", file=sys.stderr)
    if differences or not cells:
        sys.exit(f"second-reading: {differences} differences in {cells} cells of {len(TABLES)} tables")
    print(f"{len(TABLES)} tables, {cells} cells: both readings agree")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*map(pathlib.Path, sys.argv[1:]))
