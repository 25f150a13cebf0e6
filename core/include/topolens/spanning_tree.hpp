// Minimum spanning tree of a dense graph by Prim's method: each row of distances is read once and no edge
// is sorted. Edges are ordered by (length, edge number), so the tree is Kruskal's for that order.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "distances.hpp"
#include "edge_order.hpp"
#include "pairs.hpp"
#include "simd.hpp"
#include "union_find.hpp"

namespace topolens {

template <class Key>
struct TreeEdge {
    Key key;  // order_key of the length
    std::int32_t i, j;  // i > j
};

inline constexpr CellIndex no_bar = -2;

namespace detail {

inline constexpr std::int64_t offer_block = 256;

// Offers vertex `v` as a neighbour to the vertices outside the tree, reads its distances once and keeps the least
// key left outside for each block of vertices. Says whether a distance is NaN. Vertices inside have the lowest key
// and nearest -1, so they never take the offer. Among equal keys the smaller neighbour wins: the numbers of the
// edges at k rise with the other end.
template <class Scalar>
TOPOLENS_VECTORISED bool offer(const Scalar* row, std::int64_t n, std::int32_t v, OrderKey<Scalar>* __restrict best,
                               std::int32_t* __restrict nearest, OrderKey<Scalar>* __restrict least) {
    using Key = OrderKey<Scalar>;
    std::int32_t nan = 0;
    for (std::int64_t start = 0; start < n; start += offer_block) {
        const std::int64_t end = std::min(n, start + offer_block);
        Key block_least = std::numeric_limits<Key>::max();
        for (std::int64_t k = start; k < end; ++k) {
            nan |= row[k] != row[k];
            const Key key = order_key(row[k]);
            const bool take = (key < best[k]) | ((key == best[k]) & (v < nearest[k]));
            const Key kept = take ? key : best[k];
            const std::int32_t by = take ? v : nearest[k];
            best[k] = kept;
            nearest[k] = by;
            block_least = std::min<Key>(block_least, kept ^ static_cast<Key>(by >> 31));  // inside: the largest key
        }
        least[start / offer_block] = block_least;
    }
    return nan != 0;
}

}  // namespace detail

template <class Key>
void sort_tree(std::vector<TreeEdge<Key>>& tree) {
    std::sort(tree.begin(), tree.end(), [](const auto& a, const auto& b) {
        return a.key != b.key ? a.key < b.key : edge_number(a.i, a.j) < edge_number(b.i, b.j);
    });
}

// The n - 1 edges of the tree, sorted by (length, edge number). row(v) points to the n distances of v.
template <class Scalar, class Row>
std::vector<TreeEdge<OrderKey<Scalar>>> spanning_tree(std::int64_t n, Row&& row) {
    using Key = OrderKey<Scalar>;
    using Limits = std::numeric_limits<Key>;
    std::vector<TreeEdge<Key>> tree;
    if (n < 2) return tree;
    tree.reserve(static_cast<std::size_t>(n - 1));
    std::vector<Key> best(static_cast<std::size_t>(n), Limits::max());
    std::vector<std::int32_t> nearest(static_cast<std::size_t>(n), static_cast<std::int32_t>(n));
    std::vector<Key> least(static_cast<std::size_t>((n + detail::offer_block - 1) / detail::offer_block));

    std::int64_t added = 0;
    while (true) {
        best[static_cast<std::size_t>(added)] = Limits::min();
        nearest[static_cast<std::size_t>(added)] = -1;
        if (detail::offer(row(added), n, static_cast<std::int32_t>(added), best.data(), nearest.data(), least.data()))
            throw std::invalid_argument("distances must not contain NaN; found one at vertex " + std::to_string(added));
        const Key wanted = *std::min_element(least.begin(), least.end());
        std::int64_t next = -1, next_number = std::numeric_limits<std::int64_t>::max();
        for (std::size_t block = 0; block < least.size(); ++block) {
            if (least[block] != wanted) continue;
            const std::int64_t start = static_cast<std::int64_t>(block) * detail::offer_block;
            for (std::int64_t k = start; k < std::min(n, start + detail::offer_block); ++k) {
                if (best[static_cast<std::size_t>(k)] != wanted) continue;
                const std::int64_t other = nearest[static_cast<std::size_t>(k)];
                const std::int64_t number = edge_number(std::max(k, other), std::min(k, other));
                if (number < next_number) next = k, next_number = number;
            }
        }
        const std::int32_t other = nearest[static_cast<std::size_t>(next)];
        const auto k = static_cast<std::int32_t>(next);
        tree.push_back({wanted, std::max(k, other), std::min(k, other)});
        if (static_cast<std::int64_t>(tree.size()) == n - 1) break;
        added = next;
    }
    sort_tree(tree);
    return tree;
}

// Of a symmetric (n, n) matrix.
template <class Scalar>
std::vector<TreeEdge<OrderKey<Scalar>>> spanning_tree_of_matrix(const Scalar* distances, std::int64_t n) {
    return spanning_tree<Scalar>(n, [&](std::int64_t v) { return distances + v * n; });
}

// Of the strict lower triangle, row after row. Rows are completed once, in tiles: reading columns costs more.
template <class Scalar>
std::vector<TreeEdge<OrderKey<Scalar>>> spanning_tree_of_triangle(const Scalar* edges, std::int64_t n) {
    constexpr std::int64_t tile = 32;
    std::vector<Scalar> square(static_cast<std::size_t>(n * n));
    for (std::int64_t i = 0; i < n; ++i) std::copy_n(edges + edge_number(i, 0), i, square.data() + i * n);
    for (std::int64_t top = 0; top < n; top += tile)
        for (std::int64_t left = 0; left <= top; left += tile)
            for (std::int64_t j = left; j < std::min(n, left + tile); ++j)
                for (std::int64_t i = std::max(top, j + 1); i < std::min(n, top + tile); ++i)
                    square[static_cast<std::size_t>(j * n + i)] = square[static_cast<std::size_t>(i * n + j)];
    return spanning_tree_of_matrix(square.data(), n);
}

// Of points with Euclidean distances; the matrix is never held.
template <class Scalar>
std::vector<TreeEdge<OrderKey<Scalar>>> spanning_tree_of_points(const Scalar* points, std::int64_t n, std::int64_t d) {
    const PointColumns<Scalar> columns(points, n, d);
    std::vector<Scalar> distances(static_cast<std::size_t>(n));
    return spanning_tree<Scalar>(n, [&](std::int64_t v) {
        columns.distances(v, n, distances.data());
        return distances.data();
    });
}

// Bars of degree 0 of the Rips filtration that a spanning tree belongs to, vertices entering at 0, by the elder
// rule. Edges above `limit` never enter; bars of no length are left out.
template <class Key>
Pairs component_pairs(std::int64_t n, const std::vector<TreeEdge<Key>>& tree, Key limit) {
    UnionFind<> components(n);
    std::vector<CellIndex> death(static_cast<std::size_t>(n), never);
    for (const TreeEdge<Key>& edge : tree) {
        if (edge.key > limit) break;
        const std::int64_t a = components.find(edge.i), b = components.find(edge.j);
        components.attach(std::max(a, b), std::min(a, b));
        const bool lasts = edge.key != Key{0};
        death[static_cast<std::size_t>(std::max(a, b))] = lasts ? n + edge_number(edge.i, edge.j) : no_bar;
    }
    Pairs pairs;
    pairs.reserve(static_cast<std::size_t>(n));
    for (std::int64_t v = 0; v < n; ++v)
        if (death[static_cast<std::size_t>(v)] != no_bar) pairs.push_back({0, v, death[static_cast<std::size_t>(v)]});
    return pairs;
}

}  // namespace topolens
