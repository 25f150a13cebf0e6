"""The published vectors of diagrams, recomputed by hand."""

import math

import numpy as np
import pytest

from topolens.studies.gap_vectors import complex_polynomial, feature_sets

H0 = np.array([[0.0, 0.2], [0.0, 0.4]])
H1 = np.array([[0.5, 0.6], [0.5, 0.8], [0.6, 0.8]])


def test_all_sets_by_hand() -> None:
    found = feature_sets((H0, H1))
    assert len(found) == 33
    np.testing.assert_allclose(found["longest lives, H1"], [0.3, 0.2, 0.1, *[0] * 7])
    np.testing.assert_allclose(found["mean life and middle, H0"], [0.3, 0.15])
    np.testing.assert_allclose(found["mean life and middle, squared, H0"], [0.3, 0.15, 0.09, 0.0225])
    births, deaths = np.array([0.5, 0.5, 0.6]), np.array([0.6, 0.8, 0.8])
    ends = [births.mean(), deaths.mean()]
    np.testing.assert_allclose(found["mean birth and death, H1"], ends)
    np.testing.assert_allclose(found["mean birth and death, logarithms, H1"], [*ends, *np.log1p(ends)])
    spread = [births.std(), deaths.std(), *ends]
    np.testing.assert_allclose(found["ASD, H1"], spread)
    np.testing.assert_allclose(found["ASDSQ, H1"], [*spread, *np.square(spread)])
    np.testing.assert_allclose(found["ASD, H0+H1"], [0, 0.1, 0, 0.3, *spread])
    assert found["all means, squared, H0+H1"].shape == (16,)
    share = np.array([1, 3, 2]) / 6
    np.testing.assert_allclose(found["entropy, H1"], [-(share * np.log(share)).sum()])


def test_a_polynomial_by_its_roots() -> None:
    births, deaths = H1.T
    angle = np.sqrt(births**2 + deaths**2)
    roots = (deaths - births) / 2 * ((np.cos(angle) - np.sin(angle)) + 1j * (np.cos(angle) + np.sin(angle)))
    theirs = np.poly(roots)[1:]
    ours = complex_polynomial(births, deaths)
    np.testing.assert_allclose(ours[:3] + 1j * ours[10:13], theirs, atol=1e-15)
    assert not ours[3:10].any()
    many = np.random.default_rng(0).random((3000, 2)).cumsum(1)
    assert np.isfinite(complex_polynomial(*many.T)).all()


def test_no_bar_at_all() -> None:
    found = feature_sets((np.zeros((0, 2)), np.zeros((0, 2))))
    assert all(np.isfinite(values).all() and not values.any() for values in found.values())
    one = feature_sets((np.array([[0.0, 1.0]]), np.zeros((0, 2))))
    assert one["entropy, H0"] == pytest.approx(0)
    assert math.isclose(one["longest lives, H0"][0], 1)
