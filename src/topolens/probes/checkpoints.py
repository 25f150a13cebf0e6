"""The training steps that the names of checkpoint files tell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path


def checkpoint_steps(paths: Sequence[Path]) -> list[int]:
    """The training step of each file: the last number in its name, else in its whole path, else its place from 0 on.

    Numbers count only if every file has one and all differ.

    Example:
        >>> checkpoint_steps([Path("run2/net_100.pt"), Path("run2/net_20.pt")])
        [100, 20]
        >>> checkpoint_steps([Path("step100/net2.pt"), Path("step20/net2.pt")])
        [100, 20]
        >>> checkpoint_steps([Path("first.pt"), Path("last.pt")])
        [0, 1]
    """
    names = ([path.stem for path in paths], [str(path.parent) for path in paths])
    for found in ([re.findall(r"\d+", name)[-1:] for name in group] for group in names):
        steps = [int(number[0]) for number in found if number]
        if len(set(steps)) == len(paths):
            return steps
    return list(range(len(paths)))
