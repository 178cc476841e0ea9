"""Part 2: what a policy fetch and a STARTTLS handshake cost, against the laboratory; curl fetches the same policies, and a
scanner of before (BEFORE=path) makes the same contacts."""

import os
import shutil
from pathlib import Path

from tools import PAIRS, cores, fail, measure, medians, pinned, say

DOMAINS = 3000


def scan_run(programs, scanner, folder, name, mix, *flags):
    """CPU seconds of a scan of a world with one situation."""
    ours, theirs = cores()
    world, out = folder / name, folder / f"{name}-scan"
    (folder / f"{mix}.toml").write_text(f'about = "only {mix}"\nevery_situation = true\n[weights]\n{mix} = 1\n')
    # The laboratory has the other core; what it starts is measured by itself.
    report = folder / f"{name}.txt"
    command = pinned(theirs, [str(programs / "sts-lab"), "serve", "--domains", str(DOMAINS), "--mix",
                              str(folder / f"{mix}.toml"), "--dir", str(world), "--", "/usr/bin/env", "python3", "-c", CHILD,
                              str(report), *pinned(ours, [str(scanner), "scan", str(world / "list.csv"),
                                                          "-o", str(out), "--config", str(world / "scan.toml"),
                                                          "--second-look", "none", *flags])])
    measure(command, None)
    shutil.rmtree(out)
    return float(report.read_text())


# Runs a command and writes its CPU seconds: the laboratory's own are not to be counted.
CHILD = """
import os, subprocess, sys
child = subprocess.Popen(sys.argv[2:])
_, status, used = os.wait4(child.pid, 0)
open(sys.argv[1], 'w').write(str(used.ru_utime + used.ru_stime))
sys.exit(os.waitstatus_to_exitcode(status))
"""


def curl_run(programs, folder, name):
    """CPU seconds of curl fetching the same policies in one process, as many at once as the scan."""
    ours, theirs = cores()
    world, report = folder / name, folder / f"{name}.txt"
    script = folder / "curl.sh"
    script.write_text(CURL)
    command = pinned(theirs, [str(programs / "sts-lab"), "serve", "--domains", str(DOMAINS), "--mix",
                              str(folder / "healthy.toml"), "--dir", str(world), "--", "sh", str(script), str(world),
                              CHILD, str(report), *pinned(ours, ["curl"])])
    text, _ = measure(command, None)
    done = text.count("version: STSv1")
    if done < DOMAINS:
        fail(f"curl fetched {done} policies of {DOMAINS}")
    return float(report.read_text())


# Every policy host of the laboratory is served at its first address too; --connect-to spares curl the
# question.
CURL = r"""
world=$1 child=$2 report=$3
shift 3
port=$(sed -n '/policy_host/,/port/s/^port = //p' "$world/scan.toml")
sed -n '2,$s/.*,\(.*\)/url = "https:\/\/mta-sts.\1\/.well-known\/mta-sts.txt"/p' "$world/list.csv" > "$world/urls"
exec python3 -c "$child" "$report" "$@" --silent --show-error --parallel --parallel-max 64 --no-keepalive \
    --cacert "$world/ca.pem" --connect-to "::127.3.0.1:$port" --config "$world/urls"
"""


def costs(programs, scanner, folder, name):
    """CPU seconds of all policy fetches, of all STARTTLS handshakes, and of both."""
    base = scan_run(programs, scanner, folder, f"base-{name}", "not-signalled-tlsrpt", "--starttls", "none")
    fetch = scan_run(programs, scanner, folder, f"fetch-{name}", "healthy", "--starttls", "none")
    both = scan_run(programs, scanner, folder, f"both-{name}", "healthy", "--starttls", "adopters")
    cost = {"fetch": fetch - base, "handshake": both - fetch, "contacts": both - base}
    return {what: max(seconds, 1e-9) for what, seconds in cost.items()}


def run(programs, folder):
    before = Path(os.environ["BEFORE"]).resolve() if "BEFORE" in os.environ else None
    runs = []
    for pair in range(PAIRS):
        say(f"contacts: round {pair + 1} of {PAIRS}: {DOMAINS} domains")
        cost = costs(programs, programs / "sts-scan", folder, str(pair))
        one = {"policies_per_cpu_second": DOMAINS / cost["fetch"],
               "handshakes_per_cpu_second": DOMAINS / cost["handshake"]}
        if before:
            then = costs(programs, before, folder, f"{pair}-before")
            one |= {f"{what}_ratio_to_before": cost[what] / then[what] for what in ("fetch", "handshake", "contacts")}
        if shutil.which("curl"):
            one["curl_policies_per_cpu_second"] = DOMAINS / curl_run(programs, folder, f"curl-{pair}")
        runs.append(one)
    middle = medians(runs)
    say(f"contacts: medians of {PAIRS}, a CPU second")
    print(f"policy fetches (with name servers, addresses, TLS, HTTP, judgement) {middle['policies_per_cpu_second']:>8,.0f}")
    if "curl_policies_per_cpu_second" in middle:
        print(f"the same policies fetched by curl                                   "
              f"{middle['curl_policies_per_cpu_second']:>8,.0f}")
    else:
        print("curl is not there: nothing to compare with (on Debian, apt-get install curl)")
    print(f"STARTTLS handshakes (with addresses, SMTP, TLS, judgement)          "
          f"{middle['handshakes_per_cpu_second']:>8,.0f}")
    if before:
        for what in ("fetch", "handshake", "contacts"):
            print(f"CPU of {what}, to the scanner of before: {middle[f'{what}_ratio_to_before']:.2f}")
    return {"domains": DOMAINS, "median": middle, "runs": runs}
