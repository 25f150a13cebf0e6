// Persistence pairs of graphs filtered by vertex values: an edge comes with its later endpoint.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "pairs.hpp"
#include "threads.hpp"
#include "union_find.hpp"

namespace topolens {

// For each vertex, its neighbours that come earlier in the order (value, index); an edge may stand here twice.
struct EarlierNeighbours {
    std::vector<std::int64_t> offsets;
    std::vector<std::int64_t> neighbours;
};

template <class Real>
EarlierNeighbours earlier_neighbours(const Real* values, std::int64_t vertices, const std::int64_t* edges,
                                     std::int64_t edge_count) {
    const auto later = [values](std::int64_t a, std::int64_t b) {
        return values[a] > values[b] || (!(values[a] < values[b]) && a > b);
    };
    EarlierNeighbours result;
    auto& offsets = result.offsets;
    offsets.assign(static_cast<std::size_t>(vertices + 2), 0);
    for (std::int64_t e = 0; e < edge_count; ++e) {
        const std::int64_t a = edges[2 * e], b = edges[2 * e + 1];
        if (a != b) ++offsets[static_cast<std::size_t>((later(a, b) ? a : b) + 2)];
    }
    for (std::size_t v = 2; v < offsets.size(); ++v) offsets[v] += offsets[v - 1];
    result.neighbours.resize(static_cast<std::size_t>(offsets.back()));
    for (std::int64_t e = 0; e < edge_count; ++e) {
        std::int64_t a = edges[2 * e], b = edges[2 * e + 1];
        if (a == b) continue;
        if (!later(a, b)) std::swap(a, b);
        result.neighbours[static_cast<std::size_t>(offsets[static_cast<std::size_t>(a + 1)]++)] = b;
    }
    return result;  // filling moved every start one place down: offsets[v] .. offsets[v + 1] again
}

// One graph after another; vertices and cells are global indices.
template <class Real>
class LowerStarPairs {
public:
    LowerStarPairs(const Real* values, const EarlierNeighbours& earlier, int max_dim)
        : values_(values), earlier_(earlier), max_dim_(max_dim) {}

    // Pairs of the graph on vertices [begin, end), in order of (dimension, birth, death). Bars of no length are
    // left out; components and independent cycles never die.
    void compute(std::int64_t begin, std::int64_t end, Pairs& pairs) {
        pairs.clear();
        order_.resize(static_cast<std::size_t>(end - begin));
        std::iota(order_.begin(), order_.end(), begin);
        std::sort(order_.begin(), order_.end(), [this](std::int64_t a, std::int64_t b) { return precedes(a, b); });
        UnionFind components(end - begin);
        linked_.assign(static_cast<std::size_t>(end - begin), never);
        for (const std::int64_t vertex : order_) add(vertex, begin, components, pairs);
        for (std::int64_t v = begin; v < end; ++v)
            if (components.find(v - begin) == v - begin) pairs.push_back({0, v, never});
        std::sort(pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) {
            if (a.dim != b.dim) return a.dim < b.dim;
            return a.birth != b.birth ? a.birth < b.birth : a.death < b.death;
        });
    }

private:
    bool precedes(std::int64_t a, std::int64_t b) const {
        return values_[a] < values_[b] || (!(values_[b] < values_[a]) && a < b);
    }

    // A root is the oldest vertex of its component.
    void add(std::int64_t vertex, std::int64_t begin, UnionFind& components, Pairs& pairs) {
        const auto at = static_cast<std::size_t>(vertex);
        for (std::int64_t e = earlier_.offsets[at]; e < earlier_.offsets[at + 1]; ++e) {
            const std::int64_t other = earlier_.neighbours[static_cast<std::size_t>(e)];
            std::int64_t& link = linked_[static_cast<std::size_t>(other - begin)];
            if (link == vertex) continue;  // the same edge again
            link = vertex;
            std::int64_t elder = components.find(other - begin) + begin;
            std::int64_t younger = components.find(vertex - begin) + begin;
            if (elder == younger) {
                if (max_dim_ >= 1) pairs.push_back({1, vertex, never});
                continue;
            }
            if (precedes(younger, elder)) std::swap(younger, elder);
            components.attach(younger - begin, elder - begin);
            if (values_[younger] < values_[vertex]) pairs.push_back({0, younger, vertex});
        }
    }

    const Real* values_;
    const EarlierNeighbours& earlier_;
    int max_dim_;
    std::vector<std::int64_t> order_;
    std::vector<std::int64_t> linked_;  // the last vertex that used an edge to this one
};

// Graph b owns the vertices offsets[b] .. offsets[b + 1]; no edge joins two graphs.
template <class Real>
std::vector<Pairs> lower_star_pairs(const Real* values, const std::int64_t* edges, std::int64_t edge_count,
                                    const std::int64_t* offsets, std::int64_t graphs, int max_dim, int threads) {
    const EarlierNeighbours earlier = earlier_neighbours(values, offsets[graphs], edges, edge_count);
    std::vector<Pairs> pairs(static_cast<std::size_t>(graphs));
    parallel_chunks(graphs, threads, [&](std::int64_t begin, std::int64_t end) {
        LowerStarPairs<Real> engine(values, earlier, max_dim);
        for (std::int64_t b = begin; b < end; ++b)
            engine.compute(offsets[b], offsets[b + 1], pairs[static_cast<std::size_t>(b)]);
    });
    return pairs;
}

}  // namespace topolens
