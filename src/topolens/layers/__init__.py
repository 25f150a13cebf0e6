"""Layers that stand on persistence: functions of tensors or `Diagrams`, each with its thin Module."""

__all__: list[str] = []
