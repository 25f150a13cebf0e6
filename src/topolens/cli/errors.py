"""How a command ends when it cannot go on: one sentence, an exit code, no traceback."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import typer


@contextmanager
def one_sentence() -> Iterator[None]:
    """Turns errors into one sentence on stderr and exit code 1, Ctrl-C into exit code 130.

    With TOPOLENS_DEBUG=1 errors pass through with their traceback.
    """
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("topolens: interrupted; nothing was written", err=True)
        raise typer.Exit(130) from None
    except (typer.Exit, typer.Abort, typer.BadParameter, BrokenPipeError):
        raise
    except Exception as error:
        if os.environ.get("TOPOLENS_DEBUG") == "1":
            raise
        typer.echo(f"topolens: error: {_sentence(error)}", err=True)
        raise typer.Exit(1) from None


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    if isinstance(error, MemoryError) or "can't allocate memory" in str(error):
        return "there is not enough memory; choose fewer layers with --layers"
    text = " ".join(str(error).split())
    # A RuntimeError with a cause is one that the library passes on from the user's own network or data.
    passed_on = isinstance(error, RuntimeError) and error.__cause__ is not None
    if passed_on or isinstance(error, (ValueError, OSError, ImportError)):
        return text
    return f"{type(error).__name__}: {text}; this is a fault of topolens, please report it with TOPOLENS_DEBUG=1"
