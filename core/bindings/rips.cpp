// Rips pairs, degree-1 cocycles and spanning trees. Every function runs without the GIL.
#include "bindings.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <tuple>

#include "topolens/rips.hpp"
#include "topolens/rips_cocycles.hpp"
#include "topolens/rips_cost.hpp"
#include "topolens/rips_sparse.hpp"
#include "topolens/spanning_tree.hpp"
#include "topolens/threads.hpp"

namespace {

using Indices = Owned<std::int64_t>;

void check_width(std::int64_t got, std::int64_t n) {
    if (n < 0 || n > 2'000'000'000)
        throw std::invalid_argument("n must lie between 0 and 2e9, got " + std::to_string(n));
    const std::int64_t expected = topolens::RipsValues<float>::cells(n);
    if (got != expected)
        throw std::invalid_argument("values must hold n + n (n - 1) / 2 = " + std::to_string(expected) +
                                    " cells per item for n = " + std::to_string(n) + ", got " + std::to_string(got));
}

Indices indices(std::vector<std::int64_t>&& data) {
    const std::size_t size = data.size();
    return owned(std::move(data), {size});
}

template <class Scalar>
nb::tuple rips_pairs(Input<Scalar, 2> values, std::int64_t n, std::int64_t max_dim, std::int64_t field, double max_scale,
                     int threads) {
    std::vector<topolens::Pairs> found;
    {
        nb::gil_scoped_release release;
        check_width(static_cast<std::int64_t>(values.shape(1)), n);
        const auto batch = static_cast<std::int64_t>(values.shape(0));
        found = topolens::rips_batch_pairs(values.data(), batch, n, max_dim, field, max_scale, threads);
    }
    return packed(found);
}

template <class Scalar>
nb::tuple rips_pairs_sparse(Input<Scalar, 1> vertices, Input<std::int64_t, 2> ends, Input<Scalar, 1> values,
                            std::int64_t max_dim, std::int64_t field, int threads) {
    std::vector<topolens::Pairs> found(1);
    {
        nb::gil_scoped_release release;
        if (ends.shape(1) != 2 || ends.shape(0) != values.shape(0))
            throw std::invalid_argument("ends must have shape (edges, 2) for values of shape (edges,), got (" +
                                        std::to_string(ends.shape(0)) + ", " + std::to_string(ends.shape(1)) + ") and (" +
                                        std::to_string(values.shape(0)) + ",)");
        const topolens::SparseRipsValues<Scalar> item{vertices.data(), static_cast<std::int64_t>(vertices.shape(0)),
                                                      ends.data(), values.data(),
                                                      static_cast<std::int64_t>(values.shape(0))};
        found[0] = topolens::sparse_rips_pairs(item, max_dim, field, threads);
    }
    return packed(found);
}

using Numbers = Owned<double>;

template <class Scalar>
std::tuple<Numbers, Numbers, Numbers, Numbers, Numbers> rips_cost(Input<Scalar, 1> values, std::int64_t n,
                                                                  std::int64_t max_dim, Input<double, 1> scales) {
    std::vector<double> simplices, openers, relations, seconds, bytes;
    const std::size_t count = scales.shape(0);
    {
        nb::gil_scoped_release release;
        check_width(static_cast<std::int64_t>(values.shape(0)), n);
        const std::vector<double> asked(scales.data(), scales.data() + count);
        for (const topolens::RipsCost& cost : topolens::rips_cost(values.data(), n, max_dim, asked)) {
            simplices.insert(simplices.end(), cost.simplices.begin(), cost.simplices.end());
            openers.push_back(cost.openers);
            relations.push_back(cost.relations);
            seconds.push_back(cost.seconds);
            bytes.push_back(cost.bytes);
        }
    }
    const std::size_t dims = count > 0 ? simplices.size() / count : static_cast<std::size_t>(std::clamp<std::int64_t>(max_dim, 0, 64)) + 2;
    return {owned(std::move(simplices), {count, dims}), owned(std::move(openers), {count}),
            owned(std::move(relations), {count}), owned(std::move(seconds), {count}), owned(std::move(bytes), {count})};
}

template <class Scalar>
std::tuple<Indices, Indices, Indices, Indices, Indices> rips_cocycles(Input<Scalar, 1> values, std::int64_t n,
                                                                      std::int64_t field, double max_scale) {
    std::vector<std::int64_t> birth, death, offsets{0}, edges, coefficients;
    {
        nb::gil_scoped_release release;
        check_width(static_cast<std::int64_t>(values.shape(0)), n);
        for (const topolens::Cocycle& cocycle : topolens::rips_cocycles(values.data(), n, field, max_scale)) {
            birth.push_back(cocycle.birth);
            death.push_back(cocycle.death);
            edges.insert(edges.end(), cocycle.edges.begin(), cocycle.edges.end());
            coefficients.insert(coefficients.end(), cocycle.coefficients.begin(), cocycle.coefficients.end());
            offsets.push_back(static_cast<std::int64_t>(edges.size()));
        }
    }
    return {indices(std::move(birth)), indices(std::move(death)), indices(std::move(offsets)), indices(std::move(edges)),
            indices(std::move(coefficients))};
}

// Trees of all items: tree_of(item) gives the sorted edges of one.
template <class TreeOf>
Indices spanning_trees(std::size_t batch, std::size_t n, int threads, TreeOf&& tree_of) {
    const std::size_t edges = n > 0 ? n - 1 : 0;
    std::vector<std::int64_t> ends(batch * edges * 2);
    {
        nb::gil_scoped_release release;
        if (n > 2'000'000'000) throw std::invalid_argument("at most 2e9 points per item, got " + std::to_string(n));
        topolens::parallel_chunks(static_cast<std::int64_t>(batch), threads, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t b = begin; b < end; ++b) {
                std::int64_t* out = ends.data() + static_cast<std::size_t>(b) * edges * 2;
                for (const auto& edge : tree_of(b)) {
                    *out++ = edge.j;
                    *out++ = edge.i;
                }
            }
        });
    }
    return owned(std::move(ends), {batch, edges, 2});
}

template <class Scalar>
Indices spanning_tree(Input<Scalar, 3> distances, int threads) {
    const std::size_t n = distances.shape(1);
    if (distances.shape(2) != n)
        throw std::invalid_argument("distances must have shape (batch, n, n), got (" + std::to_string(distances.shape(0)) +
                                    ", " + std::to_string(n) + ", " + std::to_string(distances.shape(2)) + ")");
    return spanning_trees(distances.shape(0), n, threads, [&](std::int64_t b) {
        return topolens::spanning_tree_of_matrix(distances.data() + static_cast<std::size_t>(b) * n * n,
                                                 static_cast<std::int64_t>(n));
    });
}

template <class Scalar>
Indices spanning_tree_points(Input<Scalar, 3> points, int threads) {
    const std::size_t n = points.shape(1), d = points.shape(2);
    return spanning_trees(points.shape(0), n, threads, [&](std::int64_t b) {
        return topolens::spanning_tree_of_points(points.data() + static_cast<std::size_t>(b) * n * d,
                                                 static_cast<std::int64_t>(n), static_cast<std::int64_t>(d));
    });
}

template <class Scalar>
void bind_for(nb::module_& m) {
    using namespace nb::literals;
    m.def("rips_pairs", &rips_pairs<Scalar>, "values"_a.noconvert(), "n"_a, "max_dim"_a, "field"_a, "max_scale"_a,
          "threads"_a, "Pairs (dim, batch, birth cell, death cell) of Rips filtrations given by cell values (B, C).");
    m.def("rips_pairs_sparse", &rips_pairs_sparse<Scalar>, "vertices"_a.noconvert(), "ends"_a.noconvert(),
          "values"_a.noconvert(), "max_dim"_a, "field"_a, "threads"_a,
          "Pairs (dim, batch, birth cell, death cell) of one flag complex given by vertex values (n,) and edges: ends "
          "(E, 2), values (E,). Edge e is cell n + e.");
    m.def("rips_cost", &rips_cost<Scalar>, "values"_a.noconvert(), "n"_a, "max_dim"_a, "scales"_a.noconvert(),
          "Estimates for one item at each of several scales: (simplices (S, max_dim + 2) by dimension, openers (S,), "
          "relations (S,), seconds (S,), bytes (S,)). One thread; they never fall as the scale rises.");
    m.def("rips_cocycles", &rips_cocycles<Scalar>, "values"_a.noconvert(), "n"_a, "field"_a, "max_scale"_a,
          "Degree-1 bars of one item with cocycles: (birth, death, offsets, edges, coefficients). Edge (i > j) "
          "runs from j to i.");
    m.def("spanning_tree", &spanning_tree<Scalar>, "distances"_a.noconvert(), "threads"_a,
          "Minimum spanning trees (B, n - 1, 2) of symmetric matrices (B, n, n), edges in rising order.");
    m.def("spanning_tree_points", &spanning_tree_points<Scalar>, "points"_a.noconvert(), "threads"_a,
          "Euclidean minimum spanning trees (B, n - 1, 2) of points (B, n, d), edges in rising order.");
}

}  // namespace

void bind_rips(nb::module_& m) {
    bind_for<float>(m);
    bind_for<double>(m);
}
