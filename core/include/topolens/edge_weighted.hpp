// Persistence pairs of graphs with values on vertices and edges, by the elder rule.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <vector>

#include "counting_sort.hpp"
#include "graph_batch.hpp"
#include "order_key.hpp"
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
        entries_.resize(as_size(count));
        for (Rank e = 0; e < count; ++e) entries_[as_size(e)] = {order_key(edge_values[number_[e]]), e};
        std::sort(entries_.begin(), entries_.end());
    }

    void merge(Index n) {
        components_.reset(n);
        death_.assign(as_size(n), none);
        closing_.clear();
        for (const auto& [key, e] : entries_) {
            const Rank a = components_.find(order_.rank(edges_[e].a)), b = components_.find(order_.rank(edges_[e].b));
            if (a == b) {
                closing_.push_back(e);
                continue;
            }
            components_.attach(std::max(a, b), std::min(a, b));
            death_[as_size(std::max(a, b))] = e;
        }
    }

    // Keeps the edges that close a cycle of at least three vertices: self-loops go, and each edge that comes after one
    // with the same ends. Edges are listed by their smaller end in order of entry.
    void drop_repeated(Index n) {
        ends_.clear();
        for (const auto& [key, e] : entries_) {
            const auto [a, b] = edges_[e];
            ends_.push_back({std::min(a, b), std::max(a, b), e});
        }
        sort_ends_(ends_, n, [](const Ends& ends) { return ends.a; });
        last_.assign(as_size(n), none);
        repeated_.assign(entries_.size(), 0);
        for (const auto& [a, b, e] : ends_) {
            repeated_[as_size(e)] = a == b || last_[as_size(b)] == a;
            last_[as_size(b)] = a;
        }
        std::erase_if(closing_, [this](Rank e) { return repeated_[as_size(e)] != 0; });
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
        drop_repeated(n);
        std::sort(closing_.begin(), closing_.end());
        for (const Rank e : closing_) pairs.push_back({1, cells_before_ + number_[e], never});
    }

    struct Entry {
        OrderKey<Real> key;
        Rank edge;
        auto operator<=>(const Entry&) const = default;
    };

    struct Ends {
        Rank a, b, edge;
    };

    Index first_ = 0, cells_before_ = 0;
    const LocalEdge* edges_ = nullptr;
    const Index* number_ = nullptr;
    VertexOrder<Real> order_;
    UnionFind<Rank> components_{0};
    std::vector<Entry> entries_;  // edges in order of (value, number)
    std::vector<Rank> death_, closing_;
    std::vector<Ends> ends_;
    CountingSort<Ends> sort_ends_;
    std::vector<Rank> last_;             // per vertex: the smaller end of the last edge to it
    std::vector<std::uint8_t> repeated_;  // per edge
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
