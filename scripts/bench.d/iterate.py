"""Part 4: what it costs to ask the authoritative servers, beside massdns and unbound, in a world with delegations."""

import ctypes
import fcntl
import json
import os
import re
import shutil
import socket
import statistics
import struct
import subprocess
from pathlib import Path

from tools import ROOT, answers, cores, fail, measure, medians, need, pinned, say, stop

ROUNDS = 3
RESOLVER = 5300
# massdns and the scanner have as many questions under way towards a resolver.
IN_FLIGHT = 1_000
# What a scan does without its pace, which is what this part measures: names that never answer hold places.
WITHOUT_PACE = ["--dns-rate", "10000000"] + [
    word for level in ("server", "operator", "tld")
    for word in (f"--per-{level}-rate", "1000000", f"--per-{level}-in-flight", "100000")]
ITERATING = ["--dns-in-flight", "3000", *WITHOUT_PACE]
# Where no resolver of this machine is asked, a scan wants to be told who it is by.
WHO = ["--contact", "bench@example.com", "--info-url", "https://example.com/"]
CLONE_NEWNET, CLONE_NEWUSER = 0x40000000, 0x10000000


def enter_namespace():
    """Goes into a network namespace of its own, where every port of every loopback address is free."""
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.geteuid(), os.getegid()
    if user == 0:
        done = libc.unshare(CLONE_NEWNET) == 0
    else:
        done = libc.unshare(CLONE_NEWNET | CLONE_NEWUSER) == 0
        if done:
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"0 {user} 1")
            Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    if not done:
        fail(f"the part 'iterate' needs a network namespace of its own, and the system gives none "
             f"({os.strerror(ctypes.get_errno())}): run it as root, or allow unprivileged user namespaces")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        # SIOCSIFFLAGS, IFF_UP
        fcntl.ioctl(one, 0x8914, struct.pack("16sh", b"lo", 1) + bytes(14))


class World:
    """The laboratory's large delegated DNS, on the servers' core."""

    def __init__(self, programs, folder, domains, core, *flags):
        self.folder, self.domains, self.programs = folder, domains, programs
        self.kind = [flag for flag in flags if flag == "--plain"]
        command = [str(programs / "sts-lab"), "bulk", "--domains", str(domains), "--dir", str(folder), *flags]
        self.child = subprocess.Popen(pinned(core, command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.child.stdout.readline() != "ready\n":
            fail("the world does not begin to serve")

    def counts(self):
        """Who was asked how often since the last call."""
        self.child.stdin.write("counts\n")
        self.child.stdin.flush()
        return json.loads(self.child.stdout.readline())

    def end(self):
        self.child.stdin.close()
        self.child.wait(30)

    def check(self, dataset):
        """How many rows are false, and the report of them."""
        done = subprocess.run([self.programs / "sts-lab", "check-bulk", str(dataset), "--domains", str(self.domains), *self.kind],
                              capture_output=True, text=True, check=False)
        if done.returncode not in (0, 1):
            fail(f"the rows cannot be checked: {done.stderr}")
        return int(re.search(r"(\d+) false", done.stdout)[1]), done.stdout


def tuned_conf(folder):
    """scripts/unbound.conf for one core and for this world, which has a root of its own and no signatures."""
    text = (ROOT / "scripts" / "unbound.conf").read_text()
    text = re.sub(r"\n *trust-anchor-file: .*", "", text)
    for option, value in (("port", RESOLVER), ("num-threads", 1), ("do-not-query-localhost", "no"),
                          *((f"{cache}-cache-slabs", 1) for cache in ("msg", "rrset", "infra", "key"))):
        text, found = re.subn(rf"(\n *{option}: ).*", rf"\g<1>{value}", text)
        if found != 1:
            fail(f"scripts/unbound.conf has {found} lines of {option}")
    text = text.replace("server:\n", f'server:\n    root-hints: "{folder}/root.hints"\n', 1)
    (folder / "tuned.conf").write_text(text)
    return folder / "tuned.conf"


# With the two limits as delivered unbound drops most of any scan's questions.
WITHOUT_DROPS = {"wait-limit": 0, "discard-timeout": 60000}


def delivered_conf(folder, port, options):
    """Unbound as Debian delivers it, but for these options, where it listens, and whose root it trusts."""
    lines = "".join(f"    {option}: {value}\n" for option, value in options.items())
    (folder / "delivered.conf").write_text(f"""server:
    interface: 127.0.0.1
    port: {port}
    do-daemonize: no
    use-syslog: no
    logfile: ""
    username: ""
    chroot: ""
    directory: "{folder}"
    pidfile: ""
    do-not-query-localhost: no
    root-hints: "{folder}/root.hints"
{lines}remote-control:
    control-enable: no
""")
    return folder / "delivered.conf"


class Unbound:
    """A resolver that begins cold; its CPU and memory are known when it has ended."""

    def __init__(self, unbound, conf, core):
        self.child = subprocess.Popen(pinned(core, [unbound, "-d", "-c", str(conf)]), start_new_session=True,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        question = bytes.fromhex("00010100000100000000000000") + bytes.fromhex("00020001")
        if answers(self.child, RESOLVER, question, 60):
            return
        stop(self.child)
        fail(f"unbound does not answer with {conf}")

    def end(self):
        os.kill(self.child.pid, 15)
        _, status, used = os.wait4(self.child.pid, 0)
        self.child.returncode = os.waitstatus_to_exitcode(status)
        return {"user": used.ru_utime, "system": used.ru_stime, "peak_mib": used.ru_maxrss / 1024}


def massdns_run(massdns, folder, core):
    """A pass per question over all names, MX first."""
    (folder / "resolvers").write_text(f"127.0.0.1:{RESOLVER}\n")
    names = folder / "list.txt"
    for prefix in ("_mta-sts", "_smtp._tls"):
        below = folder / f"{prefix}.txt"
        if not below.exists():
            below.write_text("".join(f"{prefix}.{name}" for name in names.open()))
    total = {"seconds": 0, "user": 0, "system": 0, "peak_mib": 0}
    for kind, asked in (("MX", names), ("TXT", folder / "_mta-sts.txt"), ("TXT", folder / "_smtp._tls.txt")):
        _, run = measure([massdns, "-r", str(folder / "resolvers"), "-t", kind, "-s", str(IN_FLIGHT), "-o", "S",
                          "-w", "/dev/null", "-q", "--root", str(asked)], core)
        total = {key: max(total[key], run[key]) if key == "peak_mib" else total[key] + run[key] for key in total}
    return total


def scan_run(scan, lists, out, core, *flags):
    shutil.rmtree(out, ignore_errors=True)
    _, run = measure([str(scan), "scan", *map(str, lists), "-o", str(out), "--allow-private", "--starttls", "none",
                      *WHO,
                      *flags], core)
    return run


def run(programs, folder, domains):
    """Runs all in turn; gives what bench.json holds of them."""
    unbound, = need(["unbound"])
    massdns, before = os.environ.get("MASSDNS"), os.environ.get("BEFORE")
    scan = programs / "sts-scan"
    ours, theirs = cores()
    say(f"iterate: a world of {domains} domains")
    world = World(programs, folder, domains, theirs, "--zones")
    tuned, delivered = tuned_conf(folder), delivered_conf(folder, RESOLVER, WITHOUT_DROPS)
    forwarding = ["--resolver", f"127.0.0.1:{RESOLVER}", "--dns-in-flight", str(IN_FLIGHT), "--dns-rate", "10000000"]
    hints = ["--root-hints", str(folder / "root.hints"), *ITERATING]
    once = ["--second-look", "none"]
    listed, zones = [folder / "list.txt"], sorted((folder / "zones").iterdir())
    out = folder / "scan"
    contestants = {
        "massdns + unbound, tuned": (tuned, massdns and (lambda: massdns_run(massdns, folder, ours))),
        "massdns + unbound, delivered": (delivered, massdns and (lambda: massdns_run(massdns, folder, ours))),
        "before + unbound, tuned": (tuned, before and (lambda: scan_run(before, listed, out, ours, *forwarding, *once))),
        "sts-scan + unbound, tuned": (tuned, lambda: scan_run(scan, listed, out, ours, *forwarding, *once)),
        "sts-scan + unbound, delivered": (delivered, lambda: scan_run(scan, listed, out, ours, *forwarding, *once)),
        "sts-scan": (None, lambda: scan_run(scan, listed, out, ours, *hints, *once)),
        "sts-scan, zone files": (None, lambda: scan_run(scan, zones, out, ours, *hints, *once)),
    }
    for name, variable in (("massdns", "MASSDNS"), ("a scanner of before", "BEFORE")):
        if not os.environ.get(variable):
            print(f"{variable} is not set: {name} is left out")
    runs = {name: [] for name, (_, call) in contestants.items() if call}
    try:
        for turn in range(ROUNDS):
            for name in runs:
                conf, call = contestants[name]
                world.counts()
                resolver = Unbound(unbound, conf, ours) if conf else None
                one = call()
                if resolver:
                    theirs_too = resolver.end()
                    one = {key: one[key] + theirs_too.get(key, 0) for key in one}
                one |= asked_of(world.counts(), domains)
                one["cpu_per_million"] = (one["user"] + one["system"]) / domains * 1e6
                # massdns leaves no rows.
                if not name.startswith("massdns") and not name.endswith("zone files"):
                    one["false_rows"], report = world.check(out)
                    if turn == 0 and one["false_rows"]:
                        print(report, end="")
                runs[name].append(one)
                print(f"{turn + 1}/{ROUNDS}  {line(name, one)}", flush=True)
    finally:
        world.end()
    return shown(runs, domains)


def asked_of(counts, domains):
    """Questions at the servers: per domain, at the largest operator, at the largest TLD, at broken servers."""
    operators = counts["operators"]
    return {"questions_per_domain": counts["questions"] / domains, "largest_operator": operators.get("0", 0),
            "tlds": counts["registries"], "operators": operators, "broken": counts["broken"], "root": counts["root"]}


def line(name, one):
    wrong = one.get("false_rows")
    return (f"{name:<30}{one['cpu_per_million']:>9.1f}{one['user']:>8.1f}{one['system']:>8.1f}{one['peak_mib']:>8.0f}"
            f"{one['seconds']:>8.0f}{one['questions_per_domain']:>8.2f}{one['largest_operator']:>10}"
            f"{one['tlds'].get('com', 0):>10}{one['broken']:>10}{'-' if wrong is None else wrong:>8}")


def shown(runs, domains):
    say(f"iterate: medians of {ROUNDS}; CPU seconds per million domains of everything but the world")
    print(f"{'':<30}{'CPU':>9}{'user':>8}{'system':>8}{'MiB':>8}{'seconds':>8}{'q/name':>8}{'largest':>10}{'com':>10}"
          f"{'broken':>10}{'false':>8}")
    found = {"domains": domains}
    middle = {}
    for name, several in runs.items():
        flat = [{key: value for key, value in one.items() if not isinstance(value, dict)} for one in several]
        middle[name] = medians(flat) | {"tlds": several[0]["tlds"]}
        print(line(name, middle[name]))

    def ratio(name, yardstick):
        pairs = zip(runs.get(name, []), runs.get(yardstick, []))
        ratios = [one["cpu_per_million"] / other["cpu_per_million"] for one, other in pairs]
        return statistics.median(ratios) if ratios else None

    for key, name, yardstick in (("ratio_to_massdns_unbound", "sts-scan", "massdns + unbound, tuned"),
                                 ("ratio_to_massdns_unbound_delivered", "sts-scan", "massdns + unbound, delivered"),
                                 ("ratio_to_before", "sts-scan", "before + unbound, tuned"),
                                 ("ratio_zone_file", "sts-scan, zone files", "sts-scan")):
        found[key] = ratio(name, yardstick)
        if found[key]:
            print(f"{name} to {yardstick}: {found[key]:.4f}" + (f" (1/{1 / found[key]:.1f})" if found[key] < 0.5 else ""))
    return found | {"median": middle, "operators": {name: several[0]["operators"] for name, several in runs.items()}}
