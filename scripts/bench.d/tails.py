"""Part 3: what long tails cost: 5 % of names that never answer, 1 % of policy hosts and MX hosts that stall."""

import re
import shutil

from tools import PAIRS, cores, fail, measure, medians, pinned, say

DOMAINS = 600_000
STEADY = {"not-signalled": 69_000, "nxdomain": 30_000, "healthy-provider": 1_000}
TAILS = {"not-signalled": 64_000, "never-answers": 5_000, "nxdomain": 30_000, "healthy-provider": 980,
         "policy-timeout": 10, "smtp-banner-timeout": 10}
# The defaults of a scan, and not the short ones of the laboratory: a tail is as long as a deadline.
DEADLINES = 'dns = "10s"\npolicy = "30s"\nsmtp = "90s"\nbanner = "60s"\n'


def scan_run(programs, folder, name, weights):
    """Names a second, from the first that the stages took to the last; and what the whole took."""
    ours, theirs = cores()
    mix, world, out = folder / f"{name}.toml", folder / f"{name}-world", folder / f"{name}-scan"
    mix.write_text(f'about = "{name}"\nevery_situation = true\n[weights]\n'
                   + "".join(f"{situation} = {weight}\n" for situation, weight in weights.items()))
    script = ('sed "/^.deadlines.$/,\\$d" "$1/scan.toml" > "$1/tails.toml"; printf "[deadlines]\\n%s" "$2" >> "$1/tails.toml";'
              ' shift 2; exec "$@"')
    command = pinned(theirs, [str(programs / "sts-lab"), "serve", "--domains", str(DOMAINS), "--mix", str(mix),
                              "--dir", str(world), "--", "sh", "-c", script, "tails", str(world), DEADLINES,
                              *pinned(ours, [str(programs / "sts-scan"), "scan", str(world / "list.csv"), "-o", str(out),
                                             "--config", str(world / "tails.toml"), "--second-look", "none"])])
    text, run = measure(command, None)
    shutil.rmtree(out)
    shutil.rmtree(world)
    taken = re.search(r"names read in\s+([\d.]+) s, (\d+) names per second", text)
    if not taken:
        fail(f"the scan does not say how fast it took names:\n{text[-2000:]}")
    return {"names_per_second": float(taken[2]), "taking_s": float(taken[1]), "whole_s": run["seconds"]}


def run(programs, folder):
    pairs = {"steady": [], "tails": []}
    for pair in range(PAIRS):
        say(f"tails: pair {pair + 1} of {PAIRS}: {DOMAINS} names each")
        for name, weights in (("steady", STEADY), ("tails", TAILS)):
            pairs[name].append(scan_run(programs, folder, name, weights))
            one = pairs[name][-1]
            print(f"{name:<8}{one['names_per_second']:>10,.0f} names per second, the last taken after {one['taking_s']:.1f} s, "
                  f"all ended after {one['whole_s']:.1f} s", flush=True)
    ratios = [t["names_per_second"] / s["names_per_second"] for t, s in zip(pairs["tails"], pairs["steady"])]
    middle = {name: medians(runs) for name, runs in pairs.items()}
    ratio = sorted(ratios)[len(ratios) // 2]
    say(f"tails: names per second with tails to without: {ratio:.2f} (of {', '.join(f'{r:.2f}' for r in sorted(ratios))})")
    return {"domains": DOMAINS, "median": middle, "pairs": pairs, "ratio": ratio, "ratios": ratios}
