"""How each sender is asked: whether it takes the certificate of a host, at its defaults but for the root."""

import json
import re
import shutil
import subprocess
from pathlib import Path

from serve import SMTP, TLS

HERE = Path(__file__).resolve().parent
TOP = HERE.parent.parent


def which(program):
    return shutil.which(program, path="/usr/sbin:/sbin:/usr/bin:/bin:/usr/lib/go/bin")


def run(*command, **more):
    ended = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=300, **more)
    return ended.returncode, ended.stdout + ended.stderr


def version(text):
    return re.search(r"\d+(\.\d+)+", text).group(0)


class Asked:
    """What all are asked with."""

    def __init__(self, folder, roots, cases, addresses, taken, exim):
        self.folder, self.roots, self.cases = folder, roots, cases
        self.addresses, self.taken, self.exim = addresses, taken, exim

    def lines(self):
        return "".join(f"{self.addresses[case.name]} {case.host}\n" for case in self.cases)


def postfix(asked):
    """As with the security level `secure` and the host as the one match."""
    said = version(run(which("postconf"), "-d", "mail_version")[1])
    seen = {}
    for case in asked.cases:
        target = f"[{asked.addresses[case.name]}]:{SMTP}"
        out = run(which("posttls-finger"), "-c", "-l", "secure", "-F", asked.roots, target, case.host)[1]
        seen[case.name] = "Verified TLS connection established" in out
    return said, seen


def exim(asked):
    """A delivery to the host, which takes a text from whoever verifies it."""
    program = asked.exim or which("exim4")
    config = asked.folder / "exim.conf"
    (asked.folder / "spool").mkdir(exist_ok=True)
    (asked.folder / "spool").chmod(0o777)
    # Its queue runs as its own user.
    config.write_text(
        f"exim_path = {program}\nkeep_environment =\nprimary_hostname = client.example\n"
        f"spool_directory = {asked.folder}/spool\nlog_file_path = {asked.folder}/spool/%slog\n"
        "qualify_domain = client.example\ndisable_ipv6\nbegin routers\nall:\n  driver = manualroute\n"
        "  transport = out\n  route_list = * HOST byname\n  host_find_failed = defer\n  self = send\n"
        "begin transports\nout:\n"
        f"  driver = smtp\n  port = {SMTP}\n  hosts_require_tls = *\n  tls_verify_certificates = {asked.roots}\n"
        "  tls_verify_hosts = *\n  tls_verify_cert_hostnames = *\n  hosts_try_fastopen =\nbegin retry\n* * F,1h,1h\n")
    said = version(run(program, "-bV")[1])
    for case in asked.cases:
        run(program, "-C", config, f"-DHOST={case.host}", "-odf", "-f", "a@client.example", f"b@{case.domain}",
            input="Subject: x\n\nx\n")
    return said, {case.name: case.name in asked.taken.hosts for case in asked.cases}


def told(output, cases):
    """The answers of a program that prints a host and `taken` or `refused` on each line."""
    words = dict(line.split()[:2] for line in output.splitlines() if line.endswith((" taken", " refused")))
    return {case.name: words[case.host] == "taken" for case in cases}


def go(asked):
    program = asked.folder / "ask-go"
    run(which("go"), "build", "-o", program, HERE / "ask.go", env={"HOME": str(asked.folder), "GO111MODULE": "off",
                                                                 "PATH": "/usr/bin:/bin"})
    said = version(run(which("go"), "version")[1])
    return said, told(run(program, asked.roots, TLS, input=asked.lines())[1], asked.cases)


def java(asked):
    said = version(run(which("java"), "-version")[1])
    out = run(which("java"), HERE / "Ask.java", asked.roots, TLS, input=asked.lines())[1]
    return said, told(out, asked.cases)


def node(asked):
    said = version(run(which("node"), "--version")[1])
    return said, told(run(which("node"), HERE / "ask.mjs", asked.roots, TLS, input=asked.lines())[1], asked.cases)


def openssl(asked):
    """At Debian's default level of security."""
    said = version(run(which("openssl"), "version")[1])
    seen = {}
    for case in asked.cases:
        code, _ = run(which("openssl"), "s_client", "-connect", f"{asked.addresses[case.name]}:{TLS}", "-servername",
                      case.host, "-verify_hostname", case.host, "-verify_return_error", "-CAfile", asked.roots,
                      "-quiet", "-no_ign_eof", input="")
        seen[case.name] = code == 0
    return said, seen


def gnutls(asked):
    said = version(run(which("gnutls-cli"), "--version")[1])
    seen = {}
    for case in asked.cases:
        _, out = run(which("gnutls-cli"), "--x509cafile", asked.roots, "--sni-hostname", case.host, "--verify-hostname",
                     case.host, "-p", TLS, asked.addresses[case.name], input="")
        seen[case.name] = "Handshake was completed" in out
    return said, seen


def rustls(asked):
    lock = (TOP / "Cargo.lock").read_text()
    said = re.search(r'name = "rustls"\nversion = "([^"]+)"', lock).group(1)
    program = TOP / "target" / "debug" / "examples" / "ask_rustls"
    return said, told(run(program, asked.roots, TLS, input=asked.lines())[1], asked.cases)


def ours(asked, program, config):
    """The faults that this scanner sees, and what senders differ by."""
    domains = [case.domain for case in asked.cases]
    out = run(program, "check", *domains, "--format", "json", "--config", config)[1]
    seen = {}
    for line in out.splitlines():
        if not line.startswith("{"):
            continue
        row = json.loads(line)
        tls = row["mx"]["hosts"][0]["addresses"][0]["tls"]
        seen[row["domain"].split(".")[0]] = tls["cert_faults"], tls["cert_cause"], tls["cert_differs"]
    return {case.name: seen[case.name] for case in asked.cases}


SENDERS = {"Postfix": postfix, "Exim": exim, "Go": go, "OpenJDK": java, "Node": node, "OpenSSL": openssl,
           "GnuTLS": gnutls, "rustls": rustls}
