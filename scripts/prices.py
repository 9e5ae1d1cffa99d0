#!/usr/bin/env python3
"""Makes the table of built-in prices.

    python3 scripts/prices.py            # of the release pinned below
    python3 scripts/prices.py 0.2.4      # of another: review the difference, then pin it

Installs the package genai-prices (MIT) with pip into a folder of its own, and writes beside crates/surefoot/src/settings/prices.rs:

    prices.json            by vendor: the names of models, each with its prices, in nano-dollars a million tokens
    LICENSE-genai-prices   the licence of the data

A model's names are patterns: `*` stands for any characters, `#` for one digit. The first that fits is meant. What Surefoot
cannot count (pages, seconds, characters, pictures by their tokens) would make a price too low, so that models with such a
price are left out: their price is unknown, never nothing. Where a price depends on the hour, the dearest is taken.

Needs Python 3.11 and pip. Run again, it writes the same bytes.
"""

import decimal
import importlib.metadata
import importlib.util
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import venv

PINNED = "0.2.3"
# The day on which the pinned release came out.
DATED = "2026-11-23"
# Surefoot's name of each vendor whose prices are taken over.
VENDORS = {
    "openai": "openai", "anthropic": "anthropic", "google": "gemini", "aws": "bedrock", "azure": "azure", "mistral": "mistral",
    "groq": "groq", "deepseek": "deepseek", "x-ai": "xai", "together": "together", "fireworks": "fireworks",
    "perplexity": "perplexity", "cohere": "cohere", "voyageai": "voyage", "cerebras": "cerebras", "moonshotai": "moonshot",
}
RATES = {
    "input_mtok": "input", "output_mtok": "output", "cache_read_mtok": "cache_read", "cache_write_mtok": "cache_write",
    "cache_write_1h_mtok": "cache_write_hour", "input_audio_mtok": "audio_input", "output_audio_mtok": "audio_output",
}
EACH = {"requests_kcount": "request", "web_searches_kcount": "search"}
# Kept apart by some vendors and counted by none of the wire formats: at most as dear as what they are counted as.
IGNORED = {"cache_audio_read_mtok", "output_reasoning_mtok", "output_citation_mtok", "storage_searches_kcount"}

HERE = pathlib.Path(__file__).resolve().parent
TARGET = HERE.parent / "crates/surefoot/src/settings"


class Uncounted(Exception):
    """A price for something that Surefoot does not count."""


def nanos(amount: decimal.Decimal, per: int = 1) -> int:
    exact = amount * 1_000_000_000 / per
    return int(exact.to_integral_value(rounding=decimal.ROUND_CEILING))


def fields(price) -> dict:
    return {name: value for name, value in vars(price).items() if value is not None}


def price_of(price) -> dict:
    told = {name: value for name, value in fields(price).items() if name not in IGNORED}
    unknown = set(told) - set(RATES) - set(EACH)
    if unknown or not {"input_mtok", "output_mtok"} & set(told):
        raise Uncounted(", ".join(sorted(unknown)) or "no tokens")
    row, starts = {}, set()
    for name, ours in RATES.items():
        value = told.get(name)
        if value is None:
            if ours in ("input", "output"):
                row[ours] = 0
        elif isinstance(value, decimal.Decimal):
            row[ours] = nanos(value)
        else:
            row[ours] = nanos(value.base)
            starts.update(tier.start for tier in value.tiers)
    for start in sorted(starts):
        above = {"tokens": start}
        for name, ours in RATES.items():
            value = told.get(name)
            if isinstance(value, decimal.Decimal):
                above[ours] = nanos(value)
            elif value is not None:
                reached = [tier.price for tier in value.tiers if tier.start <= start]
                above[ours] = nanos(reached[-1] if reached else value.base)
        row.setdefault("above", []).append({"input": 0, "output": 0} | above)
    for name, ours in EACH.items():
        if name in told:
            row[ours] = nanos(told[name], 1_000)
    return row


def dearest(rows: list) -> dict:
    merged = {}
    for row in rows:
        for name, value in row.items():
            merged[name] = max(merged.get(name, value), value) if isinstance(value, int) else value
    return merged


def prices_of(model) -> list:
    prices = model.prices if isinstance(model.prices, list) else [model.prices]
    always, since = [], {}
    for price in prices:
        constraint = getattr(price, "constraint", None)
        row = price_of(getattr(price, "prices", price))
        if constraint is not None and hasattr(constraint, "start_date"):
            since[constraint.start_date.isoformat()] = row
        else:
            always.append(row)
    rows = [dearest(always)] if always else []
    rows += [{"since": f"{day}T00:00:00Z"} | row for day, row in sorted(since.items())]
    percent = batch_percent(model, rows[-1])
    if percent is not None:
        for row in rows:
            row["tiers"] = {"batch": percent}
    return rows


def batch_percent(model, row: dict):
    """The share of the ordinary price that a batch costs, where it is the same for what goes in and what comes out."""
    for variant in getattr(model, "price_variants", None) or []:
        if variant.when == {"processing": "batch"}:
            try:
                batch = price_of(variant.prices)
            except Uncounted:
                return None
            shares = {batch[name] * 100 // row[name] for name in ("input", "output") if row.get(name)}
            exact = all(batch[name] * 100 == row[name] * share for share in shares for name in ("input", "output"))
            return shares.pop() if len(shares) == 1 and exact else None
    return None


def patterns(clause) -> list:
    kind = type(clause).__name__
    match kind:
        case "ClauseOr":
            return [pattern for inner in clause.or_ for pattern in patterns(inner)]
        case "ClauseAnd":
            # What is excepted has a row of its own, by its whole name, which is looked up first.
            return [pattern for inner in clause.and_ for pattern in patterns(inner)]
        case "ClauseEquals":
            return [clause.equals]
        case "ClauseStartsWith":
            return [f"{clause.starts_with}*"]
        case "ClauseEndsWith":
            return [f"*{clause.ends_with}"]
        case "ClauseContains":
            return [f"*{clause.contains}*"]
        case "ClauseRegex":
            return of_regex(clause.regex)
    raise SystemExit(f"a clause of an unknown kind: {clause}")


def of_regex(regex: str) -> list:
    if regex.startswith("^(?!"):
        return []
    body = regex.removeprefix("^")
    tail = "" if body.endswith("$") else "*"
    body = re.sub(r"\\d\{(\d)\}", lambda found: "#" * int(found[1]), body.removesuffix("$")).replace(r"\d", "#")
    choices = [body.replace("[-@]", "-"), body.replace("[-@]", "@")] if "[-@]" in body else [body]
    choices = [choice.replace(r"\.", ".") + tail for choice in choices]
    if any(set(choice) & set("\\[](){}|+?^$") for choice in choices):
        raise SystemExit(f"a pattern that cannot be told: {regex}")
    return choices


def table() -> dict:
    """Read by the interpreter that has the package."""
    from genai_prices import data

    vendors, left_out = {}, 0
    for provider in data.providers:
        if provider.id not in VENDORS:
            continue
        models = []
        for model in provider.models:
            try:
                models.append({"names": patterns(model.match), "prices": prices_of(model)})
            except Uncounted:
                left_out += 1
        vendors[VENDORS[provider.id]] = models
    print(f"{sum(map(len, vendors.values()))} models of {len(vendors)} vendors; {left_out} left out", file=sys.stderr)
    return vendors


def main() -> None:
    release = sys.argv[1] if len(sys.argv) > 1 else PINNED
    if importlib.util.find_spec("genai_prices") is None:
        # The package needs others: all of them go into a folder that is gone afterwards.
        with tempfile.TemporaryDirectory() as folder:
            venv.create(folder, with_pip=True)
            python = str(pathlib.Path(folder) / "bin/python")
            subprocess.run([python, "-m", "pip", "install", "--quiet", f"genai-prices=={release}"], check=True)
            subprocess.run([python, __file__, release], check=True)
        return
    told = {"source": f"genai-prices {release}", "dated": DATED, "vendors": table()}
    lines = json.dumps(told, ensure_ascii=False, separators=(",", ":")).replace('{"names"', '\n{"names"')
    (TARGET / "prices.json").write_text(lines + "\n", encoding="utf-8")
    licence = importlib.metadata.distribution("genai-prices").read_text("licenses/LICENSE")
    (TARGET / "LICENSE-genai-prices").write_text(licence, encoding="utf-8")


main()
