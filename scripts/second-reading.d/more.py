"""Tables of providers, hosts, certificates and single findings."""

import statistics
from collections import Counter, defaultdict

from data import *  # noqa: F403
from tables import cluster_key, dmarc_state, largest, policy_kind, tlsrpt_state

def rank_width(data):
    for b in {(d["rank"] - 1) // 100000 for d in data.domains}:
        row = adoption_row(*split(data, "D1", lambda d: (d["rank"] - 1) // 100000 == b))
        yield [b * 100000 + 1, (b + 1) * 100000, *row]

def mx_provider(data):
    by = defaultdict(list)
    for d in data.domains:
        if d["mail"] and d["mx_kind"] == "explicit":
            by["(own domain)" if d["mail"] == d["registrable"] else d["mail"]].append(d)
    for provider, names in by.items():
        # a name whose MX is not known may be any provider's
        names_row = adoption_row(names, [d for d in data.domains if d["mx_kind"] == "unknown"])
        yield [provider, 1, *names_row]

def manager_thresholds(data):
    for entity, key in ENTITIES.items():
        for third in (10, 25, 50, 100, 250):
            for own in (1, 2, 5, 9):
                n = Counter(data.manager(d, key, third, own) for d in data.signallers)
                known = len(data.signallers) - n["unknown"]
                cells = [c for m in MANAGERS[:3] for c in (n[m], pct(n[m], known))]
                yield [entity, third, own, known, *cells, small(known)]

def max_age_values(data):
    usable = [d for d in data.signallers if d["policy_usable"]]
    upto = 0
    for age in sorted({d["policy_max_age_s"] for d in usable}):
        n = Counter(d["policy_mode"] for d in usable if d["policy_max_age_s"] == age)
        k, upto = n.total(), upto + n.total()
        yield [age, n["enforce"], n["testing"], n["none"], k, pct(k, len(usable)), pct(upto, len(usable)),
               small(len(usable))]

def strict_lenient(data):
    pairs = Counter((d["verdict"], d["judgement"]["verdict_lenient"]) for d in data.signallers)
    alike = sum(n for (s, l), n in pairs.items() if s == l)
    for (s, l), n in [(("(alike)", "(alike)"), alike)] + [p for p in pairs.items() if len(set(p[0])) == 2]:
        yield [s, l, n, pct(n, len(data.signallers)), len(data.signallers) < SMALL]

def shares_upto(whole):
    """each denominator with its share so far, and the mark of the row"""
    return [*(cell for n, k in whole for cell in (n, pct(k, n))), small(*(n for n, _ in whole))]

def mx_concentration(data):
    """shares of uses: a domain with two hosts is counted at both"""
    users = Counter(h for d in data.signallers for h in set(d["mx_names"]))
    word = {}
    for h in users:
        seen = {r["cert_outcome"] == "valid" for r in data.hosts.get(h, [])
                if r["cert_outcome"] in CERT_WORDS}
        word[h] = "not observed" if not seen else "invalid" if False in seen else "valid"
    of, upto = Counter(), Counter()
    for h, n in users.items():
        of[word[h]] += n
    for place, h in enumerate(sorted(users, key=lambda h: (-users[h], h)), 1):
        upto[word[h]] += users[h]
        if place <= 20 or place in (30, 50, 100, 200, 300, 500, 1000, len(users)):
            whole = (of.total(), upto.total()), (of["valid"], upto["valid"]), (of["invalid"], upto["invalid"])
            yield [place, len(users), h, word[h], users[h], *shares_upto(whole)]

def policy_host_concentration(data):
    order = sorted(data.sizes["policy"].items(), key=lambda x: (-x[1], x[0]))
    kind = lambda d: policy_kind(d).replace("no text", "unusable text")
    kinds = {c: Counter(kind(d) for d in data.signallers if d["policy"] == c) for c, _ in order}
    all_kinds, upto, size_upto = sum(kinds.values(), Counter()), Counter(), 0
    for place, (cluster, size) in enumerate(order, 1):
        upto, size_upto, mine = upto + kinds[cluster], size_upto + size, kinds[cluster]
        whole = [(all_kinds.total(), size_upto)]
        whole += [(all_kinds[word], upto[word]) for word in ("usable", "unusable text")]
        if place <= 20 or place == len(order):  # then some, which are beyond these datasets
            yield [place, len(order), cluster, size, mine["usable"], mine["unusable text"], *shares_upto(whole)]

def unusable_text(data):
    names = [d for d in data.signallers if policy_kind(d) == "unusable text"]
    by = defaultdict(list)
    for d in names:
        text = "valid" if d["policy_valid"] else "invalid"
        by[d["policy_outcome"], text, d["policy_mode"] or "(no mode)"].append(d["policy_max_age_s"])
    for key, ages in by.items():
        known = [a for a in ages if a is not None]
        yield [*key, len(ages), pct(len(ages), len(names)), statistics.median(known) if known else None,
               small(len(names))]

def same_provider(data):
    by = defaultdict(list)
    for d in data.signallers:
        own_policy = not d["policy_cname"] or d["policy"] == d["registrable"]
        own_mail = d["mail"] == d["registrable"]
        if d["policy"] and d["mx_kind"] != "unknown":
            by["no MX host" if not d["mx_names"] else "both own" if own_policy and own_mail else
               "same provider" if d["policy"] == d["mail"] else
               "policy own, mail elsewhere" if own_policy else
               "policy elsewhere, mail own" if own_mail else "different providers"].append(d)
    for relation, names in by.items():
        _, _, *cells, decided = stage_share(names, "any")
        seen = [d for d in names if d["policy_usable"] and d["mx_names"]]
        wrong = sum(d["state"]["mismatch"] == "error" for d in seen)
        yield [relation, len(names), *cells, wrong, pct(wrong, len(seen)), decided < SMALL]

def policies_tried(data):
    return [d for d in data.signallers if any(a["outcome"] not in TRIED_NOT for a in d["policy_addrs"] or [])]

def policy_host_provider(data):
    by, total = defaultdict(list), len(data.signallers)
    for d in data.signallers:
        target = d["policy_cname"]
        by["(not known)" if target is None else d["policy"] if target else "(no CNAME)"].append(d)
    unknown = len(by["(not known)"])
    for provider, names in by.items():
        dashed = lambda d: d["domain"].replace("-", "--").replace(".", "-")
        aliases = [d for d in names if d["policy_cname"]]
        tails = Counter(d["policy_cname"][0].replace(dashed(d), "{domain-}", 1) for d in aliases)
        pattern, of = tails.most_common(1)[0] if tails else (None, None)
        n = Counter(map(policy_kind, names))
        k, u, size = n["usable"], n["undecided"], len(names)
        share = pct(size, total - unknown), pct(size, total), pct(size + unknown, total)
        yield [provider, 1, pattern, of, total, size, *(share if provider != "(not known)" else (None,) * 3),
               sum(bool(d["adopts"]) for d in names), u, k, pct(k, size - u), pct(k, size), pct(k + u, size),
               size - u < SMALL]

def addresses(data):
    known = [d["policy_addrs"] for d in data.signallers if d["policy_addrs"] is not None]
    policy = [[a["addr"] for a in addrs] for addrs in known]
    mx = [[r["addr"] for r in rows if r["addr"]] for rows in data.hosts.values()
          if rows[0]["host_dns"] in ("NOERROR", "NODATA", "NXDOMAIN")]
    for entity, hosts in (("policy host", policy), ("MX", mx)):
        word = ["none", "IPv4 alone", "IPv6 alone", "both"]
        n = Counter(word[any("." in a for a in h) + 2 * any(":" in a for a in h)] for h in hosts)
        for families, k in n.items():
            yield [entity, families, k, pct(k, len(hosts)), len(hosts) < SMALL]

def leaves(data):
    """entity, how many were tried, and (certificate, its outcome there) of each that showed one"""
    tried, rows = policies_tried(data), [r for r in data.mx_rows if r["smtp_outcome"] not in TRIED_NOT]
    yield "policy host", len(tried), [(d["policy_certificate_sha256"], d["policy_cert_outcome"])
                                      for d in tried if d["policy_certificate_sha256"]]
    yield "MX", len(rows), [(r["certificate_sha256"], r["cert_outcome"])
                            for r in rows if r["certificate_sha256"]]

def judged_certificates(of, shown):
    """certificates, pct, undecided, valid, valid_pct and the mark of a row of certificates"""
    by = defaultdict(set)
    for sha, outcome in of:
        by[sha].add(outcome)
    whole, n = len(dict(shown)), len(by)
    invalid = sum(bool(outcomes & (CERT_WORDS - {"valid"})) for outcomes in by.values())
    valid = sum(outcomes == {"valid"} for outcomes in by.values())
    decided = invalid + valid
    return [n, pct(n, whole), n - decided, valid, pct(valid, decided), small(whole, decided)]

def certificate_keys(data):
    for entity, tried, shown in leaves(data):
        by = defaultdict(list)
        for sha, outcome in shown:
            c = data.certificates[sha]
            by[c["key_type"], c["key_bits"], c["signature"]].append((sha, outcome))
        for key, of in by.items():
            yield [entity, *key, tried, len(of), *judged_certificates(of, shown)]

def issuers(data):
    for entity, tried, shown in leaves(data):
        by = defaultdict(list)
        for sha, outcome in shown:
            c = data.certificates[sha]
            by["(itself)" if c["issuer"] == c["subject"] else c["issuer"]].append((sha, outcome))
        for issuer, of in by.items():
            yield [entity, issuer, 1, tried, len(of), *judged_certificates(of, shown)]

def certificate_validity(data):
    spans = [("up to 10 days", 10), ("up to 47 days", 47), ("up to 100 days", 100), ("up to 200 days", 200),
             ("up to 398 days", 398), ("up to 825 days", 825), ("up to 10 years", 3653), ("above 10 years", 1e9)]
    for entity, tried, shown in leaves(data):
        certificates = [data.certificates[sha] for sha in dict(shown)]
        days = [(c["not_after"] - c["not_before"]).total_seconds() / 86400 for c in certificates]
        n = Counter(next(word for word, most in spans if x <= most) for x in days)
        for span, k in n.items():
            yield [entity, span, tried, len(days), k, pct(k, len(days)), statistics.median(days), small(len(days))]

def may_have(d, f):
    """whether what was not seen of a domain could bring this finding"""
    stage = f["stage"]
    if stage == "companions":
        if f["code"].startswith("dmarc"):
            return dmarc_state(d) in ("unknown", "(not recorded)")
        tlsrpt = f["code"].startswith("tlsrpt")
        is_open = any(c.startswith("dane") for c in d["opens"])
        return tlsrpt_state(d) == "unknown" if tlsrpt else d["mx_kind"] == "unknown" or d["in_part"] or is_open
    if f["code"] in ("record_wildcard", "policy_wildcard"):  # the sibling's answer may be missing alone
        is_missing = d[f["columns"][0].split(".")[1].replace("record", "sts")] is None
        return is_missing if stage == "record" else d["state"][stage] in ("open", "unseen")
    if any(CATALOGUE[c]["stage"] == stage for c in d["opens"]):
        return True
    no_certificate = not d["no_mail"] and all(r["certificate_sha256"] is None for r in d["mx_rows"])
    if stage == "mx_tls" and (no_certificate or d["in_part"]):
        return True
    # a host without a row may have any fault of its stage, beside those that others have
    if stage == "mx" and d["mx_in_part"]:
        return True
    return d["state"][stage] in ("open", "unseen", "part")

# METHODS, "Names that somebody could take": tables name nobody.
CLAIMABLE = {"policy_host_cname_claimable", "policy_pattern_domain_missing", "tlsrpt_rua_domain_missing",
             "tlsrpt_rua_no_mx"}

def findings(data):
    everyone = data.signallers
    for code, f in CATALOGUE.items():
        stage, has = f["stage"], [d for d in everyone if code in d["findings"]]
        if has:
            concerned, unseen = stage_share(everyone, stage)[:2] if stage in MTA_STS else (len(everyone), 0)
            rest = [d for d in everyone if d not in has and may_have(d, f)]
            key = cluster_key(stage)
            best = largest(has, key, lambda d: True)
            inside = sum((d[key] or "(not known)") == best for d in has)
            sure = [d for d in has if not (code == "mx_cert_all_invalid" and d["in_part"])]
            passing = sum(code in d["opens"] and f["may_pass"] and code not in d["lasting"] for d in has)
            passing *= f["severity"] == "error"
            words = stage, code, f["severity"], f["result_type"]
            if f["severity"] != "error":  # what decides nothing is still found
                k, low = len(has), len(sure)
            else:
                k, low = len(has) - passing, len(sure) - passing
            unseen -= sum(d["state"].get(stage) == "unseen" for d in has)
            seen = concerned - unseen
            # of names that somebody could take nothing is told but how many there are
            told = code not in CLAIMABLE
            yield [*words, len(everyone), concerned, unseen, k, passing, pct(k, seen), pct(low, concerned),
                   pct(len(has) + len(rest), concerned), best if told else None,
                   inside, len(has) - inside,
                   " ".join(sorted(d["domain"] for d in has)[:3]) if told else None, seen < SMALL]

def tls(data):
    policy = policies_tried(data)
    mx = [r for r in data.mx_rows if r["smtp_outcome"] not in TRIED_NOT]
    for entity, rows, pre in (("policy host", policy, "policy_tls_"), ("MX", mx, "tls_")):
        quantum = lambda r: r[pre + "group"] and ("yes" if "MLKEM" in r[pre + "group"] else "no")
        for what, value in (("version", lambda r: r[pre + "version"]),
                            ("cipher", lambda r: r.get(pre + "cipher")),
                            ("key exchange", lambda r: r[pre + "group"]), ("post-quantum", quantum)):
            n = Counter(value(r) for r in rows if value(r))
            for v, k in n.items():
                yield [entity, what, v, len(rows), n.total(), k, pct(k, n.total()), n.total() < SMALL]

def mx_invalid(data):
    # client_limit does not say what a certificate is worth
    tells = lambda r: r["certificate_sha256"] and r["cert_outcome"] != "client_limit"
    seen = [d for d in data.signallers if any(tells(r) for r in d["mx_rows"])]
    kind = lambda d: next((w for w in ("all", "some") if f"mx_cert_{w}_invalid" in d["errors"]), "none")
    for hosts, word in (("all invalid", "all"), ("some invalid", "some"), ("all valid", "none")):
        has = [d for d in seen if kind(d) == word]
        n = Counter(d["policy_mode"] if d["policy_usable"] else "no" for d in has)
        yield [hosts, len(has), pct(len(has), len(seen)), n["enforce"], n["testing"], n["none"], n["no"],
               sum(d["verdict"] == "refused" for d in has), len(seen) < SMALL]

TABLES = [
    policy_host_provider, addresses, certificate_keys, certificate_validity, issuers, findings, rank_width, mx_provider,
    manager_thresholds, max_age_values, strict_lenient, mx_concentration, policy_host_concentration, unusable_text,
    same_provider, tls, mx_invalid,
]
