"""What all Modules of losses of probability maps have in common: settings that are checked once, kept and told."""

from __future__ import annotations

from typing import Any

from torch import nn

from topolens.losses.class_maps import check_reduction


class MapLoss(nn.Module):
    """A loss whose settings, those of the function of the same name, are its attributes."""

    def __init__(self, **settings: Any) -> None:
        super().__init__()
        check_reduction(settings["reduction"])
        self._names = tuple(settings)
        for name, value in settings.items():
            setattr(self, name, value)

    @property
    def settings(self) -> dict[str, Any]:
        """The settings as they are now, by name."""
        return {name: getattr(self, name) for name in self._names}

    def extra_repr(self) -> str:
        """The settings."""
        return ", ".join(f"{name}={value!r}" for name, value in self.settings.items())
