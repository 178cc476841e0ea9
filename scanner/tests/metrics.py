"""Runs a scan and reads its metrics as Prometheus does, with the parser of PyPI's prometheus_client, until it ends.

    metrics.py DATASET COMMAND…     in COMMAND, {metrics} becomes an address that is free

What was served last, while the dataset was assessed, must be what the manifest says.
"""

import json
import pathlib
import socket
import subprocess
import sys
import urllib.error
import urllib.request

from prometheus_client.parser import text_string_to_metric_families

KNOWN = {"counter", "gauge", "histogram"}


def free():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return "127.0.0.1:%d" % sock.getsockname()[1]


def scrape(address):
    try:
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=5) as reply:
            assert reply.headers["Content-Type"].startswith("text/plain; version=0.0.4"), reply.headers
            text = reply.read().decode()
    except (urllib.error.URLError, ConnectionError):
        return None
    samples = {}
    for family in text_string_to_metric_families(text):
        assert family.type in KNOWN and family.documentation, family
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            assert key not in samples, f"{key} twice"
            samples[key] = sample.value
    return samples


def buckets_grow(samples):
    series = {}
    for (name, labels), value in samples.items():
        if name.endswith("_bucket"):
            rest = tuple(label for label in labels if label[0] != "le")
            series.setdefault((name, rest), []).append((float(dict(labels)["le"]), value))
    assert series, "no histogram was served"
    for (name, rest), steps in series.items():
        counts = [count for _, count in sorted(steps)]
        assert counts == sorted(counts), (name, rest, steps)
        assert counts[-1] == samples[(name.removesuffix("_bucket") + "_count", rest)], (name, rest)


def main():
    dataset, command = pathlib.Path(sys.argv[1]), sys.argv[2:]
    address = free()
    running = subprocess.Popen([part.replace("{metrics}", address) for part in command])
    last, scrapes = None, 0
    while running.poll() is None:
        samples = scrape(address)
        if samples is not None:
            last, scrapes = samples, scrapes + 1
    assert running.returncode == 0, running.returncode
    assert scrapes > 10, f"{scrapes} scrapes"
    buckets_grow(last)
    manifest = json.loads((dataset / "manifest.json").read_text())
    served = {table: last[("sts_scan_rows_total", (("table", table),))] for table in ("domains", "mx_hosts")}
    assert served["domains"] == manifest["sum"]["rows"], (served, manifest["sum"])
    assert served["mx_hosts"] == sum(manifest["counts"]["smtp_outcome"].values()), served
    print(f"metrics: {scrapes} scrapes, {len(last)} samples in the last, as the manifest says")


if __name__ == "__main__":
    main()
