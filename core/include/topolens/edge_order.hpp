// The total order of edges: by value, then by cell index. Ranks in it act as distances without ties.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include "order_key.hpp"

namespace topolens {

struct Edge {
    std::uint16_t i, j;  // i > j, so at most 65,535 vertices
};

inline std::int64_t edge_number(std::int64_t i, std::int64_t j) { return i * (i - 1) / 2 + j; }

// The largest finite value a cell may have: `value <= existing_limit` says whether it ever enters.
template <class Scalar>
Scalar existing_limit(double max_scale) {
    constexpr Scalar largest = std::numeric_limits<Scalar>::max();
    if (max_scale >= static_cast<double>(largest)) return largest;
    const auto limit = static_cast<Scalar>(max_scale);
    return static_cast<double>(limit) > max_scale ? std::nextafter(limit, -std::numeric_limits<Scalar>::infinity()) : limit;
}

namespace detail {

template <class Scalar>
struct KeyedEdge {
    std::make_unsigned_t<OrderKey<Scalar>> key;
    Edge edge;
};

// Stable radix sort by key, least significant digit first.
template <class Scalar>
void radix_sort(std::vector<KeyedEdge<Scalar>>& items) {
    constexpr int digit_bits = 11;
    constexpr int passes = (8 * static_cast<int>(sizeof(Scalar)) + digit_bits - 1) / digit_bits;
    constexpr std::size_t digits = std::size_t{1} << digit_bits;
    const auto digit = [](const KeyedEdge<Scalar>& item, int pass) {
        return static_cast<std::size_t>(item.key >> (pass * digit_bits)) & (digits - 1);
    };
    std::vector<std::array<std::uint32_t, digits>> start(passes);
    for (auto& counts : start) counts.fill(0);
    for (const auto& item : items)
        for (int pass = 0; pass < passes; ++pass) ++start[static_cast<std::size_t>(pass)][digit(item, pass)];

    std::vector<KeyedEdge<Scalar>> other(items.size());
    for (int pass = 0; pass < passes; ++pass) {
        auto& next = start[static_cast<std::size_t>(pass)];
        if (!items.empty() && next[digit(items[0], pass)] == items.size()) continue;
        std::uint32_t sum = 0;
        for (auto& entry : next) sum += std::exchange(entry, sum);
        for (const auto& item : items) other[next[digit(item, pass)]++] = item;
        items.swap(other);
    }
}

}  // namespace detail

// Edges of one item (row i of the strict lower triangle starts at edge_number(i, 0)) with value <= limit, sorted.
template <class Scalar>
std::vector<Edge> sorted_edges(const Scalar* edge_values, std::int64_t n, Scalar limit) {
    using Keyed = detail::KeyedEdge<Scalar>;
    using Key = decltype(Keyed::key);
    std::vector<Keyed> keyed;
    keyed.reserve(static_cast<std::size_t>(std::count_if(edge_values, edge_values + edge_number(n, 0),
                                                         [limit](Scalar value) { return value <= limit; })));
    for (std::int64_t i = 1; i < n; ++i) {
        const Scalar* row = edge_values + edge_number(i, 0);
        for (std::int64_t j = 0; j < i; ++j) {
            if (!(row[j] <= limit)) continue;
            const Key key = static_cast<Key>(order_key(row[j])) ^ (Key{1} << (8 * sizeof(Key) - 1));
            keyed.push_back({key, Edge{static_cast<std::uint16_t>(i), static_cast<std::uint16_t>(j)}});
        }
    }
    detail::radix_sort<Scalar>(keyed);
    std::vector<Edge> edges(keyed.size());
    std::transform(keyed.begin(), keyed.end(), edges.begin(), [](const Keyed& item) { return item.edge; });
    return edges;
}

using Rank = std::int32_t;
inline constexpr Rank absent = std::numeric_limits<Rank>::max();

// Symmetric matrix of ranks; `absent` where there is no edge and on the diagonal.
class RankMatrix {
public:
    RankMatrix(std::int64_t n, const std::vector<Edge>& edges) : n_(n) {
        ranks_.assign(static_cast<std::size_t>(n * n), absent);
        Rank rank = 0;
        for (const Edge edge : edges) {
            ranks_[static_cast<std::size_t>(edge.i * n + edge.j)] = rank;
            ranks_[static_cast<std::size_t>(edge.j * n + edge.i)] = rank++;
        }
    }

    std::int64_t size() const { return n_; }
    const Rank* row(std::int64_t vertex) const { return ranks_.data() + vertex * n_; }

private:
    std::int64_t n_;
    std::vector<Rank> ranks_;
};

}  // namespace topolens
