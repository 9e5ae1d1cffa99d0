#!/usr/bin/env python3
"""Makes the table of what models can do.

    python3 scripts/capabilities.py            # of the release pinned below
    python3 scripts/capabilities.py 1.106.4    # of another: review the difference, then pin it

Fetches the wheel of the package litellm (MIT) with pip, takes its table of models out of it without installing or running
anything of it, and writes beside crates/surefoot/src/settings/capabilities.rs:

    capabilities.json   by vendor: models that can do the same, with their names
    LICENSE-litellm     the licence of the data

Only what the table says is taken over: what it leaves open stays unknown, which is not the same as no.

Needs Python 3.11 and pip. Run again, it writes the same bytes.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import zipfile

PINNED = "1.106.4"
# The day on which the pinned release came out.
DATED = "2026-10-25"
# Surefoot's name of each vendor whose models are taken over, and what stands before a model's id in the table.
VENDORS = {
    "openai": ("openai", ""), "azure": ("azure", "azure/"), "anthropic": ("anthropic", ""),
    "vertex_ai-anthropic_models": ("anthropic", "vertex_ai/"), "gemini": ("gemini", "gemini/"),
    "vertex_ai-language-models": ("gemini", ""), "bedrock": ("bedrock", ""), "bedrock_converse": ("bedrock", ""),
    "mistral": ("mistral", "mistral/"), "groq": ("groq", "groq/"), "deepseek": ("deepseek", "deepseek/"),
    "xai": ("xai", "xai/"), "together_ai": ("together", "together_ai/"), "fireworks_ai": ("fireworks", "fireworks_ai/"),
    "perplexity": ("perplexity", "perplexity/"),
    "cohere": ("cohere", ""), "cohere_chat": ("cohere", ""), "cerebras": ("cerebras", "cerebras/"),
    "moonshot": ("moonshot", "moonshot/"),
}
FLAGS = {
    "tools": "supports_function_calling", "schema": "supports_response_schema", "vision": "supports_vision",
    "reasoning": "supports_reasoning",
}
SIZES = {"context": "max_input_tokens", "output": "max_output_tokens"}
TABLE = "litellm/model_prices_and_context_window_backup.json"

HERE = pathlib.Path(__file__).resolve().parent
TARGET = HERE.parent / "crates/surefoot/src/settings"


def row(model: dict) -> dict:
    can = {}
    for ours, theirs in SIZES.items():
        if isinstance(model.get(theirs), int) and model[theirs] > 0:
            can[ours] = model[theirs]
    for ours, theirs in FLAGS.items():
        if isinstance(model.get(theirs), bool):
            can[ours] = model[theirs]
    return can


def table(models: dict) -> dict:
    vendors = {vendor: {} for vendor, _ in VENDORS.values()}
    for name, model in models.items():
        vendor, prefix = VENDORS.get(model.get("litellm_provider"), (None, ""))
        can = row(model)
        if vendor is None or model.get("mode") not in ("chat", "responses") or not can:
            continue
        vendors[vendor].setdefault(json.dumps(can), []).append(name.removeprefix(prefix))
    return {
        vendor: [{"names": sorted(set(names))} | json.loads(can) for can, names in sorted(alike.items())]
        for vendor, alike in sorted(vendors.items())
    }


def main() -> None:
    release = sys.argv[1] if len(sys.argv) > 1 else PINNED
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest", folder]
        subprocess.run([*pip, f"litellm=={release}"], check=True)
        wheel = zipfile.ZipFile(next(pathlib.Path(folder).glob("*.whl")))
        models = json.loads(wheel.read(TABLE))
        licence = wheel.read(f"litellm-{release}.dist-info/licenses/LICENSE").decode()
    vendors = table(models)
    told = {"source": f"litellm {release}", "dated": DATED, "vendors": vendors}
    lines = json.dumps(told, ensure_ascii=False, separators=(",", ":")).replace('{"names"', '\n{"names"')
    (TARGET / "capabilities.json").write_text(lines + "\n", encoding="utf-8")
    (TARGET / "LICENSE-litellm").write_text(licence, encoding="utf-8")
    print(f"{sum(len(one['names']) for rows in vendors.values() for one in rows)} models of {len(vendors)} vendors", file=sys.stderr)


main()
