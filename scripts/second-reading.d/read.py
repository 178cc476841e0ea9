"""The tables counted a second time, from METHODS.md, columns.json and findings.json alone, and held against the printed.

usage: read.py DATASET TABLES
  DATASET  a judged scan
  TABLES   folder with the tables as CSV, as `sts-adoption -o TABLES --format csv` and the like write them
"""

import csv
import math
import sys
from pathlib import Path

import more
import tables
from data import Data

# How many columns name a row, where these are more than one.
NAMED_BY = {
    "adoption": 2, "suffix": 2, "rank": 3, "tlsrpt": 2, "tlsrpt-errors": 2, "joint": 4, "mode": 2, "max-age": 2,
    "policy-errors": 2, "policy-error-codes": 2, "mx-certificates": 2, "managers": 2, "strict-lenient": 2,
    "unusable-text": 3, "manager-thresholds": 3, "tls": 3, "findings": 2, "addresses": 2, "certificate-keys": 4,
    "certificate-validity": 2, "issuers": 2, "losing-mail": 2,
}


def same(printed, mine):
    if isinstance(mine, bool) or mine is None or isinstance(mine, str):
        return printed == ("" if mine is None else str(mine).lower() if isinstance(mine, bool) else mine)
    return printed != "" and math.isclose(float(printed), mine, rel_tol=1e-9, abs_tol=5.1e-7)


def compared(name, rows, data, lines):
    """Cells compared, and what differs: rows are found by their first columns."""
    (_, *header), *body = lines
    named_by = NAMED_BY.get(name, 1)
    at = header.index("scan_partial")
    mine = {tuple(map(str, row[:named_by])): [*row[:at], data.partial, *row[at:]] for row in rows}
    cells, found = 0, []
    for scan, *line in body:
        row = mine.pop(tuple(line[:named_by]), None)
        cells += len(line) + 1
        if row is None or len(row) != len(header) or scan != data.scan:
            found.append((line[:named_by], "row", line, row))
        else:
            each = zip(header, line, row)
            found += [(line[:named_by], column, printed, read) for column, printed, read in each
                      if not same(printed, read)]
    return cells, found + [(key, "row", None, row) for key, row in mine.items()]


def main(folder, printed):
    data, total, wrong = Data(Path(folder)), 0, 0
    counted = tables.TABLES + more.TABLES
    for table in counted:
        name = table.__name__.replace("_", "-")
        with open(Path(printed) / f"{name}.csv", newline="") as file:
            lines = list(csv.reader(file))
        cells, found = compared(name, table(data), data, lines)
        total, wrong = total + cells, wrong + len(found)
        print(f"{name}: {cells} cells, {len(found)} differences")
        for key, column, line, row in found:
            print(f"    {' / '.join(key)}: {column}: printed {line}, read {row}")
    print(f"{len(counted)} tables, {total} cells, {wrong} differences")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
