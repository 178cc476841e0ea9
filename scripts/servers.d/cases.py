"""The cases: a server, and what is right. MX hosts are at 127.2.0.n, policy hosts at 127.3.0.n."""

import json
from dataclasses import dataclass, field

POLICY = "version: STSv1\nmode: enforce\nmx: mx.{domain}\nmax_age: 2419200\n"


@dataclass(frozen=True)
class Case:
    name: str
    about: str
    expected: dict
    # What is there in place of what is in order: keys of raised.py.
    mx: dict = field(default_factory=lambda: {"postfix": ""})
    web: dict = field(default_factory=lambda: {"text": POLICY})
    txt: str = "v=STSv1; id=20260101T000000;"
    tlsrpt: str = "v=TLSRPTv1; rua=mailto:a@example.org"

    @property
    def domain(self):
        return f"{self.name}.example"


def column(row, key):
    """A key of `sts-scan check --format json`: findings as codes, verdicts, columns of the only MX host."""
    if row is None:
        return None
    if key == "findings":
        return [finding["code"] for finding in row["findings"]]
    if key in ("strict", "lenient"):
        return row[key]["verdict"]
    stage, _, name = key.partition(".")
    if stage in ("policy", "record", "tlsrpt"):
        return row[stage].get(name)
    addresses = row["mx"]["hosts"][0]["addresses"]
    return addresses[0].get(key) if addresses else None


def said(*lines):
    """A mail server that answers one line after the other and then hangs up."""
    return {"script": lines}


REFUSED = {"strict": "refused", "lenient": "refused"}
OPEN = {"strict": "indeterminate"}
EHLO = "250-mx\r\n250 STARTTLS\r\n"
GREETING = "220 mx ESMTP\r\n"

CASES = [
    Case("good", "Postfix as it is", {"findings": [], "strict": "validated", "outcome": "ok", "quit_code": 221,
                                      "requiretls": False}),
    Case("ccert", "Postfix, smtpd_tls_req_ccert: 421 to whatever comes first inside TLS (fault 3)",
         {"findings": ["mx_client_certificate"], "quit_code": 421, **REFUSED},
         mx={"postfix": "-o smtpd_tls_security_level=encrypt -o smtpd_tls_req_ccert=yes"}),
    Case("keyless", "Postfix whose key is gone: 454 to STARTTLS, which is no limit",
         {"findings": ["starttls_refused"], "outcome": "starttls_refused", **REFUSED},
         mx={"postfix": "-o smtpd_tls_key_file=/dev/null"}),
    Case("plain", "Postfix without TLS, looked at twice (1.7)",
         {"findings": ["starttls_not_offered"], "attempts": ["starttls_not_offered"] * 2, **REFUSED},
         mx={"postfix": "-o smtpd_tls_security_level=none"}),
    Case("tls-sessions", "454 too many new TLS sessions (fault 2)",
         {"findings": ["smtp_limited"], "outcome": "limited", **OPEN},
         mx=said(GREETING, EHLO, "454 4.7.0 Error: too many new TLS sessions from 127.0.0.1\r\n")),
    Case("rate-452", "452 Connection rate limit exceeded (B49)",
         {"findings": ["smtp_limited"], "outcome": "limited", "code": 452, **OPEN},
         mx=said("452 4.3.2 Connection rate limit exceeded.\r\n")),
    Case("ehlo-dropped", "550 to EHLO and a closed line, as exim's drop does (fault 4)",
         {"findings": ["smtp_rejected_5xx"], "outcome": "smtp_rejected_5xx", "code": 550, **OPEN},
         mx=said(GREETING, "550 HELO name is not acceptable here\r\n")),
    Case("greylisted", "451 that speaks of no rate", {"findings": ["smtp_rejected_4xx"], **OPEN},
         mx=said("451 4.7.1 Greylisted, please try again later\r\n")),
    Case("nocert", "openssl s_server -nocert: handshake_failure to every hello (fault 1)",
         {"findings": ["policy_tls_alert"], "strict": "no_policy", "policy.alert": 40},
         web={"openssl": ["-nocert"]}),
    Case("p521", "openssl s_server with secp521r1 alone: a limit of ours",
         {"findings": ["policy_tls_client_limit"], "strict": "indeterminate"},
         web={"openssl": ["-groups", "P-521", "-tls1_3"]}),
    Case("static-rsa", "openssl s_server with CBC suites alone: a limit of ours",
         {"findings": ["policy_tls_client_limit"], "strict": "indeterminate"},
         web={"openssl": ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-SHA:ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0"]}),
    Case("http2", "node's http2.createSecureServer: alert 120 to HTTP/1.1 (fault 6)",
         {"findings": [], "strict": "validated", "policy.http_version": "HTTP/2", "policy.http_status": 200,
          "policy.attempts": ["policy_tls_no_protocol", "ok"]},
         web={"http2": POLICY}),
    Case("abrupt", "Python's http.server, no length, no close_notify (fault 7, B16)",
         {"findings": ["policy_http_incomplete"], "strict": "no_policy", "lenient": "validated"},
         web={"abrupt": POLICY}),
    Case("literal", "literal \\n for line ends (B84)",
         {"strict": "no_policy", "findings": ["policy_version_invalid", "policy_mode_missing",
                                              "policy_max_age_missing", "policy_mx_missing", "policy_escaped"]},
         web={"text": POLICY.replace("\n", "\\n")}),
    Case("quoted", "quotes round the record (B02)",
         {"findings": ["record_version_invalid", "record_escaped"], "strict": "no_policy"},
         txt='\\"v=STSv1; id=20260101T000000;\\"'),
    Case("backslashes", "backslashes before the semicolons (B01)",
         {"findings": ["record_version_invalid", "record_escaped"], "strict": "no_policy"},
         txt="v=STSv1\\\\; id=20260101T000000\\\\;"),
    Case("tlsrpt-quoted", "a TLSRPT record in quotes",
         {"findings": ["tlsrpt_escaped"], "strict": "validated", "tlsrpt.state": "invalid"},
         tlsrpt='\\"v=TLSRPTv1; rua=mailto:a@example.org\\"'),
]
