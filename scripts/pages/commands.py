"""Every command as its `--help` tells it."""

import re

import typer
from typer.cli import get_docs_for_click

from scripts.pages.markdown import first_paragraph
from switchgear.cli import app

HEAD = """\
# Commands

What `switchgear COMMAND --help` says. Every command that takes a recipe takes overrides after it: `train.steps=80`.
"""


def page() -> str:
    command = typer.main.get_command(app)
    text = get_docs_for_click(obj=command, ctx=typer.Context(command, info_name="switchgear"), name="switchgear")
    text = re.sub(r"\A# .*\n", HEAD, text)
    for name, each in command.commands.items():  # the list of commands cuts their first sentences short
        listed = f"* [`{name}`](#switchgear-{name}): {first_paragraph(each.help or '')}"
        text = re.sub(rf"^\* `{name}`: .*$", listed, text, flags=re.MULTILINE)
    return text.rstrip() + "\n"
