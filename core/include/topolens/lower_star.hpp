// Persistence pairs of graphs filtered by vertex values: an edge comes with its later end.
//
// Vertices are renamed by their rank in the order (value, index) of their graph; from then on the elder of two
// components is the one with the smaller root, and values are only read to leave out bars of no length.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "graph_batch.hpp"
#include "pairs.hpp"
#include "ranked_edges.hpp"
#include "threads.hpp"
#include "union_find.hpp"
#include "vertex_order.hpp"

namespace topolens {

// Pairs of one graph after another; buffers live as long as the object.
template <class Real>
class LowerStarPairs {
    using Rank = std::int32_t;

public:
    // Pairs of graph g of the batch in order of (dimension, birth, death); components and independent cycles never die.
    void compute(const Real* values, const GraphBatch& graphs, std::int64_t g, int max_dim, Pairs& pairs) {
        const std::int64_t first = graphs.vertices_begin(g), n = graphs.vertex_count(g);
        order_.sort(values + first, n);
        edges_.list_by_later_end(order_, n, graphs.edges(g), graphs.edge_count(g));
        death_.assign(as_size(n), none);
        loops_.assign(as_size(n), 0);
        components_.reset(n);
        for (Rank r = 0; r < n; ++r) add(r);
        list_pairs(first, n, max_dim, pairs);
    }

private:
    static constexpr Rank none = -1;
    static std::size_t as_size(std::int64_t n) { return static_cast<std::size_t>(n); }

    void add(Rank r) {
        Rank here = r;
        for (const Rank earlier : edges_.of(r)) {
            const Rank other = components_.find(earlier);
            if (other == here) {
                ++loops_[as_size(r)];
                continue;
            }
            components_.attach(std::max(here, other), std::min(here, other));
            death_[as_size(std::max(here, other))] = r;
            here = std::min(here, other);
        }
    }

    void list_pairs(std::int64_t first, std::int64_t n, int max_dim, Pairs& pairs) const {
        pairs.reserve(as_size(n));
        for (Rank v = 0; v < n; ++v) {
            const Rank death = death_[as_size(order_.rank(v))];
            if (death == none)
                pairs.push_back({0, first + v, never});
            else if (!order_.equal(v, order_.vertex(death)))
                pairs.push_back({0, first + v, first + order_.vertex(death)});
        }
        if (max_dim < 1) return;
        for (Rank v = 0; v < n; ++v)
            pairs.insert(pairs.end(), as_size(loops_[as_size(order_.rank(v))]), Pair{1, first + v, never});
    }

    VertexOrder<Real> order_;
    RankedEdges edges_;
    std::vector<Rank> death_, loops_;  // per rank
    UnionFind<Rank> components_{0};
};

// Direction and repetition of edges do not matter, self-loops are left out.
template <class Real>
std::vector<Pairs> lower_star_pairs(const Real* values, const GraphBatch& graphs, int max_dim, int threads) {
    std::vector<Pairs> pairs(static_cast<std::size_t>(graphs.graphs()));
    parallel_chunks(graphs.graphs(), threads, [&](std::int64_t first, std::int64_t last) {
        LowerStarPairs<Real> engine;
        for (std::int64_t g = first; g < last; ++g)
            engine.compute(values, graphs, g, max_dim, pairs[static_cast<std::size_t>(g)]);
    });
    return pairs;
}

}  // namespace topolens
