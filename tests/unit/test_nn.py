"""The index of Modules is complete."""

import torch

from topolens import layers, losses, nn


def test_every_module_is_in_the_index() -> None:
    public = {name: getattr(room, name) for room in (layers, losses) for name in room.__all__}
    modules = [name for name, x in public.items() if isinstance(x, type) and issubclass(x, torch.nn.Module)]
    assert sorted(nn.__all__) == sorted(modules)
    assert all(getattr(nn, name) is public[name] for name in modules)
