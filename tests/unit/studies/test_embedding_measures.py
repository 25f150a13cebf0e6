"""Measures of maps into the plane: perfect maps, plain loops, scikit-learn, blocks, refusals."""

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import cdist
from sklearn.manifold import trustworthiness

from topolens.studies import embedding_measures
from topolens.studies.embedding_measures import MEASURES, measures

PERFECT = {"kl_0.01": 0, "kl_0.1": 0, "kl_1": 0, "continuity": 1, "trustworthiness": 1, "mrre": 0,
           "rank_correlation": 1, "rmse": 0}  # fmt: skip


def maps(n: int = 40) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    x = generator.standard_normal((n, 5))
    return x, x[:, :2] + 0.1 * generator.standard_normal((n, 2))


def test_a_perfect_map_and_one_in_another_unit() -> None:
    x, _ = maps()
    found = measures(x, x, (3, 7))
    assert found == pytest.approx(PERFECT, abs=1e-6)
    assert set(found) | {"mse"} == set(MEASURES)
    larger = measures(x, 3 * x, (3, 7))
    assert larger.pop("rmse") == pytest.approx(2 * np.sqrt((cdist(x, x) ** 2).mean()))
    assert larger == pytest.approx({key: value for key, value in PERFECT.items() if key != "rmse"}, abs=1e-6)


def test_trustworthiness_is_that_of_scikit_learn() -> None:
    x, z = maps()
    found = measures(x, z, (4, 9))
    assert found["trustworthiness"] == pytest.approx(np.mean([trustworthiness(x, z, n_neighbors=k) for k in (4, 9)]))
    assert found["continuity"] == pytest.approx(np.mean([trustworthiness(z, x, n_neighbors=k) for k in (4, 9)]))
    assert found["trustworthiness"] < found["continuity"] < 1


def test_all_others_are_those_of_plain_loops() -> None:
    x, z = maps(25)
    n, k = 25, 6
    a, b = cdist(x, x), cdist(z, z)
    near = [[np.argsort(row)[1:] for row in d] for d in (a, b)]  # by rising distance, without the point itself
    rank = [[{int(j): place + 1 for place, j in enumerate(order)} for order in side] for side in near]
    error, ours, theirs = 0.0, [], []
    for i in range(n):
        error += sum(abs(rank[0][i][j] - rank[1][i][j]) / rank[1][i][j] for j in near[1][i][:k]) / 2
        error += sum(abs(rank[0][i][j] - rank[1][i][j]) / rank[0][i][j] for j in near[0][i][:k]) / 2
        ours += [rank[0][i][j] for j in near[0][i][:k]]
        theirs += [rank[1][i][j] for j in near[0][i][:k]]
    found = measures(x, z, (k,))
    assert found["mrre"] == pytest.approx(error / (n * sum(abs(2 * j - n - 1) / j for j in range(1, k + 1))))
    assert found["rank_correlation"] == pytest.approx(stats.spearmanr(ours, theirs).statistic)
    assert found["rmse"] == pytest.approx(np.sqrt(((a - b) ** 2).mean()))
    for sigma in (0.01, 0.1, 1.0):
        p, q = (np.exp(-((d / d.max()) ** 2) / sigma).sum(1) for d in (a, b))
        assert found[f"kl_{sigma:g}"] == pytest.approx(stats.entropy(p, q))


def test_rows_at_a_time_are_all_rows_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    x, z = maps()
    whole = measures(x, z, (4, 9))
    monkeypatch.setattr(embedding_measures, "ROWS", 7)
    assert measures(x, z, (4, 9)) == pytest.approx(whole, rel=1e-12)


def test_points_that_coincide_are_finite() -> None:
    x, _ = maps()
    found = measures(x, np.zeros((40, 2)), (4,))
    assert np.isfinite(list(found.values())).all()
    assert found["trustworthiness"] < 0.7


def test_bad_input() -> None:
    x, z = maps()
    with pytest.raises(ValueError, match="the same points, got 40 and 39"):
        measures(x, z[1:])
    with pytest.raises(ValueError, match="below half of the 40 points, got"):
        measures(x, z, (20,))
    with pytest.raises(ValueError, match="above 0"):
        measures(x, z, ())
