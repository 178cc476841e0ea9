"""A small signed Internet: which zones, signed with what and by whom, and what is right of each."""

from dataclasses import dataclass, field

ROOT = ("127.0.1.1",)
REGISTRY = ("127.0.2.1",)
OPERATOR = ("127.0.3.1",)
RESOLVER = "127.0.9.1"
HOST = "127.0.7.1"

SECURE, INSECURE, BOGUS = "secure", "insecure", "bogus"
NOT_ASKED = "not asked"
UNKNOWN = "unknown (NOERROR)"
TLSA = "3 1 1 " + "ab" * 32
SOA = "@ 300 IN SOA ns.{zone} hostmaster.{zone} 1 7200 900 1209600 300\n"
RECORD = '_mta-sts TXT "v=STSv1; id=20260101T000000;"'


@dataclass(frozen=True)
class Zone:
    """A zone; `algorithm` None leaves it unsigned.

    `fault`: expired, future, wrong-ds, no-keys (a DS, and nothing signed), altered, island (no DS),
    unknown (a DS of an algorithm that nobody has).
    `tool`: ldns, bind or knot. `rounds` are those of NSEC3.
    `expected` is what MX, the MX host's address and its TLSA records are; `others` where unbound and delv say
    otherwise, and `delv` where delv alone does.
    """

    name: str
    algorithm: str | None = "ECDSAP256SHA256"
    denial: str = "nsec"
    tool: str = "ldns"
    fault: str = ""
    rounds: int = 0
    digest: str = "-2"
    lines: tuple = ()
    expected: tuple = (SECURE, SECURE, SECURE)
    others: tuple | None = None
    delv: tuple | None = None


def mail(*lines):
    return (RECORD, "@ MX 10 mx", f"mx A {HOST}", *lines)


WITH = mail(f"_25._tcp.mx TLSA {TLSA}")
ALGORITHMS = {"8": "RSASHA256", "10": "RSASHA512", "13": "ECDSAP256SHA256", "14": "ECDSAP384SHA384", "15": "ED25519"}
TOOLS = ("ldns", "bind", "knot")
# Nobody asks for TLSA where the addresses are insecure (RFC 7672 section 2.2.2).
PLAIN = {"expected": (INSECURE, INSECURE, NOT_ASKED), "others": (INSECURE,) * 3}
# hickory errs (findings/hickory-wildcard.sh), and the scanner says that it does not know.
NOBODY_KNOWS = {"expected": (SECURE, SECURE, UNKNOWN), "others": (SECURE,) * 3}
LOST = (BOGUS, None, None)

ZONES = [
    # Every algorithm, each tool, each way to prove that there is nothing.
    *(Zone(f"a{number}-{tool}.{tld}", algorithm, denial, tool, lines=WITH)
      for number, algorithm in ALGORITHMS.items() for tool in TOOLS
      for tld, denial in (("com", "nsec"), ("net", "nsec3"))),
    # No TLSA record: the name is not there, or is, or a wildcard is asked.
    *(Zone(f"no-tlsa-{denial}-{tool}.org", denial=denial, tool=tool, lines=mail())
      for denial in ("nsec", "nsec3") for tool in TOOLS),
    *(Zone(f"no-data-{denial}.org", denial=denial, lines=mail('_25._tcp.mx TXT "x"')) for denial in ("nsec", "nsec3")),
    *(Zone(f"nonterminal-{denial}.org", denial=denial, lines=mail('x._25._tcp.mx TXT "x"'))
      for denial in ("nsec", "nsec3")),
    *(Zone(f"wild-no-data-{denial}.org", denial=denial, lines=mail('*._tcp.mx TXT "x"')) for denial in ("nsec", "nsec3")),
    *(Zone(f"wild-{denial}-{tool}.org", denial=denial, tool=tool, lines=mail(f"{owner} TLSA {TLSA}"), **hickory)
      for denial, owner, hickory in (("nsec", "*._tcp.mx", NOBODY_KNOWS), ("nsec3", "*._tcp.mx", {}))
      for tool in TOOLS),
    *(Zone(f"wild-alias-{denial}.org", denial=denial, lines=mail("*._tcp.mx CNAME tlsa", f"tlsa TLSA {TLSA}"), **hickory)
      for denial, hickory in (("nsec", NOBODY_KNOWS), ("nsec3", {}))),
    *(Zone(f"wilder-{denial}.org", denial=denial, lines=mail(f"*.mx TLSA {TLSA}")) for denial in ("nsec", "nsec3")),
    # Opt-out: nothing is proven of a name that is not there (RFC 5155 section 9.2). delv does not look at
    # that.
    *(Zone(f"opt-out-{tool}.org", denial="opt-out", tool=tool, lines=mail(), expected=(SECURE, SECURE, INSECURE),
           delv=(SECURE,) * 3)
      for tool in TOOLS),
    *(Zone(f"opt-out-tlsa-{tool}.org", denial="opt-out", tool=tool, lines=WITH) for tool in TOOLS),
    # Aliases.
    Zone("alias.org", lines=(RECORD, "@ MX 10 mx", "mx CNAME real", f"real A {HOST}", f"_25._tcp.real TLSA {TLSA}")),
    Zone("alias-lost.org", lines=mail("_25._tcp.mx CNAME tlsa")),
    Zone("alias-lost-nsec3.org", denial="nsec3", lines=mail("_25._tcp.mx CNAME tlsa")),
    Zone("to-unsigned.org", lines=(RECORD, "@ MX 10 mx", "mx CNAME mx.unsigned.com.", f"_25._tcp.mx TLSA {TLSA}"),
         expected=(SECURE, INSECURE, None)),
    Zone("to-signed.org", None, lines=(RECORD, "@ MX 10 mx", "mx CNAME mx.a13-ldns.com."),
         expected=(INSECURE, INSECURE, None)),
    Zone("hosted.org", lines=(RECORD, "@ MX 10 mx.unsigned.com."), expected=(SECURE, INSECURE, NOT_ASKED),
         others=(SECURE, INSECURE, INSECURE)),
    Zone("hosts.org", None, lines=(RECORD, "@ MX 10 mx.a13-ldns.com."), expected=(INSECURE, SECURE, SECURE)),
    # Unsigned, below each kind of registry.
    *(Zone(f"unsigned.{tld}", None, lines=WITH, **PLAIN) for tld in ("com", "net", "org")),
    Zone("island.org", fault="island", lines=WITH, **PLAIN),
    Zone("island.com", fault="island", lines=WITH, **PLAIN),
    Zone("unknown.org", fault="unknown", lines=WITH, **PLAIN),
    # The others know it, and hickory does not.
    *(Zone(f"ed448-{tool}.org", "ED448", tool=tool, lines=WITH, expected=PLAIN["expected"], others=(SECURE,) * 3)
      for tool in ("bind", "knot")),
    # An alias that a DNAME makes bears no signature (RFC 6672 section 5.3.1), and hickory does not know why
    # (findings/hickory-dname.sh). The TLSA records are asked for under the name that it leads to.
    Zone("dname.org", lines=(RECORD, "@ MX 10 mx.old", "old DNAME new", f"mx.new A {HOST}",
                             f"_25._tcp.mx.new TLSA {TLSA}"),
         expected=(SECURE, UNKNOWN, SECURE), others=(SECURE,) * 3),
    # More rounds of hashing than 100: for hickory they prove nothing (RFC 9276 section 3.2), be it that a
    # name is not there or that a zone has no DS; others go further.
    Zone("rounds.org", denial="nsec3", rounds=120, lines=mail(), expected=(SECURE, SECURE, INSECURE), others=(SECURE,) * 3),
    Zone("more-rounds.org", denial="nsec3", rounds=600, lines=mail(), expected=(SECURE, SECURE, INSECURE)),
    Zone("signed.info", lines=WITH),
    Zone("unsigned.info", None, lines=WITH, expected=(UNKNOWN,) * 3, others=(INSECURE,) * 3),
    # Other digests of the DS.
    Zone("sha384.org", digest="-a SHA-384", lines=WITH),
    # Wrong, each in its way.
    *(Zone(f"{fault}-{tool}.{tld}", denial=denial, tool=tool, fault=fault, lines=WITH, expected=LOST)
      for fault in ("expired", "future", "wrong-ds", "no-keys") for tool in TOOLS
      for tld, denial in (("org", "nsec"), ("com", "nsec3"))),
    Zone("altered.org", fault="altered", lines=WITH, expected=LOST),
    Zone("host-bogus.org", lines=(RECORD, "@ MX 10 mx.altered.org."), expected=(SECURE, BOGUS, SECURE)),
]
# What RFC 8914 has for each of these faults.
CODES = {"expired": 7, "future": 8, "wrong-ds": 9, "no-keys": 9, "altered": 6}
# How each registry proves that there is no DS, in how many rounds, and whose tools sign it.
REGISTRIES = {"com": ("opt-out", 0, "bind"), "net": ("nsec3", 0, "knot"), "org": ("nsec", 0, "ldns"),
              "info": ("nsec3", 120, "bind")}


@dataclass
class Signed:
    """A zone's file, and the DS records that its parent has."""

    name: str
    file: str
    ds: list = field(default_factory=list)


def security(status, ad, codes):
    """What an answer of the scanner's is: SERVFAIL is bogus where its codes say so (RFC 8914), and else nobody's word."""
    if status is None:
        return NOT_ASKED
    if status == "SERVFAIL" and any(6 <= code <= 12 for code in codes or []):
        return BOGUS
    if status not in ("NOERROR", "NODATA", "NXDOMAIN") or ad is None:
        return UNKNOWN.replace("NOERROR", status)
    return SECURE if ad else INSECURE
