#!/usr/bin/env python3
"""Makes the token table of the built-in embedder.

    python3 scripts/embed_table.py

Downloads one pinned wheel with pip, checks its SHA-256, and writes beside
crates/surefoot-knowledge/src/embed/static_table.rs:

    table.bin          "SFT1", rows and dimensions (u32), one f32 scale a row, then rows of signed bytes;
                       little-endian; row r of the model is scale[r] * bytes[r]
    tokens.txt         the tokenizer's pieces from id FIRST_PIECE on, one a line, in order of id
    LICENSE-wordllama  the licence of the weights

Needs nothing but Python 3.9 and pip. Run again, it writes the same bytes.
"""

import array
import hashlib
import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import zipfile

PACKAGE = "wordllama==0.4.0.post1"
# Any wheel of a release carries the same weights; one is pinned so that the hash can be.
PLATFORM = ["--python-version", "3.11", "--implementation", "cp", "--abi", "cp311", "--platform", "manylinux2014_x86_64"]
WHEEL_SHA256 = "42c2c88907ace0b0681ac6f9092d6a300a6409a5d2d61071a3fb5e7159370c97"
WEIGHTS = "wordllama/weights/l2_supercat_256.safetensors"
TOKENIZER = "wordllama/tokenizers/l2_supercat_tokenizer_config.json"
LICENSE = "wordllama-0.4.0.post1.dist-info/licenses/LICENSE"
# Ids below are <unk>, <s>, </s> and the 256 bytes: they have no text.
FIRST_PIECE = 259

HERE = pathlib.Path(__file__).resolve().parent
TARGET = HERE.parent / "crates/surefoot-knowledge/src/embed"


def wheel_fetched(folder):
    """The wheel's path, its hash checked."""
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", *PLATFORM]
        + ["--dest", folder, PACKAGE],
        check=True,
    )
    (wheel,) = pathlib.Path(folder).glob("*.whl")
    found = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if found != WHEEL_SHA256:
        sys.exit(f"{wheel.name} has SHA-256 {found}, expected {WHEEL_SHA256}")
    return wheel


def rows_read(data):
    """The one tensor of a safetensors file, as rows of floats."""
    (header_size,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + header_size])
    (tensor,) = [value for name, value in header.items() if name != "__metadata__"]
    if tensor["dtype"] != "F16":
        sys.exit(f"expected half floats, found {tensor['dtype']}")
    rows, dimensions = tensor["shape"]
    begin, end = tensor["data_offsets"]
    body = data[8 + header_size + begin : 8 + header_size + end]
    return [struct.unpack_from(f"<{dimensions}e", body, row * dimensions * 2) for row in range(rows)]


def quantised(row):
    """A row as (scale, signed bytes): the largest component becomes 127."""
    scale = max(abs(value) for value in row) / 127 or 1.0
    return scale, array.array("b", (round(value / scale) for value in row))


def table_written(rows, path):
    packed = [quantised(row) for row in rows]
    with open(path, "wb") as file:
        file.write(b"SFT1" + struct.pack("<II", len(rows), len(rows[0])))
        file.write(struct.pack(f"<{len(rows)}f", *(scale for scale, _ in packed)))
        for _, data in packed:
            file.write(data.tobytes())


def tokens_written(tokenizer, path):
    pieces = sorted((number, piece) for piece, number in tokenizer["model"]["vocab"].items() if number >= FIRST_PIECE)
    if [number for number, _ in pieces] != list(range(FIRST_PIECE, FIRST_PIECE + len(pieces))):
        sys.exit("the tokenizer's ids have gaps")
    if any("\n" in piece for _, piece in pieces):
        sys.exit("a token holds a line break")
    path.write_text("".join(piece + "\n" for _, piece in pieces), encoding="utf-8", newline="\n")


def main():
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(wheel_fetched(folder)) as wheel:
        table_written(rows_read(wheel.read(WEIGHTS)), TARGET / "table.bin")
        tokens_written(json.loads(wheel.read(TOKENIZER)), TARGET / "tokens.txt")
        (TARGET / "LICENSE-wordllama").write_bytes(wheel.read(LICENSE))


if __name__ == "__main__":
    main()
