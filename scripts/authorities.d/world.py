"""A small Internet: zones as files, who serves them, and what a right scan says of each name."""

# The parts of the world: the addresses of its servers, and the zones that they have.
ROOT = ("127.0.1.1", "127.0.1.2")
REGISTRY = ("127.0.2.1", "127.0.2.2")
FIRST = ("127.0.3.1", "127.0.3.2")
SECOND = ("127.0.4.1", "127.0.4.2")
# A server that is there and has none of the zones that it is asked for.
EMPTY = ("127.0.5.1",)
# Nobody is there.
GONE = "127.0.6.1"
RESOLVER = "127.0.9.1"

SOA = "@ 300 IN SOA ns.{zone} hostmaster.{zone} 1 7200 900 1209600 300\n"
RECORD = '"v=STSv1; id=20260101T000000;"'
REPORT = '"v=TLSRPTv1; rua=mailto:tls@{name}."'
LONG = " ".join(f'"{letter * 250}"' for letter in "abcdefgh")


def zone(name, *lines):
    """A zone's name and text; relative names are its own."""
    head = f"$ORIGIN {name.rstrip('.')}.\n$TTL 300\n" + SOA.format(zone=name.rstrip(".") + ".").replace("..", ".")
    return name, head + "".join(f"{line}\n" for line in lines)


def hosted(name, servers, *lines):
    return zone(name, *(f"@ NS {server}." for server in servers), *lines)


OF_FIRST = ("ns1.first.com", "ns2.first.com")
OF_SECOND = ("ns1.second.org", "ns2.second.org")


def signals(name, *lines):
    return ("@ MX 10 mx", "mx A 127.0.7.1", f"_mta-sts TXT {RECORD}", f"_smtp._tls TXT {REPORT.format(name=name)}",
            "mta-sts A 127.0.7.2", *lines)


def delegated(name, servers):
    return tuple(f"{name} NS {server}." for server in servers)


COM = zone(
    "com", "@ NS ns1.nic", "@ NS ns2.nic", f"ns1.nic A {REGISTRY[0]}", f"ns2.nic A {REGISTRY[1]}",
    *delegated("first", OF_FIRST), f"ns1.first A {FIRST[0]}", f"ns2.first A {FIRST[1]}",
    *(line for label in ("healthy", "plain", "long", "cuts", "wild", "dname", "nomail", "implicit", "nonterminal")
      for line in delegated(label, OF_FIRST)),
    *delegated("glueless", OF_SECOND),
    *delegated("across", OF_FIRST),
    *delegated("half-lame", (OF_FIRST[0], "ns.empty.org")),
    *delegated("all-lame", ("ns.empty.org",)),
    *delegated("half-gone", (OF_FIRST[0], "ns.gone.org")),
    *delegated("no-server", ("ns.nowhere.org",)),
    *delegated("own", ("ns1.own.com", "ns2.own.com")), f"ns1.own A {SECOND[0]}", f"ns2.own A {SECOND[1]}",
    *delegated("unglued", ("ns1.unglued.com",)),
    *delegated("stale", (OF_FIRST[0], OF_SECOND[0])),
)
ORG = zone(
    "org", "@ NS ns1.nic.com.", "@ NS ns2.nic.com.",
    *delegated("second", OF_SECOND), f"ns1.second A {SECOND[0]}", f"ns2.second A {SECOND[1]}",
    *delegated("empty", OF_SECOND), *delegated("gone", OF_SECOND), *delegated("target", OF_SECOND),
)
TOP = zone(
    ".", "@ NS a.root.", "@ NS b.root.", f"a.root. A {ROOT[0]}", f"b.root. A {ROOT[1]}",
    "com. NS ns1.nic.com.", "com. NS ns2.nic.com.", "org. NS ns1.nic.com.", "org. NS ns2.nic.com.",
    f"ns1.nic.com. A {REGISTRY[0]}", f"ns2.nic.com. A {REGISTRY[1]}",
)
OF_OPERATOR_1 = (
    hosted("first.com", OF_FIRST, f"ns1 A {FIRST[0]}", f"ns2 A {FIRST[1]}"),
    hosted("healthy.com", OF_FIRST, *signals("healthy.com")),
    hosted("plain.com", OF_FIRST, "@ MX 10 mx", "mx A 127.0.7.1"),
    hosted("long.com", OF_FIRST, *signals("long.com", f"_mta-sts TXT {LONG}")),
    hosted("cuts.com", OF_FIRST, "@ MX 10 mx", "mx A 127.0.7.1", *delegated("_mta-sts", OF_SECOND),
           *delegated("_tls", OF_SECOND), "mta-sts A 127.0.7.2"),
    hosted("wild.com", OF_FIRST, "@ MX 10 mx", "mx A 127.0.7.1", f"* TXT {RECORD}"),
    hosted("dname.com", OF_FIRST, "@ MX 10 mx", "mx A 127.0.7.1", "_tls DNAME _tls.target.org.",
           "_mta-sts CNAME _mta-sts.target.org."),
    hosted("nomail.com", OF_FIRST, "@ MX 0 ."),
    hosted("implicit.com", OF_FIRST, "@ A 127.0.7.1"),
    hosted("nonterminal.com", OF_FIRST, "@ MX 10 mx.deep", "mx.deep A 127.0.7.1", "x._mta-sts TXT \"x\"",
           f"_smtp._tls TXT {REPORT.format(name='nonterminal.com')}"),
    hosted("across.com", OF_FIRST, "@ MX 10 mx.target.org.", "_mta-sts CNAME a", "a CNAME b.target.org.",
           "_smtp._tls CNAME gone.target.org."),
    hosted("half-lame.com", OF_FIRST, *signals("half-lame.com")),
    hosted("half-gone.com", OF_FIRST, *signals("half-gone.com")),
    hosted("stale.com", OF_FIRST, *signals("stale.com")),
)
OF_OPERATOR_2 = (
    hosted("second.org", OF_SECOND, f"ns1 A {SECOND[0]}", f"ns2 A {SECOND[1]}"),
    hosted("empty.org", OF_SECOND, f"ns A {EMPTY[0]}"),
    hosted("gone.org", OF_SECOND, f"ns A {GONE}"),
    hosted("target.org", OF_SECOND, "mx A 127.0.7.1", f"_mta-sts TXT {RECORD}", f"b TXT {RECORD}",
           f"_smtp._tls TXT {REPORT.format(name='target.org')}"),
    hosted("glueless.com", OF_SECOND, *signals("glueless.com")),
    hosted("own.com", ("ns1.own.com", "ns2.own.com"), f"ns1 A {SECOND[0]}", f"ns2 A {SECOND[1]}",
           *signals("own.com")),
    hosted("_mta-sts.cuts.com", OF_SECOND, f"@ TXT {RECORD}"),
    hosted("_tls.cuts.com", OF_SECOND, f"_smtp TXT {REPORT.format(name='cuts.com')}"),
    hosted("stale.com", OF_FIRST, "@ MX 10 mx", "mx A 127.0.7.1", f"_mta-sts TXT {RECORD}",
           '_mta-sts TXT "left behind"', f"_smtp._tls TXT {REPORT.format(name='stale.com')}",
           "mta-sts A 127.0.7.2"),
)
SERVED = (
    (ROOT, (TOP,)), (REGISTRY, (COM, ORG)), (FIRST, OF_OPERATOR_1), (SECOND, OF_OPERATOR_2),
    (EMPTY, (hosted("elsewhere.org", ("ns.empty.org",)),)),
)

GOOD, NODATA, GONE_NAME, FAILED = "NOERROR", "NODATA", "NXDOMAIN", "SERVFAIL"
# What a right scan says: the outcomes of MX, _mta-sts and _smtp._tls, and the state of the record.
NAMES = {
    "healthy.com": (GOOD, GOOD, GOOD, "valid"),
    "plain.com": (GOOD, GONE_NAME, GONE_NAME, "absent"),
    # 2 KiB of TXT beside the record: by TCP.
    "long.com": (GOOD, GOOD, GOOD, "valid"),
    "cuts.com": (GOOD, GOOD, GOOD, "valid"),
    "wild.com": (GOOD, GOOD, GOOD, "valid"),
    "dname.com": (GOOD, GOOD, GOOD, "valid"),
    "nomail.com": (GOOD, GONE_NAME, GONE_NAME, "absent"),
    "implicit.com": (NODATA, GONE_NAME, GONE_NAME, "absent"),
    # There is a name below _mta-sts, so that it is there itself (RFC 8020).
    "nonterminal.com": (GOOD, NODATA, GOOD, "absent"),
    "across.com": (GOOD, GOOD, GONE_NAME, "valid"),
    "glueless.com": (GOOD, GOOD, GOOD, "valid"),
    "own.com": (GOOD, GOOD, GOOD, "valid"),
    "half-lame.com": (GOOD, GOOD, GOOD, "valid"),
    "half-gone.com": (GOOD, GOOD, GOOD, "valid"),
    "all-lame.com": (FAILED, FAILED, FAILED, "unknown"),
    "no-server.com": (FAILED, FAILED, FAILED, "unknown"),
    "unglued.com": (FAILED, FAILED, FAILED, "unknown"),
    "stale.com": (GOOD, GOOD, GOOD, "valid"),
    "not-there.com": (GONE_NAME, None, None, None),
    "deep.not-there.org": (GONE_NAME, None, None, None),
    "name.nowhere": (GONE_NAME, None, None, None),
}
# Whether the name servers agree, where that is no null and no true (it is null behind a resolver).
DISAGREE = ("stale.com",)
