"""`topolens reproduce`: published experiments, run again, each with its protocol and its baselines."""

from __future__ import annotations

import typer

app = typer.Typer(
    help="Run a published experiment again: the paper's figures beside ours, with baselines, wins and defeats alike.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
