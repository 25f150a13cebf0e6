// Persistence pairs of graphs with values on vertices and edges, by the elder rule.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#include "graph_batch.hpp"
#include "pairs.hpp"
#include "threads.hpp"
#include "union_find.hpp"
#include "vertex_order.hpp"

namespace topolens {

// Pairs of one graph after another; buffers live as long as the object. Vertex v is cell v and edge e is cell
// vertices + e, so that among equal values vertices come first.
template <class Real>
class EdgeWeightedPairs {
    using Rank = std::int32_t;
    using Index = std::int64_t;

public:
    // An edge must not come before its ends. Of several edges between the same two vertices only the first to come
    // counts, self-loops are left out.
    void compute(const Real* vertex_values, const Real* edge_values, const GraphBatch& graphs, Index g, int max_dim,
                 Pairs& pairs) {
        first_ = graphs.vertices_begin(g);
        edges_ = graphs.edges(g);
        number_ = graphs.edge_numbers(g);
        cells_before_ = graphs.vertices_begin(graphs.graphs());
        const Index n = graphs.vertex_count(g);
        order_.sort(vertex_values + first_, n);
        sort_edges(edge_values, graphs.edge_count(g));
        merge(n);
        list_pairs(vertex_values, edge_values, n, max_dim, pairs);
    }

private:
    static constexpr Rank none = -1;
    static std::size_t as_size(Index n) { return static_cast<std::size_t>(n); }

    void sort_edges(const Real* edge_values, Index count) {
        by_value_.resize(as_size(count));
        std::iota(by_value_.begin(), by_value_.end(), Rank{0});
        std::sort(by_value_.begin(), by_value_.end(), [&](Rank a, Rank b) {
            const Real x = edge_values[number_[a]], y = edge_values[number_[b]];
            return x < y || (!(y < x) && number_[a] < number_[b]);
        });
    }

    void merge(Index n) {
        components_.reset(n);
        death_.assign(as_size(n), none);
        closing_.clear();
        for (const Rank e : by_value_) {
            const Rank a = components_.find(order_.rank(edges_[e].a)), b = components_.find(order_.rank(edges_[e].b));
            if (a == b) {
                closing_.push_back(e);
                continue;
            }
            components_.attach(std::max(a, b), std::min(a, b));
            death_[as_size(std::max(a, b))] = e;
        }
    }

    // Keeps the edges that close a cycle of at least three vertices. All edges are gone through once more, in order of
    // (first end, second end, entry), where copies stand side by side.
    void drop_repeated() {
        ends_.clear();
        for (std::size_t k = 0; k < by_value_.size(); ++k) {
            const auto [a, b] = edges_[by_value_[k]];
            ends_.push_back({std::min(a, b), std::max(a, b), static_cast<Rank>(k)});
        }
        std::sort(ends_.begin(), ends_.end());
        repeated_.assign(by_value_.size(), false);
        for (std::size_t k = 0; k < ends_.size(); ++k)
            if (ends_[k].a == ends_[k].b || (k > 0 && ends_[k].a == ends_[k - 1].a && ends_[k].b == ends_[k - 1].b))
                repeated_[as_size(by_value_[as_size(ends_[k].place)])] = true;
        std::erase_if(closing_, [this](Rank e) { return repeated_[as_size(e)]; });
    }

    void list_pairs(const Real* vertex_values, const Real* edge_values, Index n, int max_dim, Pairs& pairs) {
        pairs.reserve(as_size(n));
        for (Rank v = 0; v < n; ++v) {
            const Rank death = death_[as_size(order_.rank(v))];
            if (death == none)
                pairs.push_back({0, first_ + v, never});
            else if (vertex_values[first_ + v] < edge_values[number_[death]])
                pairs.push_back({0, first_ + v, cells_before_ + number_[death]});
        }
        if (max_dim < 1 || closing_.empty()) return;
        drop_repeated();
        std::sort(closing_.begin(), closing_.end(), [this](Rank a, Rank b) { return number_[a] < number_[b]; });
        for (const Rank e : closing_) pairs.push_back({1, cells_before_ + number_[e], never});
    }

    struct Ends {
        Rank a, b, place;
        auto operator<=>(const Ends&) const = default;
    };

    Index first_ = 0, cells_before_ = 0;
    const LocalEdge* edges_ = nullptr;
    const Index* number_ = nullptr;
    VertexOrder<Real> order_;
    UnionFind<Rank> components_{0};
    std::vector<Rank> by_value_, death_, closing_;
    std::vector<Ends> ends_;
    std::vector<bool> repeated_;
};

template <class Real>
std::vector<Pairs> edge_weighted_pairs(const Real* vertex_values, const Real* edge_values, const GraphBatch& graphs,
                                       int max_dim, int threads) {
    std::vector<Pairs> pairs(static_cast<std::size_t>(graphs.graphs()));
    parallel_chunks(graphs.graphs(), threads, [&](std::int64_t first, std::int64_t last) {
        EdgeWeightedPairs<Real> engine;
        for (std::int64_t g = first; g < last; ++g)
            engine.compute(vertex_values, edge_values, graphs, g, max_dim, pairs[static_cast<std::size_t>(g)]);
    });
    return pairs;
}

}  // namespace topolens
