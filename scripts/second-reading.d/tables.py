"""Tables of adoption and of errors."""

import itertools
import statistics
from collections import Counter, defaultdict

from data import *  # noqa: F403

def adoption(data):
    largest_cluster = data.sizes["policy"].most_common(1)[0][0]
    parts = {"all": lambda d: True, "without wildcards": lambda d: not (d["signals"] and d["sts_wildcard"]),
             "without the largest cluster": lambda d: not (d["signals"] and d["policy"] == largest_cluster)}
    for which, (part, keep) in itertools.product(DENOMINATORS + ["MX unknown"], parts.items()):
        yield [which, part, *adoption_row(*split(data, which, keep))]

def suffix(data):
    for s, which in itertools.product(data.suffixes, DENOMINATORS):
        yield [s, which, *adoption_row(*split(data, which, lambda d: d["suffix"] == s))]

def rank(data):
    last = max(d["rank"] for d in data.domains)
    bins = [(i + 1, 10 ** (i + 2) + 1 if i else 1, 10 ** (i + 3)) for i in range(4)]
    for number, low, high in bins + [(7, 1, 10 ** 4), (8, 1, 10 ** 5), (9, 1, 10 ** 6)]:
        for which in DENOMINATORS if low <= last else []:
            row = adoption_row(*split(data, which, lambda d: low <= d["rank"] <= high))
            yield [number, f"{low} to {high}", which, *row]

def tlsrpt_state(d):
    if d["mx_dns"] == "NXDOMAIN" and d["tlsrpt_record"] is None:
        return "absent"
    return "unknown" if d["tlsrpt_record"] is None else d["tlsrpt_record"]

def tlsrpt(data):
    parts = {"all": lambda d: True, "signallers": lambda d: d["signals"], "adopters": lambda d: d["adopts"],
             "not signalling": lambda d: None if d["signals"] is None else not d["signals"]}
    for which, (part, of) in itertools.product(DENOMINATORS, parts.items()):
        inside, beside = [], []
        for d in data.domains:
            there = [belongs(d, which), of(d)]
            if False not in there:
                (beside if None in there else inside).append(d)
        valid = lambda d: None if tlsrpt_state(d) == "unknown" else tlsrpt_state(d) == "valid"
        *share, decided = name_share(inside, beside, valid)
        n = Counter(map(tlsrpt_state, inside))
        yield [which, part, len(inside), len(beside), n["unknown"], *share, n["invalid"], n["multiple"],
               decided < SMALL]

def tlsrpt_errors(data):
    for part, holds in (("signallers", True), ("not signalling", False)):
        names = [d for d in data.domains if d["signals"] is holds and d["tlsrpt_record"] in
                 ("valid", "invalid", "multiple")]
        wrong = [[c for c in d["errors"] if c.startswith("tlsrpt")] for d in names]
        n = Counter(c for w in wrong for c in w) + Counter({"(any)": sum(map(bool, wrong))})
        for code, k in n.items():
            yield [part, code, len(names), k, pct(k, len(names)), len(names) < SMALL]

def dmarc_state(d):
    if d["dmarc_dns"] is None:
        return "(not recorded)"
    return d["dmarc_policy"] or d["dmarc_record"]

def joint(data):
    names = [d for d in data.domains if belongs(d, "D1")]
    combos = Counter()
    for d in names:
        outcomes = {x["outcome"] for x in (d["judgement"] or {}).get("dane") or []}
        dane = next((w for w in ("invalid", "unknown", "valid") if w in outcomes), "other")
        mta_sts = "adopts" if d["adopts"] else {True: "signals", False: "none", None: "unknown"}[d["signals"]]
        combos[mta_sts, tlsrpt_state(d), dane if outcomes else "(not recorded)", dmarc_state(d)] += 1
    for key, n in combos.items():
        yield [*key, n, pct(n, len(names)), len(names) < SMALL]

def policy_kind(d):
    """usable | unusable text | no text | undecided"""
    if d["policy_usable"]:
        return "usable"
    if d["policy_outcome"] is None or d["state"]["policy"] == "open":
        return "undecided"
    return "no text" if d["policy_valid"] is None else "unusable text"

def mode(data):
    groups = {"signallers": data.signallers, "adopters": [d for d in data.signallers if d["adopts"]]}
    mode_of = lambda d: d["policy_mode"] or "(no mode)" if "us" in policy_kind(d) else ""
    kinds = {(policy_kind(d), mode_of(d)) for d in data.signallers}
    for kind, m in kinds:
        cells = []
        for names in groups.values():
            n = Counter(policy_kind(d) for d in names)
            k = sum((policy_kind(d), mode_of(d)) == (kind, m) for d in names)
            of, u = (n["usable"], n["undecided"]) if kind == "usable" else (len(names), None)
            low_high = (None, None) if u is None else (pct(k, of + u), pct(k + u, of + u))
            cells += [of, k, pct(k, of), *low_high]
        yield [kind, m, *cells, cells[0] < SMALL]

def max_age(data):
    undecided = sum(policy_kind(d) == "undecided" for d in data.signallers)
    for m in ("enforce", "testing", "none", "all"):
        usable = [d for d in data.signallers if d["policy_usable"] and m in ("all", d["policy_mode"])]
        ages = [d["policy_max_age_s"] for d in usable]
        upto, of, at_most = 0, len(ages), len(ages) + undecided
        for label, low, high in LIFETIMES:
            k = sum(low <= a <= high for a in ages)
            upto += k
            if k:
                yield [m, label, of, k, pct(k, of), pct(k, at_most), pct(k + undecided, at_most),
                       pct(upto, of), statistics.median(ages), of < SMALL]

def largest(names, key, counts):
    """the cluster with the most of what is counted; the first by name of several"""
    n = Counter(d[key] or "(not known)" for d in names if counts(d))
    return min(n, key=lambda c: (-n[c], c), default=None)

def cluster_key(stage):
    return "policy" if stage in ["record", *POLICY, "policy", "any"] else "mail"

def stages(data):
    everyone = data.signallers
    for stage in MTA_STS + ["policy", "any"]:
        concerned, unseen, opened, errors, share, low, high, decided = stage_share(everyone, stage)
        key = cluster_key(stage)
        best = largest(everyone, key, lambda d: d["state"][stage] == "error")
        others = [d for d in everyone if d[key] != best]
        rest = stage_share(others, stage)
        yield [stage, len(everyone), concerned, unseen, opened, errors, share, low, high, best,
               len(everyone) - len(others), errors - rest[3], rest[3], rest[4], decided < SMALL]

def verdicts(data):
    everyone, n = data.signallers, len(data.signallers)
    for v in VERDICTS:
        row, denominators, sure = [v], [], v != "indeterminate"
        for who in ("strict", "lenient"):
            is_ = lambda d, *words: d["judgement"]["verdict_" + who] in words
            k, u = sum(is_(d, v) for d in everyone), sum(is_(d, "indeterminate") for d in everyone)
            whole = sum(is_(d, v) and not (v in ("validated", "refused", "testing_passing") and d["in_part"])
                        for d in everyone)
            more = {"partial": ("validated", "refused"), "testing_failing": ("testing_passing",)}.get(v, ())
            other = sum(is_(d, *more) and d["in_part"] for d in everyone)
            row += [k, *((n - u, pct(k, n - u), pct(whole, n), pct(k + u + other, n)) if sure else (None,) * 4)]
            denominators.append(n - u)
        primary = Counter(d["judgement"]["verdict_primary"] for d in everyone)
        best = largest(everyone, "policy", lambda d: d["verdict"] == v)
        inside, others = [[d for d in everyone if (d["policy"] == best) is is_in] for is_in in (True, False)]
        rest = Counter(d["verdict"] for d in others)
        of, of_rest = n - primary["indeterminate"], len(others) - rest["indeterminate"]
        row += [primary[v], *((of, pct(primary[v], of)) if sure else (None, None))]
        row += [best, len(inside), sum(d["verdict"] == v for d in inside), rest[v]]
        row += (of_rest, pct(rest[v], of_rest)) if sure else (None, None)
        yield row + [sure and small(*denominators, of, of_rest)]

def record_errors(data):
    """white space at the end is a warning, though it keeps a name from adopting"""
    in_record = {c for c, f in CATALOGUE.items() if f["stage"] == "record"}
    faulty = [d for d in data.signallers if in_record & set(d["errors"])]
    n = Counter(c for d in faulty for c in d["errors"] if CATALOGUE[c]["stage"] == "record")
    for code, k in [("(any)", len(faulty)), *n.items()]:
        title = CATALOGUE[code]["title"] if code in CATALOGUE else "Any error of the record"
        yield [code, title, len(data.signallers), k, pct(k, len(data.signallers)), pct(k, len(faulty)),
               len(data.signallers) < SMALL]

def policy_errors(data):
    for m in MANAGERS + ["all"]:
        names = [d for d in data.signallers if m in ("all", d["manager"]["policy"])]
        for stage in POLICY + ["policy"]:
            _, *cells, decided = stage_share(names, stage)
            yield [m, stage if stage != "policy" else "(any)", len(names), *cells, decided < SMALL]

def policy_error_codes(data):
    everyone = data.signallers
    for code, f in CATALOGUE.items():
        has = Counter(d["manager"]["policy"] for d in everyone if code in d["errors"])
        if f["stage"] in POLICY and has:
            state = Counter(d["state"][f["stage"]] for d in everyone if code not in d["errors"])
            k, unseen = has.total(), sum(d["policy_outcome"] is None for d in everyone)
            # what is open in the stage may have this fault
            yield [f["stage"], code, len(everyone), *(has[m] for m in MANAGERS), k,
                   sum(code in d["opens"] for d in everyone), unseen, pct(k, len(everyone) - unseen),
                   pct(k, len(everyone)), pct(k + state["unseen"] + state["open"], len(everyone)),
                   len(everyone) - unseen < SMALL]

def mx_certificates(data):
    """all by which an MX host fails, but for what the policy does not match"""
    codes = [c for c, f in CATALOGUE.items() if f["stage"] == "mx_tls" or c.split("_")[0] == "starttls"
             or c == "smtp_answer_injection"]
    concerned = [d for d in data.signallers if not d["no_mail"]]
    occur = {c for d in concerned for c in d["errors"] + d["opens"]}
    for m in MANAGERS + ["all"]:
        names = [d for d in concerned if m in ("all", d["manager"]["mail"])]
        for code in ["(any)"] + [c for c in codes if c in occur] if names else []:
            of = codes if code == "(any)" else [code]
            error = [d for d in names if set(of) & set(d["errors"])]
            opened = [d for d in names if d not in error and set(of) & set(d["opens"])]
            no_certificate = [d for d in names if all(r["certificate_sha256"] is None for r in d["mx_rows"])]
            unseen = sum(not set(codes) & set(d["errors"] + d["opens"]) for d in no_certificate)
            rest = [d for d in names if d not in error]
            maybe = [d for d in rest if d in no_certificate or d in opened or d["in_part"]]
            sure = sum(not (code == "mx_cert_all_invalid" and d["in_part"]) for d in error)
            k, n, decided = len(error), len(names), len(names) - unseen - len(opened)
            yield [m, code, n, unseen, len(opened), k, pct(k, decided), pct(sure, n), pct(k + len(maybe), n),
                   decided < SMALL]

def mismatch(data):
    seen = [d for d in data.signallers if d["policy_usable"] and d["mx_names"]]
    kind_of = lambda d: d["judgement"]["mismatch_kind"]
    for kind in ["(any)", *sorted({kind_of(d) for d in seen} - {None})]:
        has = [d for d in seen if kind_of(d) and kind in ("(any)", kind_of(d))]
        n, codes = Counter(d["policy_mode"] for d in has), Counter(c for d in has for c in d["findings"])
        hosts = codes["mx_mismatch_all"], codes["mx_mismatch_some"]
        yield [kind, len(seen), len(has), pct(len(has), len(seen)), *hosts, n["enforce"], n["testing"],
               sum(d["verdict"] == "refused" for d in has), len(seen) < SMALL]

def result_types(data):
    total = len(data.signallers)
    for t in {f["result_type"] for f in CATALOGUE.values()}:
        of = lambda codes: any(CATALOGUE[c]["result_type"] == t for c in codes if not c.startswith("dmarc"))
        has = [d for d in data.signallers if of(d["errors"])]
        # of what type a fault would be that is open is not known
        maybe = [d for d in data.signallers if d not in has and (d["any_in_part"] or any(
            c for c in d["opens"] if not c.startswith("dmarc" if t is None else ("dmarc", "tlsrpt"))) or (
            t is None and tlsrpt_state(d) == "unknown"))]
        passes = [{c for c in d["opens"] if CATALOGUE[c]["may_pass"]} - set(d["lasting"]) for d in maybe]
        if has:
            share = pct(len(has), total)
            yield [t or "(none)", total, len(has), sum(map(of, passes)) if t else 0, share, share,
                   pct(len(has) + len(maybe), total), total < SMALL]

SENDERS = {
    "strict": "verdict_strict", "postfix_classic": "verdict_postfix_classic", "dane_first": "verdict_dane_first",
}

def losing_mail(data):
    by = defaultdict(list)
    for d in data.signallers:
        by[{None: "(not known)", d["registrable"]: "(own domain)"}.get(d["mail"], d["mail"])].append(d)
    for sender, column in SENDERS.items():
        for provider, names in by.items():
            enforce = [d for d in names if d["policy_usable"] and d["policy_mode"] == "enforce"]
            unknown = sum(policy_kind(d) == "undecided" for d in names)
            said = [(d["judgement"][column] or "indeterminate", d["in_part"]) for d in enforce]
            n = Counter(verdict for verdict, _ in said)
            lost, u, of = n["refused"] + n["partial"], n["indeterminate"], len(enforce)
            maybe = u + unknown + sum(verdict == "validated" and in_part for verdict, in_part in said)
            if enforce:
                yield [sender, provider, 1, of, u, n["refused"], n["partial"], pct(lost, of - u),
                       pct(lost, of + unknown), pct(lost + maybe, of + unknown), of - u < SMALL]

def managers(data):
    total = len(data.signallers)
    for entity, key in ENTITIES.items():
        best = largest([d for d in data.signallers if d[key]], key, lambda d: True)
        unknown = sum(d[key] is None for d in data.signallers)
        kept = sum(d[key] not in (None, best) for d in data.signallers)
        for m in MANAGERS:
            names = [d for d in data.signallers if d["manager"][key] == m]
            others = [d for d in names if d[key] != best]
            n, rest = Counter(map(policy_kind, names)), Counter(map(policy_kind, others))
            k, u, of = n["usable"], n["undecided"], len(names)
            share = pct(of, total - unknown), pct(of, total), pct(of + unknown, total)
            rest_share = pct(len(others), kept)
            if m == "unknown":
                share, rest_share = (None,) * 3, None
            if names:
                yield [entity, m, len({d[key] for d in names} - {None}), of, *share, u, k, pct(k, of - u),
                       pct(k, of), pct(k + u, of), best, of - len(others), len(others), rest_share,
                       pct(rest["usable"], len(others) - rest["undecided"]), of - u < SMALL]

TABLES = [
    adoption, suffix, rank, tlsrpt, tlsrpt_errors, joint, mode, max_age, stages, verdicts, record_errors, policy_errors,
    policy_error_codes, mx_certificates, mismatch, result_types, losing_mail, managers,
]
