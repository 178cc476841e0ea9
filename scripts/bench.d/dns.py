"""Part 1: what a scan's DNS costs, beside dnsperf asking the same questions of the same server, massdns asking for the MX of
the same names (MASSDNS=path), and a scanner of before (BEFORE=path)."""

import json
import os
import random
import re
import shutil
import statistics
import subprocess

from tools import PAIRS, answers, cores, fail, free_port, measure, medians, need, pinned, say, stop

IN_FLIGHT = 1000
EXIST = 0.4
ZONE = "bench-zone.test"
# Names of the lists that instructions are counted with.
SIZES = (8_000, 16_000)


def write_world(folder, domains):
    """The list, the zone, and dnsperf's questions; gives the number of questions.

    A name that does not exist costs one question (MX), one that exists three: MX, and TXT at _mta-sts and _smtp._tls.
    A quarter of those that exist have TLSRPT; nobody signals MTA-STS, so that no policy host is fetched from.
    """
    dice = random.Random(1)
    questions = 0
    with open(folder / "list.txt", "w") as names, open(folder / "questions.txt", "w") as asked, \
            open(folder / "zone", "w") as zone:
        zone.write(f"$ORIGIN {ZONE}.\n$TTL 300\n@ SOA ns hostmaster 1 7200 900 1209600 300\n@ NS ns\nns A 127.0.0.1\n")
        for n in range(domains):
            label = f"{dice.choice(WORDS)}{dice.choice(WORDS)}{n:x}"
            name = f"{label}.{ZONE}"
            names.write(f"{name}\n")
            asked.write(f"{name} MX\n")
            questions += 1
            if dice.random() < EXIST:
                zone.write(f"{label} MX 10 mx{dice.randrange(1000)}\n")
                if dice.random() < 0.25:
                    zone.write(f'_smtp._tls.{label} TXT "v=TLSRPTv1; rua=mailto:tls@{ZONE}"\n')
                asked.write(f"_mta-sts.{name} TXT\n_smtp._tls.{name} TXT\n")
                questions += 2
    return questions


WORDS = ["blue", "north", "shop", "river", "data", "green", "mail", "city", "star", "cloud", "home", "web", "sun",
         "alpha", "media", "group", "tech", "foto", "auto", "nova", "berg", "print", "soft", "club"]


def raise_nsd(nsd, folder, port, core):
    (folder / "nsd.conf").write_text(f"""server:
  ip-address: 127.0.0.1@{port}
  port: {port}
  server-count: 1
  username: ""
  chroot: ""
  zonesdir: "{folder}"
  pidfile: "{folder}/nsd.pid"
  xfrdfile: "{folder}/xfrd.state"
  zonelistfile: "{folder}/zone.list"
  database: ""
  xfrdir: "{folder}"
  logfile: "{folder}/nsd.log"
  minimal-responses: yes
  rrl-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: "{ZONE}"
  zonefile: "zone"
""")
    server = subprocess.Popen(pinned(core, [nsd, "-d", "-c", str(folder / "nsd.conf")]), start_new_session=True)
    question = bytes.fromhex("0001010000010000000000000f") + b"bench-zone\4test\0\0\6\0\1"
    question = question[:12] + b"\x0a" + question[13:]
    if answers(server, port, question, 120):
        return server
    stop(server)
    fail(f"NSD does not serve the zone: {(folder / 'nsd.log').read_text()[-2000:]}")


def figures(run, questions, domains):
    cpu = run["user"] + run["system"]
    return {**run, "questions": questions, "cpu_per_million": cpu / questions * 1e6,
            "questions_per_second": questions / run["seconds"], "domains_per_second": domains / run["seconds"]}


def dnsperf_command(dnsperf, folder, port):
    return [dnsperf, "-s", "127.0.0.1", "-p", str(port), "-d", str(folder / "questions.txt"), "-n", "1",
            "-c", "1", "-T", "1", "-q", str(IN_FLIGHT), "-e"]


def scan_command(scan, folder, out, port):
    return [str(scan), "scan", str(folder / "list.txt"), "-o", str(out), "--resolver", f"127.0.0.1:{port}", "--allow-private",
            "--starttls", "none", "--dns-rate", "10000000", "--dns-in-flight", str(IN_FLIGHT), "--second-look", "none"]


def run_dnsperf(dnsperf, folder, port, core, questions, domains):
    text, run = measure(dnsperf_command(dnsperf, folder, port), core)
    sent = int(re.search(r"Queries sent:\s+(\d+)", text)[1])
    done = int(re.search(r"Queries completed:\s+(\d+)", text)[1])
    if sent != questions:
        fail(f"dnsperf sent {sent} questions of {questions}")
    return {**figures(run, questions, domains), "unanswered": sent - done}


def massdns_command(massdns, folder, port):
    (folder / "resolvers").write_text(f"127.0.0.1:{port}\n")
    return [massdns, "-r", str(folder / "resolvers"), "-t", "MX", "-s", str(IN_FLIGHT), "-o", "S", "-w", "/dev/null", "-q",
            "--root", str(folder / "list.txt")]


def run_massdns(massdns, folder, port, core, domains):
    """A question per name, and no more: what a lookup costs where nothing is kept of it."""
    _, run = measure(massdns_command(massdns, folder, port), core)
    return {**figures(run, domains, domains), "unanswered": 0}


def run_scan(scan, folder, port, core, questions, domains):
    out = folder / "scan"
    shutil.rmtree(out, ignore_errors=True)
    text, run = measure(scan_command(scan, folder, out, port), core)
    manifest = json.loads((out / "manifest.json").read_text())
    counts = manifest["counts"]
    if manifest["sum"]["rows"] != domains:
        fail(f"the scan has {manifest['sum']['rows']} rows of {domains}")
    found = {word: counts["mx_dns"].get(word, 0) for word in ("NOERROR", "NXDOMAIN")}
    asked = domains + 2 * found["NOERROR"]
    if sum(found.values()) != domains or asked != questions:
        fail(f"the scan asked {asked} questions of {questions}: {counts['mx_dns']}")
    unanswered = int(re.search(r"^\+ no answer\s+(\d+)", text, re.M)[1]) if "no answer" in text else 0
    return {**figures(run, questions, domains), "unanswered": unanswered}


def show(name, middle):
    print(f"{name:<10}{middle['cpu_per_million']:>10.2f}{middle['user'] / middle['questions'] * 1e6:>8.2f}"
          f"{middle['system'] / middle['questions'] * 1e6:>8.2f}{middle['questions_per_second']:>14,.0f}"
          f"{middle['domains_per_second']:>14,.0f}{middle['peak_mib']:>10.0f}{middle['unanswered']:>12.0f}")


def contestants(programs, folder, port, questions, domains):
    """What is measured in turn: by name, how it runs once and the command that it is."""
    dnsperf, = need(["dnsperf"])
    scan, ours = programs / "sts-scan", cores()[0]
    them = {"dnsperf": (lambda: run_dnsperf(dnsperf, folder, port, ours, questions, domains),
                        lambda some: dnsperf_command(dnsperf, some, port))}
    massdns, before = os.environ.get("MASSDNS"), os.environ.get("BEFORE")
    if massdns:
        them["massdns"] = (lambda: run_massdns(massdns, folder, port, ours, domains),
                           lambda some: massdns_command(massdns, some, port))
    if before:
        them["before"] = (lambda: run_scan(before, folder, port, ours, questions, domains),
                          lambda some: scan_command(before, some, some / "before", port))
    for variable, name in (("MASSDNS", "massdns"), ("BEFORE", "a scanner of before")):
        if not os.environ.get(variable):
            print(f"{variable} is not set: {name} is left out")
    them["sts-scan"] = (lambda: run_scan(scan, folder, port, ours, questions, domains),
                        lambda some: scan_command(scan, some, some / "scan", port))
    return them


def run(programs, folder, domains):
    """Runs the pairs and the instruction counts; gives what bench.json holds of them."""
    nsd, _ = need(["nsd", "dnsperf"])
    ours, theirs = cores()
    say(f"DNS: generating {domains} names")
    questions = write_world(folder, domains)
    port = free_port()
    server = raise_nsd(nsd, folder, port, theirs)
    try:
        them = contestants(programs, folder, port, questions, domains)
        rounds = {name: [] for name in them}
        for turn in range(PAIRS):
            say(f"DNS: round {turn + 1} of {PAIRS}: {questions} questions each, massdns {domains}")
            for name, (once, _) in them.items():
                rounds[name].append(once())
                print(f"{name}: {rounds[name][-1]['cpu_per_million']:.2f} CPU seconds per million questions", flush=True)
        counted = instructions({name: command for name, (_, command) in them.items()}, folder)
    finally:
        stop(server)
    say(f"DNS: medians of {PAIRS}; CPU in seconds per million questions")
    print(f"{'':<10}{'CPU':>10}{'user':>8}{'system':>8}{'questions/s':>14}{'domains/s':>14}{'peak MiB':>10}"
          f"{'unanswered':>12}")
    middle = {name: medians(runs) for name, runs in rounds.items()}
    for name in middle:
        show(name, middle[name])
    found = {"domains": domains, "questions": questions, "in_flight": IN_FLIGHT, "pinned": ours is not None,
             "median": middle, "rounds": rounds, "instructions": counted}
    print()
    for name in them:
        if name != "sts-scan":
            pairs = zip(rounds["sts-scan"], rounds[name])
            ratios = [one["cpu_per_million"] / other["cpu_per_million"] for one, other in pairs]
            found[f"ratio_to_{name}"], found[f"ratios_to_{name}"] = statistics.median(ratios), ratios
            print(f"sts-scan (everything) to {name}, CPU a question: {statistics.median(ratios):.2f} "
                  f"(of {', '.join(f'{r:.2f}' for r in sorted(ratios))})")
    if counted:
        print("instructions a question in user space: "
              + ", ".join(f"{name} {count:,.0f}" for name, count in counted.items()))
    return found


def instructions(commands, folder):
    """Instructions a question by callgrind, which counts the same on a busy machine; None where there is no valgrind.

    The cost of starting is taken out by running twice, with few names and with more. Both lists are longer than what is
    looked at to find out what a list is, which is a part of starting.
    """
    if not shutil.which("valgrind"):
        say("DNS: no valgrind, so no instruction counts (on Debian, apt-get install valgrind)")
        return None
    say("DNS: counting instructions (callgrind)")
    counts = {name: [] for name in commands}
    names = (folder / "list.txt").read_text().splitlines()
    asked = (folder / "questions.txt").read_text().splitlines()
    for size in SIZES if len(names) > SIZES[1] else (len(names) // 2, len(names)):
        some = folder / f"some-{size}"
        some.mkdir()
        (some / "list.txt").write_text("\n".join(names[:size]) + "\n")
        last = asked.index(f"{names[size]} MX") if size < len(names) else len(asked)
        (some / "questions.txt").write_text("\n".join(asked[:last]) + "\n")
        for name, command in commands.items():
            text, _ = measure(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *command(some)], None)
            # massdns asks for the MX of each name, and nothing else.
            questions = size if name == "massdns" else last
            counts[name].append((questions, int(re.search(r"Collected : (\d+)", text)[1])))
    return {name: (b[1] - a[1]) / (b[0] - a[0]) for name, (a, b) in counts.items()}
