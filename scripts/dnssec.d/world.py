"""A small signed Internet: which zones, signed with what and by whom, and what is right of each."""

from dataclasses import dataclass, field

ROOT = ("127.0.1.1",)
REGISTRY = ("127.0.2.1",)
OPERATOR = ("127.0.3.1",)
RESOLVER = "127.0.9.1"
HOST = "127.0.7.1"

SECURE, INSECURE, BOGUS = "secure", "insecure", "bogus"
TLSA = "3 1 1 " + "ab" * 32
SOA = "@ 300 IN SOA ns.{zone} hostmaster.{zone} 1 7200 900 1209600 300\n"
RECORD = '_mta-sts TXT "v=STSv1; id=20260101T000000;"'


@dataclass(frozen=True)
class Zone:
    """A zone; `algorithm` None leaves it unsigned.

    `fault`: expired, future, wrong-ds, no-keys (a DS, and nothing signed), altered, island (no DS),
    unknown (a DS of an algorithm that nobody has).
    `expected` is what MX, the MX host's address and its TLSA records are; `unbound` where that says otherwise.
    """

    name: str
    algorithm: str | None = "ECDSAP256SHA256"
    denial: str = "nsec"
    tool: str = "ldns"
    fault: str = ""
    digest: str = "-2"
    lines: tuple = ()
    expected: tuple = (SECURE, SECURE, SECURE)
    unbound: tuple | None = None


def mail(*lines):
    return (RECORD, "@ MX 10 mx", f"mx A {HOST}", *lines)


WITH = mail(f"_25._tcp.mx TLSA {TLSA}")
ALGORITHMS = {"8": "RSASHA256", "10": "RSASHA512", "13": "ECDSAP256SHA256", "14": "ECDSAP384SHA384", "15": "ED25519"}
ALL = (INSECURE,) * 3
# hickory errs (findings/hickory-wildcard.sh), and the scanner says that it does not know.
NOBODY_KNOWS = {"expected": (SECURE, SECURE, "unknown (NOERROR)"), "unbound": (SECURE,) * 3}
LOST = (BOGUS, None, None)

ZONES = [
    # Every algorithm, both tools, each way to prove that there is nothing.
    *(Zone(f"a{number}-{tool}.{tld}", algorithm, denial, tool, lines=WITH)
      for number, algorithm in ALGORITHMS.items() for tool in ("ldns", "bind")
      for tld, denial in (("com", "nsec"), ("net", "nsec3"))),
    # No TLSA record: the name is not there, or is, or a wildcard is asked.
    *(Zone(f"no-tlsa-{denial}-{tool}.org", denial=denial, tool=tool, lines=mail())
      for denial in ("nsec", "nsec3") for tool in ("ldns", "bind")),
    *(Zone(f"no-data-{denial}.org", denial=denial, lines=mail('_25._tcp.mx TXT "x"')) for denial in ("nsec", "nsec3")),
    *(Zone(f"nonterminal-{denial}.org", denial=denial, lines=mail('x._25._tcp.mx TXT "x"'))
      for denial in ("nsec", "nsec3")),
    *(Zone(f"wild-no-data-{denial}.org", denial=denial, lines=mail('*._tcp.mx TXT "x"')) for denial in ("nsec", "nsec3")),
    *(Zone(f"wild-{denial}-{tool}.org", denial=denial, tool=tool, lines=mail(f"{owner} TLSA {TLSA}"), **hickory)
      for denial, owner, hickory in (("nsec", "*._tcp.mx", NOBODY_KNOWS), ("nsec3", "*._tcp.mx", {}))
      for tool in ("ldns", "bind")),
    *(Zone(f"wild-alias-{denial}.org", denial=denial, lines=mail("*._tcp.mx CNAME tlsa", f"tlsa TLSA {TLSA}"), **hickory)
      for denial, hickory in (("nsec", NOBODY_KNOWS), ("nsec3", {}))),
    *(Zone(f"wilder-{denial}.org", denial=denial, lines=mail(f"*.mx TLSA {TLSA}")) for denial in ("nsec", "nsec3")),
    # Opt-out: nothing is proven of a name that is not there (RFC 5155 section 9.2).
    Zone("opt-out.org", denial="opt-out", lines=mail(), expected=(SECURE, SECURE, INSECURE)),
    Zone("opt-out-tlsa.org", denial="opt-out", lines=WITH),
    # Aliases.
    Zone("alias.org", lines=(RECORD, "@ MX 10 mx", "mx CNAME real", f"real A {HOST}", f"_25._tcp.real TLSA {TLSA}")),
    Zone("alias-lost.org", lines=mail("_25._tcp.mx CNAME tlsa")),
    Zone("alias-lost-nsec3.org", denial="nsec3", lines=mail("_25._tcp.mx CNAME tlsa")),
    Zone("to-unsigned.org", lines=(RECORD, "@ MX 10 mx", "mx CNAME mx.unsigned.com.", f"_25._tcp.mx TLSA {TLSA}"),
         expected=(SECURE, INSECURE, None)),
    Zone("to-signed.org", None, lines=(RECORD, "@ MX 10 mx", "mx CNAME mx.a13-ldns.com."),
         expected=(INSECURE, INSECURE, None)),
    Zone("hosted.org", lines=(RECORD, "@ MX 10 mx.unsigned.com."), expected=(SECURE, INSECURE, INSECURE)),
    Zone("hosts.org", None, lines=(RECORD, "@ MX 10 mx.a13-ldns.com."), expected=(INSECURE, SECURE, SECURE)),
    # Unsigned, below each kind of registry.
    *(Zone(f"unsigned.{tld}", None, lines=WITH, expected=ALL) for tld in ("com", "net", "org")),
    Zone("island.org", fault="island", lines=WITH, expected=ALL),
    Zone("island.com", fault="island", lines=WITH, expected=ALL),
    Zone("unknown.org", fault="unknown", lines=WITH, expected=ALL),
    # unbound knows it, and hickory does not.
    Zone("ed448.org", "ED448", tool="bind", lines=WITH, expected=ALL, unbound=(SECURE,) * 3),
    # Other digests of the DS.
    Zone("sha384.org", digest="-a SHA-384", lines=WITH),
    # Wrong, each in its way.
    *(Zone(f"{fault}-{tool}.{tld}", denial=denial, tool=tool, fault=fault, lines=WITH, expected=LOST)
      for fault in ("expired", "future", "wrong-ds", "no-keys") for tool in ("ldns", "bind")
      for tld, denial in (("org", "nsec"), ("com", "nsec3"))),
    Zone("altered.org", fault="altered", lines=WITH, expected=LOST),
    Zone("host-bogus.org", lines=(RECORD, "@ MX 10 mx.altered.org."), expected=(SECURE, BOGUS, SECURE)),
]
# What RFC 8914 has for each of these faults.
CODES = {"expired": 7, "future": 8, "wrong-ds": 9, "no-keys": 9, "altered": 6}
# How each registry proves that there is no DS.
REGISTRIES = {"com": "opt-out", "net": "nsec3", "org": "nsec"}


@dataclass
class Signed:
    """A zone's file, and the DS records that its parent has."""

    name: str
    file: str
    ds: list = field(default_factory=list)
