// Persistence pairs of graphs filtered by vertex values: an edge comes with its later endpoint.
//
// Vertices are renamed by their rank in the order (value, index) of their graph; from then on the elder of two
// components is the one with the smaller root, and values are only read to leave out bars of no length.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#include "pairs.hpp"
#include "threads.hpp"
#include "union_find.hpp"

namespace topolens {

// Graph b owns the vertices offsets[b] .. offsets[b + 1] and the ranks of the same range.
template <class Real>
class LowerStarPairs {
    using Index = std::int64_t;

public:
    LowerStarPairs(const Real* values, Index vertices)
        : values_(values), order_(as_size(vertices)), rank_(as_size(vertices)), starts_(as_size(vertices + 2), 0),
          death_(as_size(vertices), never), loops_(as_size(vertices), 0), linked_(as_size(vertices), never),
          components_(vertices) {}

    void rank_vertices(Index begin, Index end) {
        const auto first = order_.begin() + begin, last = order_.begin() + end;
        std::iota(first, last, begin);
        std::sort(first, last, [this](Index a, Index b) {
            return values_[a] < values_[b] || (!(values_[b] < values_[a]) && a < b);
        });
        for (Index r = begin; r < end; ++r) rank_[as_size(order_[as_size(r)])] = r;
    }

    // Lists, for each rank, the smaller ranks that it is joined to; an edge given twice stands there twice.
    void list_edges(const Index* edges, Index count) {
        for (Index e = 0; e < count; ++e) ++starts_[as_size(later_rank(edges + 2 * e) + 2)];
        std::partial_sum(starts_.begin(), starts_.end(), starts_.begin());
        smaller_.resize(as_size(count));
        for (Index e = 0; e < count; ++e) {
            const Index later = later_rank(edges + 2 * e);
            const Index earlier = rank_[as_size(edges[2 * e])] + rank_[as_size(edges[2 * e + 1])] - later;
            smaller_[as_size(starts_[as_size(later + 1)]++)] = earlier;
        }
    }

    // Adds the ranks of one graph in order.
    void merge(Index begin, Index end) {
        for (Index r = begin; r < end; ++r)
            for (Index e = starts_[as_size(r)]; e < starts_[as_size(r + 1)]; ++e) {
                Index& link = linked_[as_size(smaller_[as_size(e)])];
                if (link == r || smaller_[as_size(e)] == r) continue;  // the same edge again, or a self-loop
                link = r;
                const Index a = components_.find(smaller_[as_size(e)]), b = components_.find(r);
                if (a == b) {
                    ++loops_[as_size(r)];
                    continue;
                }
                components_.attach(std::max(a, b), std::min(a, b));
                death_[as_size(std::max(a, b))] = r;
            }
    }

    // Pairs of one graph in order of (dimension, birth, death); components and independent cycles never die.
    void list_pairs(Index begin, Index end, int max_dim, Pairs& pairs) const {
        for (Index v = begin; v < end; ++v) {
            const Index death = death_[as_size(rank_[as_size(v)])];
            if (death == never)
                pairs.push_back({0, v, never});
            else if (values_[v] < values_[order_[as_size(death)]])
                pairs.push_back({0, v, order_[as_size(death)]});
        }
        if (max_dim < 1) return;
        for (Index v = begin; v < end; ++v)
            pairs.insert(pairs.end(), as_size(loops_[as_size(rank_[as_size(v)])]), Pair{1, v, never});
    }

private:
    static std::size_t as_size(Index n) { return static_cast<std::size_t>(n); }
    Index later_rank(const Index* edge) const { return std::max(rank_[as_size(edge[0])], rank_[as_size(edge[1])]); }

    const Real* values_;
    std::vector<Index> order_, rank_;     // vertex of a rank, rank of a vertex
    std::vector<Index> starts_, smaller_;  // smaller_[starts_[r] .. starts_[r + 1]]
    std::vector<Index> death_, loops_;    // per rank
    std::vector<Index> linked_;           // the last rank that used an edge to this one
    UnionFind components_;                // graphs touch disjoint parts of it
};

// Every edge joins two vertices of one graph; direction and repetition of edges do not matter.
template <class Real>
std::vector<Pairs> lower_star_pairs(const Real* values, const std::int64_t* edges, std::int64_t edge_count,
                                    const std::int64_t* offsets, std::int64_t graphs, int max_dim, int threads) {
    std::vector<Pairs> pairs(static_cast<std::size_t>(graphs));
    LowerStarPairs<Real> engine(values, offsets[graphs]);
    parallel_chunks(graphs, threads, [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t b = first; b < last; ++b) engine.rank_vertices(offsets[b], offsets[b + 1]);
    });
    engine.list_edges(edges, edge_count);
    parallel_chunks(graphs, threads, [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t b = first; b < last; ++b) {
            engine.merge(offsets[b], offsets[b + 1]);
            engine.list_pairs(offsets[b], offsets[b + 1], max_dim, pairs[static_cast<std::size_t>(b)]);
        }
    });
    return pairs;
}

}  // namespace topolens
