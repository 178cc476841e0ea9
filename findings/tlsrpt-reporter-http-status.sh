#!/usr/bin/env bash
# tlsrpt-reporter takes any HTTP status for a delivered report. Needs python3 with venv, openssl, curl, and PyPI.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check tlsrpt-reporter==0.6.0
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
    -keyout "$work/key.pem" -out "$work/ca.pem" 2>/dev/null
cat <<'TEXT'
tlsrpt-reporter 0.6.0
expected: a report that the receiver answers with 429 or 503 was not delivered (RFC 9110 sections 15.5 and 15.6), and is
          tried again for up to 24 hours (RFC 8460 section 5.5, which holds for HTTPS as for mail)
TEXT
"$work/venv/bin/python" - "$work" <<'PYTHON'
import http.server
import json
import ssl
import sys
import threading

from tlsrpt_reporter import tlsrpt

work = sys.argv[1]


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(int(self.path[1:]))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("localhost", 0), Receiver)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(f"{work}/ca.pem", f"{work}/key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()

# As it comes, but for the authority of this receiver.
values = {name: option["default"] for name, option in tlsrpt.options_reportd.items()}
values |= {"dbname": f"{work}/reports.db", "fetchers": "true", "organization_name": "reporter.example",
           "contact_info": "tls@reporter.example", "sender_address": "tls@reporter.example"}
values["http_script"] = values["http_script"].replace("curl ", f"curl --cacert {work}/ca.pem ")
reporter = tlsrpt.TLSRPTReportd(tlsrpt.ConfigReportd(**values))
report = json.dumps({"organization-name": "reporter.example", "policies": []})
came = {}
for status in (201, 429, 503):
    to = f"https://localhost:{server.server_port}/{status}"
    came[status] = reporter.send_out_report("2026-01-05", "domain.example", 1, 1, to, report).name
    print(f"answered {status}: {came[status]}")
if came != {201: "SUCCEEDED", 429: "SUCCEEDED", 503: "SUCCEEDED"}:
    sys.exit("changed: each was SUCCEEDED, and nothing was sent again")
PYTHON
