// Persistence pairs of a flag complex given by a list of edges. Memory grows with the edges, not with n^2.
//
// Cells: vertices 0 .. n-1, then edge e of the list at n + e. Otherwise as in rips.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "rips.hpp"
#include "sparse_flag_graph.hpp"
#include "sparse_lunes.hpp"

namespace topolens {

// What a caller hands in: values of vertices and edges, and the two ends of each edge in either order.
template <class Scalar>
struct SparseRipsValues {
    const Scalar* values;
    std::int64_t n;
    const std::int64_t* ends;
    const Scalar* edge_values;
    std::int64_t edge_count;

    Ends edge(std::int64_t e) const {
        return {static_cast<Vertex>(std::max(ends[2 * e], ends[2 * e + 1])),
                static_cast<Vertex>(std::min(ends[2 * e], ends[2 * e + 1]))};
    }
    Scalar value(CellIndex cell) const { return cell < n ? values[cell] : edge_values[cell - n]; }
};

// Refuses NaN, edges that would enter before one of their ends, loops and unknown vertices.
template <class Scalar>
void check_sparse_rips_values(const SparseRipsValues<Scalar>& item) {
    for (std::int64_t v = 0; v < item.n; ++v)
        if (item.values[v] != item.values[v])
            throw std::invalid_argument("vertex values must hold no NaN, but vertex " + std::to_string(v) + " has one");
    for (std::int64_t e = 0; e < item.edge_count; ++e) {
        const std::int64_t a = item.ends[2 * e], b = item.ends[2 * e + 1];
        if (a < 0 || a >= item.n || b < 0 || b >= item.n || a == b)
            throw std::invalid_argument("edges must join two different vertices below n = " + std::to_string(item.n) +
                                        ", but edge " + std::to_string(e) + " is (" + std::to_string(a) + ", " +
                                        std::to_string(b) + ")");
        if (!(item.edge_values[e] >= item.values[a] && item.edge_values[e] >= item.values[b]))
            throw std::invalid_argument("edge values must hold no NaN and none below a vertex of the edge; edge " +
                                        std::to_string(e) + " breaks this");
    }
}

// Positions in the list of the edges that enter, in the total order.
template <class Scalar>
std::vector<Rank> sorted_positions(const SparseRipsValues<Scalar>& item, Scalar limit) {
    std::vector<Rank> order;
    for (std::int64_t e = 0; e < item.edge_count; ++e)
        if (item.edge_values[e] <= limit) order.push_back(static_cast<Rank>(e));
    std::sort(order.begin(), order.end(), [&](Rank a, Rank b) {
        return item.edge_values[a] != item.edge_values[b] ? item.edge_values[a] < item.edge_values[b] : a < b;
    });
    return order;
}

inline void check_sparse_rips_request(std::int64_t n, std::int64_t edge_count, std::int64_t max_dim,
                                      std::int64_t field) {
    constexpr std::int64_t most = std::numeric_limits<Rank>::max() - 1;
    if (n > most || edge_count > most)
        throw std::invalid_argument("a flag complex takes at most 2^31 - 2 vertices or edges");
    if (max_dim < 0) throw std::invalid_argument("max_dim must not be negative, got " + std::to_string(max_dim));
    PrimeField{field};
    if (max_dim > 1) SimplexIndex(n, max_dim + 2);
}

// All pairs in degrees 0 .. max_dim, sorted.
template <class Scalar>
Pairs sparse_rips_pairs(const SparseRipsValues<Scalar>& item, std::int64_t max_dim, std::int64_t field, int threads) {
    if (max_dim > 0) max_dim = highest_degree(item.n, max_dim);
    check_sparse_rips_request(item.n, item.edge_count, max_dim, field);
    check_sparse_rips_values(item);
    const Scalar limit = std::numeric_limits<Scalar>::max();
    const auto order = sorted_positions(item, limit);
    std::vector<Ends> edges(order.size());
    std::transform(order.begin(), order.end(), edges.begin(), [&](Rank e) { return item.edge(e); });
    const auto cell = [&](Rank rank) {
        return rank == absent ? never : CellIndex{item.n + order[static_cast<std::size_t>(rank)]};
    };
    Pairs pairs;
    const auto forest = join_components(item.values, item.n, limit, edges, cell, pairs);
    if (max_dim > 0) {
        const PrimeField prime_field(field);
        SparseFlagGraph graph(item.n, std::move(edges));
        const auto add = [&](std::int64_t dim, Rank birth, Rank death) {
            pairs.push_back({dim, cell(birth), cell(death)});
        };
        if (max_dim == 1) {
            const Lunes lunes = find_lunes(graph, threads);
            for (const LoopBar& bar : rips_loops(graph, lunes, forest, prime_field)) add(1, bar.birth, bar.death);
        } else {
            const SimplexIndex index(item.n, max_dim + 2);
            RipsCohomology cohomology(graph, index, prime_field, forest);
            for (std::int64_t dim = 1; dim <= max_dim; ++dim)
                for (const CohomologyBar& bar : cohomology.next_degree()) add(dim, bar.birth, bar.death);
        }
    }
    tidy(item, pairs);
    return pairs;
}

}  // namespace topolens
