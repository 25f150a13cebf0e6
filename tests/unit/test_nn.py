"""The index of Modules is complete."""

import torch

from topolens import layers, nn


def test_every_module_of_the_layers_is_in_the_index() -> None:
    public = {name: getattr(layers, name) for name in layers.__all__}
    modules = [name for name, x in public.items() if isinstance(x, type) and issubclass(x, torch.nn.Module)]
    assert sorted(nn.__all__) == sorted(modules)
    assert all(getattr(nn, name) is public[name] for name in modules)
