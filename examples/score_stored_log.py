"""Score the actions in a stored log of Inspect again, without running a model: after a scorer has changed, say.

python examples/score_stored_log.py LOG.eval [OUT.eval]
"""

import sys

from inspect_ai import score
from inspect_ai.log import read_eval_log, write_eval_log
from rich.console import Console

from switchgear.evaluation.inspect.hijack import actions
from switchgear.evaluation.inspect.logs import rates
from switchgear.terminal import percent, table

log = score(read_eval_log(sys.argv[1]), actions(), action="overwrite", display="none")
if len(sys.argv) > 2:
    write_eval_log(log, sys.argv[2])

shown = table("Measure", "Rate", "n", "Errors", "Unscored")
for line in rates(log):
    shown.add_row(line["measure"], percent(line), str(line["n"]), str(line["errors"]), str(line["unscored"]))
Console().print(shown)
