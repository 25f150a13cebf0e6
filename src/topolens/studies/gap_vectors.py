"""The eleven published ways to turn bars into a few numbers, for dimension 0, dimension 1 and both: 33 feature sets."""

from __future__ import annotations

import numpy as np

LONGEST = 10
COEFFICIENTS = 10
DIMS = {"H0": (0,), "H1": (1,), "H0+H1": (0, 1)}


def feature_sets(bars: tuple[np.ndarray, np.ndarray]) -> dict[str, np.ndarray]:
    """All sets of one diagram, by names like "ASD, H0+H1".

    Args:
        bars: Births and deaths of the finite bars of dimension 0 and 1, each of shape (bars, 2).

    Source: "Predicting the generalization gap in neural networks using topological data analysis", 2024, section 4 and
        its code, which squares the statistics of bars, not the bars. Where there is no bar all numbers are 0.
    """
    own = [_sets(found) for found in bars]
    return {
        f"{name}, {dims}": np.concatenate([own[dim][name] for dim in chosen])
        for dims, chosen in DIMS.items()
        for name in own[0]
    }


def _sets(bars: np.ndarray) -> dict[str, np.ndarray]:
    births, deaths = np.asarray(bars, np.float64).reshape(-1, 2).T
    lives = deaths - births
    middle = np.array([_mean(lives), _mean((births + deaths) / 2)])
    ends = np.array([_mean(births), _mean(deaths)])
    spread = np.array([_deviation(births), _deviation(deaths), *ends])
    middle_squared, ends_squared = np.concatenate([middle, middle**2]), np.concatenate([ends, ends**2])
    return {
        "longest lives": np.pad(np.sort(lives)[::-1][:LONGEST], (0, max(0, LONGEST - len(lives)))),
        "mean life and middle": middle,
        "mean life and middle, squared": middle_squared,
        "mean birth and death": ends,
        "mean birth and death, squared": ends_squared,
        "mean birth and death, logarithms": np.concatenate([ends, np.log1p(ends)]),
        "all means, squared": np.concatenate([middle_squared, ends_squared]),
        "entropy": np.array([_entropy(lives)]),
        "ASD": spread,
        "ASDSQ": np.concatenate([spread, spread**2]),
        "complex polynomial": complex_polynomial(births, deaths),
    }


def complex_polynomial(births: np.ndarray, deaths: np.ndarray) -> np.ndarray:
    """First coefficients below the leading one of the polynomial whose roots are the bars, real and imaginary parts.

    A bar (b, d) becomes the root (d - b) / 2 ((cos a - sin a) + i (cos a + sin a)) with a = sqrt(b^2 + d^2).

    Args:
        births: Shape (bars,).
        deaths: Shape (bars,).

    Returns:
        Shape (2 COEFFICIENTS,), 0 from the number of bars on.

    Source: "Comparing persistence diagrams through complex vectors", 2015, transformation T.
    """
    angle = np.hypot(births, deaths)
    roots = (deaths - births) / 2 * ((np.cos(angle) - np.sin(angle)) + 1j * (np.cos(angle) + np.sin(angle)))
    # Coefficients are signed elementary symmetric sums, added root by root.
    sums = np.zeros(COEFFICIENTS + 1, np.complex128)
    sums[0] = 1
    for root in roots:
        sums[1:] -= root * sums[:-1]
    return np.concatenate([sums[1:].real, sums[1:].imag])


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else 0.0


def _deviation(values: np.ndarray) -> float:
    return float(values.std()) if len(values) else 0.0


def _entropy(lives: np.ndarray) -> float:
    share = lives[lives > 0] / lives.sum() if (lives > 0).any() else np.ones(1)
    return float(-(share * np.log(share)).sum())
