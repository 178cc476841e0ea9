"""Part 5: a scan behind each of five resolvers of Debian, as each is delivered: how quick, and how much is false.

The large delegated DNS of the laboratory, 40 ms away, with 2.0 % of names whose servers all refuse, 0.5 % SERVFAIL,
1.2 % silent, 1.0 % of which one server refuses and 2.1 % of which one is silent. Each resolver begins cold.
"""

import json
import os
import re
import shutil
import subprocess
import time

from iterate import RESOLVER, WHO, World, delivered_conf, tuned_conf
from tools import ROOT, answers, cores, fail, find, pinned, say, stop

BEHIND = RESOLVER + 1
DELAY_MS = 40
PACKAGES = {"unbound": ["unbound"], "pdns-recursor": ["pdns-recursor"], "bind": ["bind9"],
            "knot-resolver": ["knot-resolver"], "dnsmasq": ["dnsmasq-base", "unbound"]}
PROGRAMS = {"unbound": "unbound", "pdns-recursor": "pdns_recursor", "bind": "named", "knot-resolver": "kresd",
            "dnsmasq": "dnsmasq"}
# False rows of names that can be resolved, for 100,000 names; None: README says what there are.
MOST_FALSE = {"unbound": 50, "pdns-recursor": 50, "bind": 100, "knot-resolver": None, "dnsmasq": 100}
# From this share on a scan has to say it.
SILENT = 0.01
SAYS = "had more questions than they bear"
# How much longer than behind unbound a scan may take in its names.
SLOWER = {"bind": 3}


def install(names):
    """Installs what is missing, before the namespace is entered, in which there is no network."""
    packages = sorted({package for name in names for package in PACKAGES[name]
                       if not all(find(PROGRAMS[of]) for of in needs(name))})
    if packages and subprocess.run([ROOT / "scripts" / "packages", "--install", *packages]).returncode != 0:
        fail(f"these packages are missing: {' '.join(packages)}")


def needs(name):
    return ("dnsmasq", "unbound") if name == "dnsmasq" else (name,)


def commands(name, folder):
    """What runs a resolver, in its order; the last listens at the port that is asked."""
    hints = folder / "root.hints"
    if name == "unbound":
        return [[find("unbound"), "-d", "-c", str(tuned_conf(folder))]]
    if name == "pdns-recursor":
        conf = folder / "recursor"
        conf.mkdir(exist_ok=True)
        (conf / "recursor.conf").write_text(f"""local-address=127.0.0.1
local-port={RESOLVER}
hint-file={hints}
dont-query=
security-poll-suffix=
dnssec=process-no-validate
daemon=no
disable-syslog=yes
write-pid=no
socket-dir={conf}
setuid=
setgid=
""")
        return [[find("pdns_recursor"), f"--config-dir={conf}"]]
    if name == "bind":
        conf = folder / "named.conf"
        conf.write_text(f"""options {{
    directory "{folder}";
    listen-on port {RESOLVER} {{ 127.0.0.1; }};
    listen-on-v6 {{ none; }};
    pid-file none;
    session-keyfile none;
    dnssec-validation no;
}};
controls {{ }};
zone "." {{ type hint; file "{hints}"; }};
""")
        return [[find("named"), "-f", "-c", str(conf)]]
    if name == "knot-resolver":
        conf = folder / "kresd.conf"
        (folder / "kresd").mkdir(exist_ok=True)
        conf.write_text(f"""net.listen('127.0.0.1', {RESOLVER})
modules = {{ 'hints > iterate' }}
hints.root_file('{hints}')
trust_anchors.remove('.')
option('ALLOW_LOCAL', true)
cache.size = 100 * MB
""")
        return [[find("kresd"), "-n", "-c", str(conf), str(folder / "kresd")]]
    behind = [find("unbound"), "-d", "-c", str(delivered_conf(folder, BEHIND, {}))]
    return [behind, [find("dnsmasq"), "--no-daemon", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", f"--port={RESOLVER}",
                     "--listen-address=127.0.0.1", "--bind-interfaces", "--user=root", f"--server=127.0.0.1#{BEHIND}"]]


class Resolver:
    """The processes of one; their CPU seconds and memory are known when they have ended."""

    def __init__(self, name, folder, core):
        question = bytes.fromhex("00010100000100000000000000") + bytes.fromhex("00020001")
        self.children = []
        ports = [BEHIND, RESOLVER][-len(commands(name, folder)):]
        log = open(folder / f"{name}.log", "wb")
        for port, command in zip(ports, commands(name, folder)):
            child = subprocess.Popen(pinned(core, command), start_new_session=True, stdout=log, stderr=log, cwd=folder)
            self.children.append(child)
            if not answers(child, port, question, 60):
                self.end()
                fail(f"{name} does not answer:\n{(folder / f'{name}.log').read_text(errors='replace')[-2000:]}")

    def end(self):
        cpu, peak = 0.0, 0.0
        for child in self.children:
            if child.poll() is None:
                os.kill(child.pid, 15)
                _, status, used = os.wait4(child.pid, 0)
                child.returncode = os.waitstatus_to_exitcode(status)
                cpu, peak = cpu + used.ru_utime + used.ru_stime, peak + used.ru_maxrss / 1024
        return {"resolver_cpu": cpu, "resolver_mib": peak}


def scan(program, folder, name, core, second_look):
    out = folder / f"scan-{name}"
    shutil.rmtree(out, ignore_errors=True)
    command = [str(program), "scan", str(folder / "list.txt"), "-o", str(out), "--allow-private", "--starttls", "none",
               *WHO, "--resolver", f"127.0.0.1:{RESOLVER}", *(["--second-look", second_look] if second_look else [])]
    began = time.monotonic()
    done = subprocess.run(pinned(core, command), capture_output=True, text=True, check=False)
    return out, done, time.monotonic() - began


def run(programs, folder, domains):
    """Runs all in turn; gives what bench.json holds of them."""
    names = os.environ.get("RESOLVERS", " ".join(PACKAGES)).split()
    second_look = os.environ.get("SECOND_LOOK")
    ours, theirs = cores()
    say(f"resolvers: a world of {domains} domains, {DELAY_MS} ms away; second look "
        f"{second_look or 'after the default 15 minutes'}")
    world = World(programs, folder, domains, theirs, "--plain", "--delay-ms", str(DELAY_MS))
    found = {}
    try:
        for name in names:
            found[name] = one(programs / "sts-scan", folder, world, name, (ours, theirs), second_look)
            print(line(name, found[name]), flush=True)
    finally:
        world.end()
    say("resolvers: false rows are those of names that can be resolved")
    print(f"{'':<16}{'exit':>5}{'false':>8}{'names/s':>9}{'read in s':>11}{'all s':>8}{'CPU s':>8}{'MiB':>7}  told")
    for name, figures in found.items():
        print(line(name, figures))
    wrong = judged(found, domains)
    for sentence in wrong:
        print(f"NOT MET: {sentence}")
    return {"domains": domains, "second_look": second_look or "15m", "resolvers": found, "not_met": wrong}


def one(program, folder, world, name, pins, second_look):
    ours, theirs = pins
    resolver = Resolver(name, folder, theirs)
    out, done, seconds = scan(program, folder, name, ours, second_look)
    figures = resolver.end() | {"exit": done.returncode, "seconds": seconds}
    if done.returncode != 0:
        return figures | {"said": done.stderr.strip().splitlines()[-1:]}
    reading = re.search(r"^names read in\s+([\d.]+) s, (\d+) names per second", done.stdout, re.M)
    false, report = world.check(out)
    of_resolvable = re.search(r"(\d+) of them of domains that can be resolved", report)
    manifest = json.loads((out / "manifest.json").read_text())
    said = [line for line in done.stdout.splitlines() if SAYS in line or "questions at once" in line or "paused for" in line]
    print(report, end="")
    return figures | {"false": int(of_resolvable[1]), "false_in_all": false, "read_in": float(reading[1]),
                      "names_per_second": int(reading[2]), "said": said,
                      "resolver_overload": manifest.get("resolver_overload")}


def line(name, one):
    shown = (f"{one.get('false', '-'):>8}{one.get('names_per_second', '-'):>9}{one.get('read_in', '-'):>11}"
             f"{one['seconds']:>8.0f}{one['resolver_cpu']:>8.1f}{one['resolver_mib']:>7.0f}")
    return f"{name:<16}{one['exit']:>5}{shown}  {'; '.join(text[:110] for text in one['said'][:3])}"


def judged(found, domains):
    """What is not as it should be."""
    wrong = []
    for name, one in found.items():
        if one["exit"] == 2 and name == "dnsmasq" and "dns-forward-max" in " ".join(one["said"]):
            continue
        if one["exit"] != 0:
            wrong.append(f"{name}: the scan ended with {one['exit']}")
            continue
        most = MOST_FALSE[name]
        if most is not None and one["false"] > max(10, most * domains / 100_000):
            wrong.append(f"{name}: {one['false']} false rows, {most} in 100,000 at most")
        if one["false"] > SILENT * domains and not any(SAYS in text for text in one["said"]):
            wrong.append(f"{name}: {one['false']} false rows, and no warning")
        if name in SLOWER and "unbound" in found and one["read_in"] > SLOWER[name] * found["unbound"]["read_in"]:
            wrong.append(f"{name}: it takes {SLOWER[name]} times as long as unbound and more")
    return wrong
