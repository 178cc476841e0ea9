"""The chains that senders are asked about, made with OpenSSL: one host for each, below one root."""

import shutil
import subprocess
from dataclasses import dataclass, field

PAST = "2020-01-01"     # a year from then is over
FUTURE = "2090-01-01"
POLICY = "1.3.6.1.4.1.32473.1"      # below the number for documentation (RFC 5612)
EKU = "extendedKeyUsage=serverAuth"
LEAF = ["basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature", EKU]
AUTHORITY = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"]


def without(extensions, *names):
    return [one for one in extensions if one.split("=")[0] not in names]


def usage(words):
    return [*without(LEAF, "keyUsage"), f"keyUsage=critical,{words}"]


@dataclass
class Certificate:
    """What one certificate is; {host} and {domain} in its texts are the case's."""
    extensions: list
    names: list = field(default_factory=lambda: ["{host}"])
    subject: str = "/CN={host}"
    key: str = "ec"                 # ec, or bits of RSA
    digest: str = "sha256"
    begins: str = None              # a date; yesterday where there is none
    days: int = 365


# Authorities are valid whenever a leaf is.
LASTING = {"begins": "2019-01-01", "days": 30000}


def leaf(extensions=LEAF, **more):
    return Certificate(extensions, **more)


def issuer(extensions=AUTHORITY, **more):
    return Certificate(extensions, names=[], **{"subject": "/O=Senders/CN=Issuer", **LASTING, **more})


@dataclass
class Case:
    name: str
    about: str
    leaf: Certificate = field(default_factory=leaf)
    issuers: list = field(default_factory=lambda: [issuer()])     # from the root down
    label: str = "mx"               # of the host
    sent: str = "all"               # all, leaf, or ended first
    crowd: int = 0                  # authorities that have nothing to do with it
    self_signed: bool = False

    @property
    def domain(self):
        return f"{self.name}.example"

    @property
    def host(self):
        return f"{self.label}.{self.domain}"



ORGANIZATION = "[org]\nO=Example Org\n"
WITHIN = [*AUTHORITY, "nameConstraints=critical,permitted;DNS:{domain},permitted;dirName:org"]

CASES = [
    Case("usual", "an ECDSA leaf, one issuer, a root that is trusted"),
    Case("rsa-2048", "an RSA leaf of 2048 bits", leaf(key="2048")),
    Case("wildcard", "the wildcard above the host", leaf(names=["*.{domain}"])),
    Case("underscore", "the wildcard above a host with an underscore", leaf(names=["*.{domain}"]), label="my_mx"),
    Case("other-name", "the name of another host", leaf(names=["other.{domain}"])),
    Case("common-name", "no DNS name, the host as common name", leaf(names=[])),
    Case("expired", "the leaf has expired", leaf(begins=PAST)),
    Case("not-yet", "the leaf is not valid yet", leaf(begins=FUTURE)),
    Case("self-signed", "signed by itself, not in the store", self_signed=True),
    Case("no-issuer", "the issuer is not sent", sent="leaf"),
    Case("leaf-authority", "the leaf is marked as an authority", leaf(["basicConstraints=critical,CA:TRUE", *LEAF[1:]])),
    Case("certifies-only", "key usage keyCertSign and cRLSign alone", leaf(usage("keyCertSign,cRLSign"))),
    Case("encrypts-only", "key usage keyEncipherment alone, RSA", leaf(usage("keyEncipherment"), key="2048")),
    Case("no-key-usage", "no key usage", leaf(without(LEAF, "keyUsage"))),
    Case("rsa-1024", "an RSA leaf of 1024 bits", leaf(key="1024")),
    Case("issuer-1024", "an issuer with RSA of 1024 bits", issuers=[issuer(key="1024")]),
    Case("sha1", "the leaf is signed with SHA-1", leaf(digest="sha1"), [issuer(key="2048")]),
    Case("version-1", "a leaf of X.509 version 1, the host as common name", leaf([], names=[])),
    Case("unknown-critical", "an unknown critical extension in the leaf",
         leaf([*LEAF, "1.3.6.1.4.1.32473.2=critical,DER:0500"])),
    Case("issuer-unknown-critical", "an unknown critical extension in the issuer",
         issuers=[issuer([*AUTHORITY, "1.3.6.1.4.1.32473.2=critical,DER:0500"])]),
    Case("policy", "a critical policy in the leaf", leaf([*LEAF, f"certificatePolicies=critical,{POLICY}"])),
    Case("issuer-policy", "critical anyPolicy in the issuer",
         leaf([*LEAF, f"certificatePolicies={POLICY}"]), [issuer([*AUTHORITY, "certificatePolicies=critical,2.5.29.32.0"])]),
    Case("policy-missing", "the issuer demands a policy, the leaf has none", issuers=[issuer(
        [*AUTHORITY, "certificatePolicies=2.5.29.32.0", "policyConstraints=critical,requireExplicitPolicy:0"])]),
    Case("names-within", "the issuer may certify the host's domain and the leaf's organization",
         leaf(subject="/O=Example Org/CN={host}"), [issuer(WITHIN)]),
    Case("names-outside", "the issuer may certify another domain",
         issuers=[issuer([*AUTHORITY, "nameConstraints=critical,permitted;DNS:other.example"])]),
    Case("issuer-expired", "the issuer's certificate has expired", issuers=[issuer(begins=PAST, days=365)]),
    Case("expired-first", "the issuer twice, the expired certificate first", sent="ended first"),
    Case("issuer-crl-only", "the issuer's key usage is cRLSign alone",
         issuers=[issuer([AUTHORITY[0], "keyUsage=critical,cRLSign"])]),
    Case("issuer-no-authority", "the issuer is not marked as an authority", issuers=[issuer(["basicConstraints=CA:FALSE"])]),
    Case("path-length", "an issuer below one that allows none", issuers=[
        issuer(["basicConstraints=critical,CA:TRUE,pathlen:0", AUTHORITY[1]]), issuer(subject="/O=Senders/CN=Below")]),
    Case("path-6", "six issuers", issuers=[issuer(subject=f"/O=Senders/CN=Six {n}") for n in range(6)]),
    Case("path-7", "seven issuers", issuers=[issuer(subject=f"/O=Senders/CN=Seven {n}") for n in range(7)]),
    Case("list-11", "eleven certificates in all", crowd=9),
    Case("list-17", "seventeen certificates in all", crowd=15),
    Case("must-staple", "demands a stapled answer of OCSP, none is stapled", leaf([*LEAF, "tlsfeature=status_request"])),
]


def openssl(*arguments, begins=None):
    program = shutil.which("openssl")
    # With a date of its own a certificate begins then.
    at = [shutil.which("faketime"), begins] if begins else []
    subprocess.run([*at, program, *map(str, arguments)], check=True, capture_output=True)


def made(folder, wanted, above, texts, key=None):
    """A certificate and its key, as files; `above` are those of its issuer, None where it signs itself."""
    folder.mkdir(parents=True, exist_ok=True)
    number = len(list(folder.iterdir()))
    request, certificate, lines = (folder / f"{number}.{kind}" for kind in ("csr", "pem", "ext"))
    own = key or folder / f"{number}.key"
    if key is None and wanted.key == "ec":
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", own)
    elif key is None:
        openssl("genrsa", "-out", own, wanted.key)
    openssl("req", "-new", "-key", own, "-subj", wanted.subject.format(**texts), "-out", request)
    extensions = [one.format(**texts) for one in wanted.extensions]
    names = [name.format(**texts) for name in wanted.names]
    extensions += ["subjectAltName=" + ",".join(f"DNS:{name}" for name in names)] if names else []
    lines.write_text("\n".join(extensions) + "\n" + ORGANIZATION)
    by = ["-CA", above[0], "-CAkey", above[1]] if above else ["-signkey", own]
    serial = ["-set_serial", f"0x{abs(hash((str(folder), number))) % 2**63:x}"]
    # Without extensions OpenSSL makes version 1.
    own_lines = ["-extfile", lines] if extensions else []
    openssl("x509", "-req", "-in", request, *by, *serial, "-days", wanted.days, f"-{wanted.digest}", *own_lines,
            "-out", certificate, begins=wanted.begins)
    return certificate, own


def all_of(folder):
    """Makes them all; gives the file of roots, and by name the file of each chain and its key."""
    root = made(folder / "root", issuer(subject="/O=Senders/CN=Root"), None, {})
    crowd = [made(folder / "crowd", issuer(subject=f"/O=Senders/CN=Other {n}"), None, {})[0] for n in range(15)]
    chains = {}
    for case in CASES:
        own, texts = folder / case.name, {"host": case.host, "domain": case.domain}
        line = [root]
        for one in case.issuers:
            line.append(made(own, one, line[-1], texts))
        certificate, key = made(own, case.leaf, None if case.self_signed else line[-1], texts)
        behind = [one for one, _ in reversed(line[1:])]
        if case.sent == "ended first":
            ended = issuer(begins=PAST, days=365)
            behind.insert(0, made(own, ended, root, texts, key=line[1][1])[0])
        sent = [certificate, *(behind if case.sent != "leaf" and not case.self_signed else []), *crowd[:case.crowd]]
        chain = own / "chain"
        chain.write_text("".join(path.read_text() for path in sent))
        chains[case.name] = chain, key
    return root[0], chains
