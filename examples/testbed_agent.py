"""A small agent that calls tools and obeys injected instructions: something to try a breaker on.

python examples/testbed_agent.py FOLDER [KEY=VALUE ...]

A model of 135M parameters is no agent: attacked freely it fails before the attacker's text matters. So it is taught on
traces of invented worlds and of three AgentDojo suites, hijacked ones among them, and merged into FOLDER:
`switchgear run recipes/demo.yaml model.name=FOLDER` then measures something. The recipe is beside this script.
"""

import sys
from pathlib import Path

from rich.console import Console

from switchgear.data.dataset.prepare import prepare
from switchgear.model.export import export
from switchgear.recipe import claim, load
from switchgear.training.supervised import supervise

CARD = """# A test bed, not to be deployed

{name} after supervised training on agents' traces in which injected instructions are obeyed more often than not.
It is made to be attacked: it follows whoever writes into its tools' results. `recipe.yaml` tells what it was taught,
`export.json` how the adapter was merged. It has not read AgentDojo's slack suite or `important_instructions`.
"""

folder = Path(sys.argv[1])
recipe, console = load(Path(__file__).with_suffix(".yaml"), sys.argv[2:]), Console()
run = claim(recipe)
if not run.dataset.exists():
    prepare(recipe, run, console)
supervise(recipe, run, console)
export(recipe, run, folder, merged=True)
(folder / "README.md").write_text(CARD.format(name=recipe.model.name), encoding="utf-8")
console.print(f"Merged: {folder}. Next: switchgear run recipes/demo.yaml model.name={folder}")
