"""Raises the servers of the cases, and looks at them."""

import contextlib
import http.server
import json
import shutil
import socket
import socketserver
import ssl
import subprocess
import tempfile
import threading
import time
from pathlib import Path

READY = 30  # seconds
DNS, SMTP, HTTPS = 5353, 2525, 4443


def which(program):
    return shutil.which(program, path="/usr/sbin:/sbin:/usr/bin:/bin")


def run(*command, **kw):
    subprocess.run([str(part) for part in command], check=True, capture_output=True, **kw)


def authority(folder):
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
        "-subj", "/CN=servers-check", "-keyout", folder / "ca.key", "-out", folder / "ca.pem")


def certificate(folder, name):
    """Chain and key of a name."""
    key, request, chain = (folder / f"{name}.{kind}" for kind in ("key", "csr", "pem"))
    names = folder / f"{name}.ext"
    names.write_text(f"subjectAltName=DNS:{name}\n")
    run("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/",
        "-keyout", key, "-out", request)
    run("openssl", "x509", "-req", "-in", request, "-CA", folder / "ca.pem", "-CAkey", folder / "ca.key",
        "-CAcreateserial", "-days", "29", "-extfile", names, "-out", chain)
    chain.write_text(chain.read_text() + (folder / "ca.pem").read_text())
    return chain, key


def ready(addr, port, kind=socket.SOCK_STREAM):
    until = time.monotonic() + READY
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.socket(socket.AF_INET, kind) as probe:
            probe.settimeout(1)
            probe.connect((addr, port))
            return
        time.sleep(0.05)
    raise RuntimeError(f"nothing listens at {addr}:{port}")


def records(cases):
    for number, case in enumerate(cases, 1):
        name = case.name
        yield from (f"{name} MX 10 mx.{name}", f"mx.{name} A 127.2.0.{number}", f"mta-sts.{name} A 127.3.0.{number}",
                    f'_mta-sts.{name} TXT "{case.txt}"', f'_smtp._tls.{name} TXT "{case.tlsrpt}"')


def nsd(folder, records):
    zone = ["$ORIGIN example.", "$TTL 60", "@ SOA ns.example. root.example. 1 60 60 60 60", "@ NS ns.example.",
            "ns A 127.0.0.1", *records]
    (folder / "zone").write_text("\n".join(zone) + "\n")
    (folder / "nsd.conf").write_text(
        f'server:\n  ip-address: 127.0.0.1@{DNS}\n  username: ""\n  chroot: ""\n  zonesdir: "{folder}"\n'
        f'  pidfile: "{folder}/nsd.pid"\n  xfrdfile: "{folder}/xfrd"\n  xfrdir: "{folder}"\n'
        f'  zonelistfile: "{folder}/list"\n  database: ""\n  rrl-ratelimit: 0\nremote-control:\n'
        f'  control-enable: no\nzone:\n  name: "example"\n  zonefile: "{folder}/zone"\n')
    return subprocess.Popen([which("nsd"), "-d", "-c", folder / "nsd.conf"], stderr=subprocess.DEVNULL)


def postfix(folder, hosts):
    """An instance with a service for each (address, options, chain, key)."""
    for name in ("etc", "queue", "data"):
        (folder / name).mkdir(parents=True)
    shutil.chown(folder / "data", "postfix")
    services = [f"{addr}:{SMTP} inet n - n - - smtpd -o smtpd_tls_cert_file={chain} -o smtpd_tls_key_file={key} {more}"
                for addr, more, chain, key in hosts]
    services += ["tlsmgr unix - - n - 1 tlsmgr", "anvil unix - - n - 1 anvil", "rewrite unix - - n - - trivial-rewrite",
                 "cleanup unix n - n - 0 cleanup", "bounce unix - - n - 0 bounce", "defer unix - - n - 0 bounce",
                 "qmgr unix n - n 300 1 qmgr", "proxymap unix - - n - - proxymap",
                 "postlog unix-dgram n - n - 1 postlogd"]
    (folder / "etc" / "master.cf").write_text("\n".join(services) + "\n")
    (folder / "etc" / "main.cf").write_text(
        f"compatibility_level = 3.6\nqueue_directory = {folder}/queue\ndata_directory = {folder}/data\n"
        f"maillog_file = {folder}/log\nmaillog_file_prefixes = {folder}\nmyhostname = mx.example\n"
        "mydestination =\nsmtpd_tls_security_level = may\ninet_protocols = ipv4\nmaster_service_disable =\n"
        "smtpd_client_connection_rate_limit = 0\nalias_maps =\n")
    run(which("postfix"), "-c", folder / "etc", "start")
    return lambda: run(which("postfix"), "-c", folder / "etc", "stop")


def scripted(addr, lines):
    """Greets with the first line, answers each line that it hears with the next, and hangs up."""

    class Talk(socketserver.StreamRequestHandler):
        def handle(self):
            for number, line in enumerate(lines):
                if number and not self.rfile.readline():
                    return
                self.wfile.write(line.encode())

    return serving(socketserver.ThreadingTCPServer, addr, SMTP, Talk)


def serving(kind, addr, port, handler):
    kind.allow_reuse_address = True
    server = kind((addr, port), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def web(addr, text, is_abrupt, chain, key):
    """A policy host; an abrupt one sends no length, and closes TCP without TLS, as http.server does."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/plain")
            if not is_abrupt:
                self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_):
            pass

    server = serving(http.server.ThreadingHTTPServer, addr, HTTPS, Answer)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    return server


def s_server(addr, options, chain, key):
    own = [] if "-nocert" in options else ["-cert", chain, "-key", key]
    command = ["openssl", "s_server", "-accept", f"{addr}:{HTTPS}", "-quiet", "-www", *own, *options]
    return subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def http2_alone(addr, text, chain, key):
    """Node's server for HTTP/2, which takes no HTTP/1.1 unless it is told to."""
    program = """
        const [addr, port, text, chain, key] = process.argv.slice(1);
        const read = require("fs").readFileSync;
        const server = require("http2").createSecureServer({ cert: read(chain), key: read(key) });
        server.on("stream", (stream) => {
            stream.respond({ ":status": 200, "content-type": "text/plain" });
            stream.end(text);
        });
        server.listen(Number(port), addr);
    """
    command = [which("node"), "-e", program, addr, HTTPS, text, chain, key]
    return subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def settings(folder):
    """The scanner's settings for these servers, as a file."""
    config = folder / "scan.toml"
    config.write_text(
        f'[dns]\nresolvers = ["127.0.0.1:{DNS}"]\n[policy_host]\nport = {HTTPS}\n[smtp]\nport = {SMTP}\n'
        f'[tls]\ntrust = "{folder}/ca.pem"\n[targets]\nallow_private = true\n'
        '[identity]\nehlo_name = "scan.example"\ncontact = "scan@example.org"\n'
        'info_url = "https://scan.example/"\n')
    return config


@contextlib.contextmanager
def servers(cases):
    """Raises them all; gives the scanner's settings."""
    folder = Path(tempfile.mkdtemp(prefix="servers-check-"))
    folder.chmod(0o755)
    running, stops = [], []
    try:
        authority(folder)
        hosts = []
        for number, case in enumerate(cases, 1):
            mx, policy_host = f"127.2.0.{number}", f"127.3.0.{number}"
            chain, key = certificate(folder, f"mx.{case.domain}")
            if "postfix" in case.mx:
                hosts.append((mx, case.mx["postfix"], chain, key))
            else:
                scripted(mx, case.mx["script"])
            chain, key = certificate(folder, f"mta-sts.{case.domain}")
            if "openssl" in case.web:
                running.append(s_server(policy_host, case.web["openssl"], chain, key))
            elif "http2" in case.web:
                text = case.web["http2"].replace("{domain}", case.domain)
                running.append(http2_alone(policy_host, text, chain, key))
            else:
                is_abrupt = "abrupt" in case.web
                text = case.web["abrupt" if is_abrupt else "text"].replace("{domain}", case.domain)
                web(policy_host, text, is_abrupt, chain, key)
            ready(policy_host, HTTPS)
        stops.append(postfix(folder / "postfix", hosts))
        running.append(nsd(folder, records(cases)))
        for addr, *_ in hosts:
            ready(addr, SMTP)
        ready("127.0.0.1", DNS)
        yield settings(folder)
    finally:
        for stop in stops:
            with contextlib.suppress(subprocess.CalledProcessError):
                stop()
        for server in running:
            server.terminate()
            server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def looked(program, config, cases):
    command = [program, "check", *(case.domain for case in cases), "--format", "json", "--second-look", "1s",
               "--config", config]
    ended = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if ended.returncode not in (0, 1):
        raise RuntimeError(f"{' '.join(map(str, command))}: {ended.stderr}")
    rows = (json.loads(line) for line in ended.stdout.splitlines())
    return {row["domain"]: row for row in rows}
