"""Holds the table survival against lifelines.

usage: check.py EPISODES TABLE
  EPISODES  the view episodes as CSV: what, class, begun, days, event, names
  TABLE     the table survival as CSV
"""

import csv
import sys

import pandas
from lifelines import KaplanMeierFitter


def fitted(episodes):
    """Rows of lifelines: days to what the table has of them."""
    fit = KaplanMeierFitter().fit(
        episodes.days, event_observed=episodes.event.astype(int), weights=episodes.names, label="left"
    )
    left, interval = fit.survival_function_["left"], fit.confidence_interval_survival_function_
    for days, row in fit.event_table.iterrows():
        if not row.removed:
            continue
        share = left.loc[days]
        low, high = (100 * float(bound) for bound in interval.loc[days])
        # Where nobody is left there is no interval.
        yield days, (int(row.at_risk), int(row.observed), int(row.censored), 100 * share) + (
            (None, None) if share < 1e-12 else (low, high)
        )


def main(episodes, table):
    episodes = pandas.read_csv(episodes, true_values=["true"], false_values=["false"])
    with open(table, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    parts = [(what, "(all)") for what in episodes.what.unique()]
    parts += [("repair", of) for of in episodes[episodes["class"] != "(all)"]["class"].unique()]
    count, expected = 0, set()
    for what, of in parts:
        for part in ("all", "begun"):
            some = episodes[(episodes.what == what) & ((episodes["class"] == of) | (of == "(all)"))]
            some = some[some.begun] if part == "begun" else some
            if some.empty:
                continue
            found = {
                float(row["days"]): row
                for row in rows
                if (row["what"], row["class"], row["episodes"]) == (what, of, part)
            }
            for days, numbers in fitted(some):
                at = min(found, key=lambda other: abs(other - days))
                row = found[at]
                names = ("at_risk", "events", "censored", "left_pct", "left_low95", "left_high95")
                for name, number in zip(names, numbers):
                    told = float(row[name]) if row[name] else None
                    same = told is number is None or (
                        told is not None and number is not None and abs(told - number) < 2e-6
                    )
                    if not same or abs(at - days) > 1e-5:
                        sys.exit(f"{what} {of} {part} after {days} days: {name} is {told}, lifelines has {number}")
                    count += 1
                expected.add((what, of, part, at))
    if len(expected) != len(rows) or not count:
        sys.exit(f"the table has {len(rows)} rows, lifelines {len(expected)}")
    print(f"{len(rows)} rows, {count} numbers: lifelines and the table agree to six digits")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
