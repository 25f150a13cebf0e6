"""Numbers of clouds, weights and layers, without a verdict: analyses hold them against nulls and say what they mean."""

__all__: list[str] = []
