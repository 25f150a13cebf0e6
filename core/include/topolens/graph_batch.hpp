// Graphs packed end to end, taken apart: the edges of each graph side by side, with ends counted from its first vertex.
#pragma once

#include <cstdint>
#include <numeric>
#include <vector>

#include "pairs.hpp"

namespace topolens {

struct LocalEdge {
    std::int32_t a;
    std::int32_t b;
};

class GraphBatch {
    using Index = std::int64_t;

public:
    // Graph g owns the vertices offsets[g] .. offsets[g + 1], fewer than 2^31 in all; edge e joins from[e] and to[e].
    GraphBatch(const Index* offsets, Index graphs, const Index* from, const Index* to, Index edges)
        : offsets_(offsets, offsets + graphs + 1), edges_(as_size(edges)), number_(as_size(edges)),
          starts_(as_size(graphs + 2), 0) {
        std::vector<std::int32_t> graph_of(as_size(offsets[graphs]));
        for (Index g = 0; g < graphs; ++g)
            for (Index v = offsets[g]; v < offsets[g + 1]; ++v) graph_of[as_size(v)] = static_cast<std::int32_t>(g);
        for (Index e = 0; e < edges; ++e) {
            const Index g = graph_of[as_size(from[e])];
            if (g != graph_of[as_size(to[e])] && stray_ == never) stray_ = e;
            ++starts_[as_size(g + 2)];
        }
        if (stray_ != never) return;
        std::partial_sum(starts_.begin(), starts_.end(), starts_.begin());
        for (Index e = 0; e < edges; ++e) {
            const Index g = graph_of[as_size(from[e])], place = starts_[as_size(g + 1)]++;
            edges_[as_size(place)] = {static_cast<std::int32_t>(from[e] - offsets[g]),
                                      static_cast<std::int32_t>(to[e] - offsets[g])};
            number_[as_size(place)] = e;
        }
    }

    // The first edge between two graphs, or never; where there is one, the rest is not filled in.
    Index stray() const { return stray_; }

    Index graphs() const { return static_cast<Index>(offsets_.size()) - 1; }
    Index vertices_begin(Index g) const { return offsets_[as_size(g)]; }
    Index vertex_count(Index g) const { return vertices_begin(g + 1) - vertices_begin(g); }
    const LocalEdge* edges(Index g) const { return edges_.data() + starts_[as_size(g)]; }
    const Index* edge_numbers(Index g) const { return number_.data() + starts_[as_size(g)]; }
    Index edge_count(Index g) const { return starts_[as_size(g + 1)] - starts_[as_size(g)]; }

private:
    static std::size_t as_size(Index n) { return static_cast<std::size_t>(n); }

    std::vector<Index> offsets_;
    std::vector<LocalEdge> edges_;
    std::vector<Index> number_;  // of each edge in the order of the caller
    std::vector<Index> starts_;  // edges of graph g: starts_[g] .. starts_[g + 1]
    Index stray_ = never;
};

}  // namespace topolens
