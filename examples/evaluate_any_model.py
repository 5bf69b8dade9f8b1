"""The held-out decisions of a run, put to any model that Inspect knows: trained here or not.

python examples/evaluate_any_model.py RUN MODEL [free|forced|prefilled]

MODEL is `hf/FOLDER`, `vllm/NAME`, `openai-api/SERVICE/NAME`, `switchgear/RUN` ...
"""

import sys

from inspect_ai import eval as evaluate
from rich.console import Console

from switchgear.evaluation.inspect.hijack import hijack
from switchgear.evaluation.inspect.logs import rates
from switchgear.terminal import percent, table

run, model = sys.argv[1:3]
mode = sys.argv[3] if len(sys.argv) > 3 else "free"

[log] = evaluate(hijack(run=run, mode=mode), model=model, display="plain")
shown = table("Measure", "Rate", "n", "Errors", "Unscored")
for line in rates(log):
    shown.add_row(line["measure"], percent(line), str(line["n"]), str(line["errors"]), str(line["unscored"]))
Console().print(shown)
print(f"Log: {log.location}")
