"""A server for each chain, at an address of its own: TLS at once on one port, and SMTP with STARTTLS on another."""

import socketserver
import ssl
import threading

TLS, SMTP = 4443, 2525


class Taken:
    """Hosts whose mail came to its end inside TLS."""

    def __init__(self):
        self.hosts = set()


def context(chain, key):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # What is sent is for the client to judge.
    made.set_ciphers("DEFAULT@SECLEVEL=0")
    made.load_cert_chain(chain, key)
    return made


def raise_all(addresses, chains, taken):
    """`addresses` and `chains` by case."""
    for case, address in addresses.items():
        made = context(*chains[case])
        serve(address, TLS, talk_tls(made))
        serve(address, SMTP, talk_smtp(made, case, taken))


def serve(address, port, handler):
    socketserver.ThreadingTCPServer.allow_reuse_address = True
    server = socketserver.ThreadingTCPServer((address, port), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()


def talk_tls(made):
    class Talk(socketserver.BaseRequestHandler):
        def handle(self):
            try:
                with made.wrap_socket(self.request, server_side=True) as inside:
                    inside.settimeout(5)
                    inside.sendall(b"hello\n")
                    inside.recv(100)
            except OSError:
                pass

    return Talk


def talk_smtp(made, case, taken):
    class Talk(socketserver.BaseRequestHandler):
        def handle(self):
            try:
                self.request.settimeout(10)
                self.converse(self.request, is_inside=False)
            except OSError:
                pass

        def converse(self, line, is_inside):
            if not is_inside:
                line.sendall(b"220 mx.example ESMTP\r\n")
            heard = b""
            while True:
                while b"\n" not in heard:
                    more = line.recv(4096)
                    if not more:
                        return
                    heard += more
                command, heard = heard.split(b"\n", 1)
                word = command.strip().upper()
                if word == b"STARTTLS" and not is_inside:
                    line.sendall(b"220 ready\r\n")
                    with made.wrap_socket(line, server_side=True) as inside:
                        self.converse(inside, is_inside=True)
                    return
                if word == b"DATA":
                    # Who says it took the certificate; the text is not wanted.
                    taken.hosts.update({case} if is_inside else ())
                    line.sendall(b"451 not now\r\n")
                elif word == b"QUIT":
                    line.sendall(b"221 bye\r\n")
                    return
                elif word.startswith((b"EHLO", b"HELO")):
                    line.sendall(b"250 mx.example\r\n" if is_inside else b"250-mx.example\r\n250 STARTTLS\r\n")
                else:
                    line.sendall(b"250 ok\r\n")

    return Talk
