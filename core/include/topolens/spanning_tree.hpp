// Minimum spanning tree of a dense graph by Prim's method: each row of distances is read once and no edge
// is sorted. Edges are ordered by (length, edge number), so the tree is Kruskal's for that order.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <vector>

#include "edge_order.hpp"
#include "simd.hpp"

namespace topolens {

template <class Key>
struct TreeEdge {
    Key key;  // ordered_key of the length
    std::int32_t i, j;  // i > j
};

namespace detail {

// Offers vertex `v` as a neighbour to the vertices outside the tree and returns the least key left there.
// Vertices inside have the lowest key and nearest -1, so they never take the offer. Among equal keys the
// smaller neighbour wins: the numbers of the edges at k rise with the other end.
template <class Key>
TOPOLENS_VECTORISED Key offer(const Key* row, std::int64_t n, std::int32_t v, Key* best, std::int32_t* nearest) {
    Key least = std::numeric_limits<Key>::max();
    for (std::int64_t k = 0; k < n; ++k) {
        const bool take = (row[k] < best[k]) | ((row[k] == best[k]) & (v < nearest[k]));
        best[k] = take ? row[k] : best[k];
        nearest[k] = take ? v : nearest[k];
        const Key outside = nearest[k] < 0 ? std::numeric_limits<Key>::max() : best[k];
        least = std::min(least, outside);
    }
    return least;
}

template <class Key>
TOPOLENS_VECTORISED bool holds(const Key* keys, std::int64_t n, Key wanted) {
    std::int32_t found = 0;
    for (std::int64_t k = 0; k < n; ++k) found |= keys[k] == wanted;
    return found != 0;
}

// Keys of a row of distances; says whether one of them is NaN.
template <class Scalar>
TOPOLENS_VECTORISED bool keys_of(const Scalar* values, std::int64_t n, OrderedKey<Scalar>* keys) {
    std::int32_t nan = 0;
    for (std::int64_t k = 0; k < n; ++k) {
        nan |= values[k] != values[k];
        keys[k] = ordered_key(values[k]);
    }
    return nan != 0;
}

// Squared distances of one point to all; `points` has one row per coordinate.
template <class Scalar>
TOPOLENS_VECTORISED void squared_distances(const Scalar* points, std::int64_t n, std::int64_t d, std::int64_t v, Scalar* out) {
    for (std::int64_t k = 0; k < n; ++k) out[k] = 0;
    for (std::int64_t axis = 0; axis < d; ++axis) {
        const Scalar* coordinate = points + axis * n;
        const Scalar own = coordinate[v];
        for (std::int64_t k = 0; k < n; ++k) {
            const Scalar difference = coordinate[k] - own;
            out[k] += difference * difference;
        }
    }
}

}  // namespace detail

// The n - 1 edges of the tree, sorted by (length, edge number). row(v) points to the n keys of the distances of v.
template <class Key, class Row>
std::vector<TreeEdge<Key>> spanning_tree(std::int64_t n, Row&& row) {
    using Limits = std::numeric_limits<Key>;
    constexpr std::int64_t block = 256;
    std::vector<TreeEdge<Key>> tree;
    if (n < 2) return tree;
    tree.reserve(static_cast<std::size_t>(n - 1));
    std::vector<Key> best(static_cast<std::size_t>(n), Limits::max());
    std::vector<std::int32_t> nearest(static_cast<std::size_t>(n), static_cast<std::int32_t>(n));

    std::int64_t added = 0;
    while (true) {
        best[static_cast<std::size_t>(added)] = Limits::min();
        nearest[static_cast<std::size_t>(added)] = -1;
        const Key least = detail::offer(row(added), n, static_cast<std::int32_t>(added), best.data(), nearest.data());
        std::int64_t next = -1, next_number = std::numeric_limits<std::int64_t>::max();
        for (std::int64_t start = 0; start < n; start += block) {
            const std::int64_t end = std::min(n, start + block);
            if (!detail::holds(best.data() + start, end - start, least)) continue;
            for (std::int64_t k = start; k < end; ++k) {
                if (best[static_cast<std::size_t>(k)] != least) continue;
                const std::int64_t other = nearest[static_cast<std::size_t>(k)];
                const std::int64_t number = edge_number(std::max(k, other), std::min(k, other));
                if (number < next_number) next = k, next_number = number;
            }
        }
        const std::int32_t other = nearest[static_cast<std::size_t>(next)];
        const auto k = static_cast<std::int32_t>(next);
        tree.push_back({least, std::max(k, other), std::min(k, other)});
        if (static_cast<std::int64_t>(tree.size()) == n - 1) break;
        added = next;
    }
    std::sort(tree.begin(), tree.end(), [](const auto& a, const auto& b) {
        return a.key != b.key ? a.key < b.key : edge_number(a.i, a.j) < edge_number(b.i, b.j);
    });
    return tree;
}

// Of a symmetric (n, n) matrix.
template <class Scalar>
std::vector<TreeEdge<OrderedKey<Scalar>>> spanning_tree_of_matrix(const Scalar* distances, std::int64_t n) {
    std::vector<OrderedKey<Scalar>> keys(static_cast<std::size_t>(n));
    return spanning_tree<OrderedKey<Scalar>>(n, [&](std::int64_t v) {
        if (detail::keys_of(distances + v * n, n, keys.data()))
            throw std::invalid_argument("distances must not contain NaN; found one in row " + std::to_string(v));
        return keys.data();
    });
}

// Of the strict lower triangle, row after row. Rows are completed once, in tiles: reading columns costs more.
template <class Scalar>
std::vector<TreeEdge<OrderedKey<Scalar>>> spanning_tree_of_triangle(const Scalar* edges, std::int64_t n) {
    using Key = OrderedKey<Scalar>;
    constexpr std::int64_t tile = 32;
    std::vector<Key> keys(static_cast<std::size_t>(n * n));
    for (std::int64_t i = 0; i < n; ++i) {
        detail::keys_of(edges + edge_number(i, 0), i, keys.data() + i * n);
        keys[static_cast<std::size_t>(i * n + i)] = std::numeric_limits<Key>::max();
    }
    for (std::int64_t top = 0; top < n; top += tile)
        for (std::int64_t left = 0; left <= top; left += tile)
            for (std::int64_t j = left; j < std::min(n, left + tile); ++j)
                for (std::int64_t i = std::max(top, j + 1); i < std::min(n, top + tile); ++i)
                    keys[static_cast<std::size_t>(j * n + i)] = keys[static_cast<std::size_t>(i * n + j)];
    return spanning_tree<Key>(n, [&](std::int64_t v) { return keys.data() + v * n; });
}

// Of points (n, d) with Euclidean distances; squares are compared, the matrix is never held.
template <class Scalar>
std::vector<TreeEdge<OrderedKey<Scalar>>> spanning_tree_of_points(const Scalar* points, std::int64_t n, std::int64_t d) {
    std::vector<Scalar> columns(static_cast<std::size_t>(n * d)), distances(static_cast<std::size_t>(n));
    for (std::int64_t v = 0; v < n; ++v)
        for (std::int64_t axis = 0; axis < d; ++axis)
            columns[static_cast<std::size_t>(axis * n + v)] = points[v * d + axis];
    std::vector<OrderedKey<Scalar>> keys(static_cast<std::size_t>(n));
    return spanning_tree<OrderedKey<Scalar>>(n, [&](std::int64_t v) {
        detail::squared_distances(columns.data(), n, d, v, distances.data());
        if (detail::keys_of(distances.data(), n, keys.data()))
            throw std::invalid_argument("points must be finite; found NaN or infinity in point " + std::to_string(v) +
                                        " or in one compared with it");
        return keys.data();
    });
}

}  // namespace topolens
