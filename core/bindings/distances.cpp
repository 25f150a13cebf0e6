// Distance matrices and clouds on their way into Rips filtrations, and degree 0 straight from them.
#include "bindings.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <stdexcept>
#include <string>
#include <tuple>

#include "topolens/distances.hpp"
#include "topolens/spanning_tree.hpp"
#include "topolens/threads.hpp"

namespace {

constexpr std::int64_t most_vertices = 2'000'000'000;

template <class Scalar>
std::int64_t square_side(const Input<Scalar, 3>& matrices) {
    if (matrices.shape(1) != matrices.shape(2))
        throw std::invalid_argument("distances must have shape (batch, n, n), got (" + std::to_string(matrices.shape(0)) + ", " +
                                    std::to_string(matrices.shape(1)) + ", " + std::to_string(matrices.shape(2)) + ")");
    return static_cast<std::int64_t>(matrices.shape(1));
}

// First row of part `part` when the rows of a triangle are dealt to `parts` of equal area.
std::int64_t first_row(std::int64_t n, std::int64_t part, std::int64_t parts) {
    if (part == parts) return n;
    const double share = std::sqrt(static_cast<double>(part) / static_cast<double>(parts));
    return static_cast<std::int64_t>(share * static_cast<double>(n)) / 16 * 16;
}

// Calls work(item, begin, end) on row ranges of every item's triangle; a thread is started only for work enough.
template <class Work>
void over_triangles(std::int64_t batch, std::int64_t n, int threads, Work&& work) {
    const std::int64_t entries = batch * n * n / 2, worth_a_thread = 1 << 18;
    const auto used = static_cast<int>(std::clamp<std::int64_t>(entries / worth_a_thread, 1, threads));
    const std::int64_t parts = batch >= used ? 1 : used;
    topolens::parallel_chunks(batch * parts, used, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t k = begin; k < end; ++k)
            work(k / parts, first_row(n, k % parts, parts), first_row(n, k % parts + 1, parts));
    });
}

template <class Scalar>
std::tuple<bool, bool, bool> matrix_faults(Input<Scalar, 3> matrices, int threads) {
    const std::int64_t n = square_side(matrices), batch = static_cast<std::int64_t>(matrices.shape(0));
    std::atomic<bool> nan{false}, negative{false}, asymmetric{false};
    {
        nb::gil_scoped_release release;
        over_triangles(batch, n, threads, [&](std::int64_t b, std::int64_t begin, std::int64_t end) {
            const auto found = topolens::matrix_faults(matrices.data() + b * n * n, n, begin, end);
            if (found.nan) nan = true;
            if (found.negative) negative = true;
            if (found.asymmetric) asymmetric = true;
        });
    }
    return {nan, negative, asymmetric};
}

// Cell values (B, n + n (n - 1) / 2): zeros for the vertices, then what `row(item, i, out)` writes for j < i.
template <class Scalar, class Row>
Owned<Scalar> triangle_values(std::int64_t batch, std::int64_t n, int threads, Row&& row) {
    const std::int64_t cells = n + topolens::edge_number(n, 0);
    std::vector<Scalar> values(static_cast<std::size_t>(batch * cells));
    over_triangles(batch, n, threads, [&](std::int64_t b, std::int64_t begin, std::int64_t end) {
        Scalar* edges = values.data() + b * cells + n;
        for (std::int64_t i = begin; i < end; ++i) row(b, i, edges + topolens::edge_number(i, 0));
    });
    nb::gil_scoped_acquire hold;
    return owned(std::move(values), {static_cast<std::size_t>(batch), static_cast<std::size_t>(cells)});
}

template <class Scalar>
Owned<Scalar> values_of_distances(Input<Scalar, 3> matrices, int threads) {
    const std::int64_t n = square_side(matrices), batch = static_cast<std::int64_t>(matrices.shape(0));
    nb::gil_scoped_release release;
    return triangle_values<Scalar>(batch, n, threads, [&](std::int64_t b, std::int64_t i, Scalar* out) {
        std::copy_n(matrices.data() + (b * n + i) * n, i, out);
    });
}

template <class Scalar>
Owned<Scalar> values_of_points(Input<Scalar, 3> points, int threads) {
    const auto batch = static_cast<std::int64_t>(points.shape(0)), n = static_cast<std::int64_t>(points.shape(1)),
               d = static_cast<std::int64_t>(points.shape(2));
    nb::gil_scoped_release release;
    std::vector<topolens::PointColumns<Scalar>> clouds;
    clouds.reserve(static_cast<std::size_t>(batch));
    for (std::int64_t b = 0; b < batch; ++b) clouds.emplace_back(points.data() + b * n * d, n, d);
    return triangle_values<Scalar>(batch, n, threads, [&](std::int64_t b, std::int64_t i, Scalar* out) {
        clouds[static_cast<std::size_t>(b)].distances(i, i, out);
    });
}

// Bars of degree 0 of every item; tree_of(item) gives its spanning tree.
template <class Scalar, class TreeOf>
nb::tuple components(std::int64_t batch, std::int64_t n, double max_scale, int threads, TreeOf&& tree_of) {
    std::vector<topolens::Pairs> found(static_cast<std::size_t>(batch));
    {
        nb::gil_scoped_release release;
        if (n > most_vertices) throw std::invalid_argument("at most 2e9 points per item, got " + std::to_string(n));
        if (std::isnan(max_scale)) throw std::invalid_argument("max_scale must be a number or infinity, got NaN");
        const auto limit = topolens::order_key(topolens::existing_limit<Scalar>(max_scale));
        const auto used = static_cast<int>(std::min<std::int64_t>(threads, 1 + batch * n * n / (1 << 18)));
        topolens::parallel_chunks(batch, used, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t b = begin; b < end; ++b)
                found[static_cast<std::size_t>(b)] = topolens::component_pairs(n, tree_of(b), limit);
        });
    }
    return packed(found);
}

template <class Scalar>
nb::tuple components_of_distances(Input<Scalar, 3> matrices, double max_scale, int threads) {
    const std::int64_t n = square_side(matrices);
    return components<Scalar>(static_cast<std::int64_t>(matrices.shape(0)), n, max_scale, threads, [&](std::int64_t b) {
        return topolens::spanning_tree_of_matrix(matrices.data() + b * n * n, n);
    });
}

template <class Scalar>
nb::tuple components_of_points(Input<Scalar, 3> points, double max_scale, int threads) {
    const auto n = static_cast<std::int64_t>(points.shape(1)), d = static_cast<std::int64_t>(points.shape(2));
    return components<Scalar>(static_cast<std::int64_t>(points.shape(0)), n, max_scale, threads, [&](std::int64_t b) {
        return topolens::spanning_tree_of_points(points.data() + b * n * d, n, d);
    });
}

// Degree 0 from trees found elsewhere: ends (B, n - 1, 2) and lengths (B, n - 1) of the edges, in any order.
template <class Scalar>
nb::tuple components_of_trees(Input<std::int64_t, 3> ends, Input<Scalar, 2> lengths, double max_scale, int threads) {
    const auto batch = static_cast<std::int64_t>(ends.shape(0)), edges = static_cast<std::int64_t>(ends.shape(1));
    if (ends.shape(2) != 2 || lengths.shape(0) != ends.shape(0) || lengths.shape(1) != ends.shape(1))
        throw std::invalid_argument("ends must have shape (batch, edges, 2) and lengths (batch, edges)");
    const std::int64_t* row = ends.data();
    for (std::int64_t k = 0; k < 2 * batch * edges; ++k)
        if (row[k] < 0 || row[k] > edges) throw std::invalid_argument("ends must name vertices in [0, edges]");
    return components<Scalar>(batch, edges + 1, max_scale, threads, [&](std::int64_t b) {
        std::vector<topolens::TreeEdge<topolens::OrderKey<Scalar>>> tree;
        for (std::int64_t e = b * edges; e < (b + 1) * edges; ++e)
            tree.push_back({topolens::order_key(lengths.data()[e]), static_cast<std::int32_t>(std::max(row[2 * e], row[2 * e + 1])),
                            static_cast<std::int32_t>(std::min(row[2 * e], row[2 * e + 1]))});
        topolens::sort_tree(tree);
        return tree;
    });
}

// Lengths of single edges, to the last digit those of `values_of_points`.
template <class Scalar>
Owned<Scalar> edge_lengths(Input<Scalar, 3> points, Input<std::int64_t, 1> item, Input<std::int64_t, 1> i,
                           Input<std::int64_t, 1> j) {
    const auto batch = static_cast<std::int64_t>(points.shape(0)), n = static_cast<std::int64_t>(points.shape(1)),
               d = static_cast<std::int64_t>(points.shape(2));
    const std::size_t count = item.shape(0);
    if (i.shape(0) != count || j.shape(0) != count)
        throw std::invalid_argument("item, i and j must have the same length");
    std::vector<Scalar> lengths(count);
    for (std::size_t e = 0; e < count; ++e) {
        const std::int64_t b = item.data()[e], v = i.data()[e], w = j.data()[e];
        if (b < 0 || b >= batch || std::min(v, w) < 0 || std::max(v, w) >= n)
            throw std::invalid_argument("an edge names no point of its item");
        Scalar sum = 0;
        for (std::int64_t axis = 0; axis < d; ++axis) {
            const Scalar difference = points.data()[(b * n + v) * d + axis] - points.data()[(b * n + w) * d + axis];
            sum += difference * difference;
        }
        lengths[e] = std::sqrt(sum);
    }
    return owned(std::move(lengths), {count});
}

template <class Scalar>
void bind_for(nb::module_& m) {
    using namespace nb::literals;
    m.def("matrix_faults", &matrix_faults<Scalar>, "distances"_a.noconvert(), "threads"_a,
          "Whether matrices (B, n, n) hold NaN, a negative entry, or one that differs from its mirror image.");
    m.def("values_of_distances", &values_of_distances<Scalar>, "distances"_a.noconvert(), "threads"_a,
          "Rips cell values (B, n + n (n - 1) / 2) of matrices (B, n, n).");
    m.def("values_of_points", &values_of_points<Scalar>, "points"_a.noconvert(), "threads"_a,
          "Rips cell values (B, n + n (n - 1) / 2) of points (B, n, d) with Euclidean distances.");
    m.def("components_of_distances", &components_of_distances<Scalar>, "distances"_a.noconvert(), "max_scale"_a, "threads"_a,
          "Degree-0 pairs (dim, batch, birth cell, death cell) of matrices (B, n, n), from spanning trees.");
    m.def("components_of_points", &components_of_points<Scalar>, "points"_a.noconvert(), "max_scale"_a, "threads"_a,
          "Degree-0 pairs of points (B, n, d), from spanning trees, without the matrix of distances.");
    m.def("components_of_trees", &components_of_trees<Scalar>, "ends"_a.noconvert(), "lengths"_a.noconvert(), "max_scale"_a,
          "threads"_a, "Degree-0 pairs of given spanning trees: ends (B, n - 1, 2), lengths (B, n - 1).");
    m.def("edge_lengths", &edge_lengths<Scalar>, "points"_a.noconvert(), "item"_a.noconvert(), "i"_a.noconvert(),
          "j"_a.noconvert(), "Lengths of edges (item, i, j) of points (B, n, d), rounded as in values_of_points.");
}

}  // namespace

void bind_distances(nb::module_& m) {
    bind_for<float>(m);
    bind_for<double>(m);
}
