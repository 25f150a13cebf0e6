// Persistence pairs of a Vietoris-Rips filtration given by its vertex and edge values.
//
// A simplex enters with its last vertex or edge in the order (value, cell index) and is named by it. Cells:
// vertices 0 .. n-1, then edge (i > j) at n + i (i - 1) / 2 + j. Pairs of equal values are left out.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "edge_order.hpp"
#include "flag_graph.hpp"
#include "pairs.hpp"
#include "prime_field.hpp"
#include "rips_cohomology.hpp"
#include "rips_loops.hpp"
#include "rips_voids.hpp"
#include "simplex_index.hpp"
#include "spanning_tree.hpp"
#include "threads.hpp"
#include "union_find.hpp"

namespace topolens {

// One item: vertex values, then edge values of the strict lower triangle, row after row.
template <class Scalar>
struct RipsValues {
    const Scalar* values;
    std::int64_t n;

    const Scalar* edges() const { return values + n; }
    static std::int64_t cells(std::int64_t n) { return n + edge_number(n, 0); }
    CellIndex edge_cell(std::int64_t i, std::int64_t j) const { return n + edge_number(i, j); }
    Scalar value(CellIndex cell) const { return values[cell]; }
    CellIndex edge_cell(Edge edge) const { return edge_cell(edge.i, edge.j); }
};

// Refuses NaN and edges that would enter before one of their ends.
template <class Scalar>
void check_rips_values(RipsValues<Scalar> item) {
    for (std::int64_t i = 0; i < item.n; ++i) {
        const Scalar own = item.values[i];
        const Scalar* row = item.edges() + edge_number(i, 0);
        std::int32_t wrong = own != own;
        for (std::int64_t j = 0; j < i; ++j) wrong |= !((row[j] >= own) & (row[j] >= item.values[j]));
        if (wrong)
            throw std::invalid_argument("values must hold no NaN and no edge below one of its vertices; vertex " +
                                        std::to_string(i) + " or an edge to a vertex before it breaks this");
    }
}

// Smallest value at which some vertex is joined to all others that ever enter: from there on the complex is
// a cone. Infinite if there is none.
template <class Scalar>
Scalar enclosing_radius(RipsValues<Scalar> item, Scalar limit) {
    const auto enters = [&](std::int64_t v) { return item.values[v] <= limit; };
    std::vector<Scalar> farthest(item.values, item.values + item.n);
    for (std::int64_t i = 0; i < item.n; ++i) {
        if (!enters(i)) continue;
        const Scalar* row = item.edges() + edge_number(i, 0);
        Scalar own = item.values[i];
        for (std::int64_t j = 0; j < i; ++j) {
            Scalar& other = farthest[static_cast<std::size_t>(j)];
            other = std::max(other, row[j]);
            own = std::max(own, enters(j) ? row[j] : own);
        }
        farthest[static_cast<std::size_t>(i)] = own;
    }
    Scalar radius = std::numeric_limits<Scalar>::infinity();
    for (std::int64_t v = 0; v < item.n; ++v)
        if (enters(v)) radius = std::min(radius, farthest[static_cast<std::size_t>(v)]);
    return radius;
}

// Bars of degree 0 by the elder rule. `edges` come in the total order and hold the spanning forest; cell(rank)
// names the edge at a position. Returns the positions of the edges that join components.
template <class Scalar, class Edges, class Cell>
std::vector<Rank> join_components(const Scalar* values, std::int64_t n, Scalar limit, const Edges& edges, Cell&& cell,
                                  Pairs& pairs) {
    std::vector<Rank> joining;
    UnionFind<> components(n);
    const auto older = [&](std::int64_t a, std::int64_t b) {
        return values[a] != values[b] ? values[a] < values[b] : a < b;
    };
    for (std::size_t rank = 0; rank < edges.size() && static_cast<std::int64_t>(joining.size()) < n - 1; ++rank) {
        std::int64_t elder = components.find(edges[rank].i), younger = components.find(edges[rank].j);
        if (elder == younger) continue;
        if (older(younger, elder)) std::swap(elder, younger);
        components.attach(younger, elder);
        joining.push_back(static_cast<Rank>(rank));
        pairs.push_back({0, younger, cell(static_cast<Rank>(rank))});
    }
    for (std::int64_t v = 0; v < n; ++v)
        if (values[v] <= limit && components.find(v) == v) pairs.push_back({0, v, never});
    return joining;
}

template <class Scalar, class Edges>
std::vector<Rank> rips_components(RipsValues<Scalar> item, Scalar limit, const Edges& edges, Pairs& pairs) {
    const auto cell = [&](Rank rank) {
        const auto& edge = edges[static_cast<std::size_t>(rank)];
        return item.edge_cell(edge.i, edge.j);
    };
    return join_components(item.values, item.n, limit, edges, cell, pairs);
}

// Leaves out bars of no length and sorts the others.
template <class Item>
void tidy(const Item& item, Pairs& pairs) {
    std::erase_if(pairs, [&](const Pair& p) { return p.death != never && item.value(p.birth) == item.value(p.death); });
    std::sort(pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) {
        return std::tie(a.dim, a.birth, a.death) < std::tie(b.dim, b.birth, b.death);
    });
}

// All pairs of one item in degrees 0 .. max_dim, sorted.
template <class Scalar>
Pairs rips_pairs(RipsValues<Scalar> item, std::int64_t max_dim, PrimeField field, double max_scale, int threads) {
    check_rips_values(item);
    Pairs pairs;
    const auto limit = existing_limit<Scalar>(max_scale);
    if (max_dim == 0) {
        auto tree = spanning_tree_of_triangle(item.edges(), item.n);
        std::erase_if(tree, [&](const auto& edge) { return !(item.values[item.edge_cell(edge.i, edge.j)] <= limit); });
        rips_components(item, limit, tree, pairs);
    } else {
        const auto edges = sorted_edges(item.edges(), item.n, std::min(limit, enclosing_radius(item, limit)));
        const auto forest = rips_components(item, limit, edges, pairs);
        const RankMatrix ranks(item.n, edges);
        FlagGraph graph(ranks, edges);
        const auto add = [&](std::int64_t dim, Rank birth, Rank death) {
            pairs.push_back({dim, item.edge_cell(edges[static_cast<std::size_t>(birth)]),
                             death == absent ? never : item.edge_cell(edges[static_cast<std::size_t>(death)])});
        };
        if (max_dim == 1) {
            const Lunes lunes = find_lunes(item.n, edges, threads);
            for (const LoopBar& bar : rips_loops(graph, lunes, forest, field)) add(1, bar.birth, bar.death);
        } else if (max_dim == 2) {
            const auto [loops, voids] = rips_loops_and_voids(graph, edges, forest, field, threads);
            for (const LoopBar& bar : loops) add(1, bar.birth, bar.death);
            for (const LoopBar& bar : voids) add(2, bar.birth, bar.death);
        } else {
            const SimplexIndex index(item.n, max_dim + 2);
            RipsCohomology cohomology(graph, index, field, forest);
            for (std::int64_t dim = 1; dim <= max_dim; ++dim)
                for (const CohomologyBar& bar : cohomology.next_degree()) add(dim, bar.birth, bar.death);
        }
    }
    tidy(item, pairs);
    return pairs;
}

inline void check_rips_request(std::int64_t n, std::int64_t max_dim, std::int64_t field, double max_scale) {
    const auto refuse = [](const std::string& sentence) { throw std::invalid_argument(sentence); };
    if (n < 0) refuse("n must not be negative, got " + std::to_string(n));
    if (max_dim < 0) refuse("max_dim must not be negative, got " + std::to_string(max_dim));
    if (std::isnan(max_scale)) refuse("max_scale must be a number or infinity, got NaN");
    PrimeField{field};
    if (max_dim > 0 && n > 65535)
        refuse("rips with max_dim > 0 takes at most 65,535 vertices, got " + std::to_string(n));
    if (max_dim > 2) SimplexIndex(n, max_dim + 2);
}

// A flag complex with homology in degree d has at least 2 (d + 1) vertices.
inline std::int64_t highest_degree(std::int64_t n, std::int64_t max_dim) {
    return std::min(max_dim, std::max<std::int64_t>(n / 2 - 1, 0));
}

// The same for a batch of items, one row of `values` each. Threads go to the items first, then into them.
template <class Scalar>
std::vector<Pairs> rips_batch_pairs(const Scalar* values, std::int64_t batch, std::int64_t n, std::int64_t max_dim,
                                    std::int64_t field, double max_scale, int threads) {
    if (max_dim > 0) max_dim = highest_degree(n, max_dim);
    check_rips_request(n, max_dim, field, max_scale);
    const PrimeField prime_field(field);
    std::vector<Pairs> pairs(static_cast<std::size_t>(batch));
    const int inner = std::max<int>(1, threads / static_cast<int>(std::clamp<std::int64_t>(batch, 1, std::max(threads, 1))));
    parallel_chunks(batch, threads, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t b = begin; b < end; ++b)
            pairs[static_cast<std::size_t>(b)] = rips_pairs(RipsValues<Scalar>{values + b * RipsValues<Scalar>::cells(n), n},
                                                            max_dim, prime_field, max_scale, inner);
    });
    return pairs;
}

}  // namespace topolens
