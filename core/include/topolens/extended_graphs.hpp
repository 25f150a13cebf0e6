// Extended persistence pairs of graphs filtered by vertex values, in one descending pass.
//
// Vertices enter from the last rank to the first, each with its edges to those already there, and two structures
// grow. Union-find over superlevel sets, each named by its last vertex, gives Rel1 and Ext0. The merge tree of
// sublevel sets *of the part that is there* gives the rest: branch x, named by its first vertex, joins an elder
// branch at some level. An edge from the new vertex u to w lets u's branch in at level w: what hung further up the
// way from w now hangs below u, one junction lower each, and if the way had reached u already, the topmost junction
// is freed. That junction is the last edge of a new cycle whose first vertex is u: an Ext1 bar. Once all vertices
// are there, the tree holds Ord0.
//
// In terms of matrices: the junctions together with the cycles' bars are the edges outside of the minimum spanning
// forest, and these are the pivots of the cycle space of a superlevel set; a cycle that enters at u pairs with
// the pivot that appears at u.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "counting_sort.hpp"
#include "graph_batch.hpp"
#include "pairs.hpp"
#include "ranked_edges.hpp"
#include "threads.hpp"
#include "union_find.hpp"
#include "vertex_order.hpp"

namespace topolens {

// Birth and death cells are vertices: an edge stands for its later end going up and for its earlier end going down.
struct ExtendedPairs {
    Pairs ord0, rel1, ext0, ext1;
};

// Pairs of one graph after another; buffers live as long as the object.
template <class Real>
class ExtendedGraphPairs {
    using Rank = std::int32_t;

    // A branch of the merge tree: from level `top` on it is part of the branch `into`.
    struct Branch {
        Rank top;
        Rank into;
    };

    struct Cycle {
        Rank high;
        Rank low;
    };

public:
    // Each list comes in order of (birth, death). Bars of no length are left out of ord0 and rel1 only: ext0 has one
    // bar per component and ext1 one per independent cycle.
    void compute(const Real* values, const GraphBatch& graphs, std::int64_t g, ExtendedPairs& pairs) {
        first_ = graphs.vertices_begin(g);
        count_ = static_cast<Rank>(graphs.vertex_count(g));
        order_.sort(values + first_, count_);
        edges_.list_by_earlier_end(order_, count_, graphs.edges(g), graphs.edge_count(g));
        branches_.assign(as_size(count_), {count_, none});
        components_.reset(count_);
        falls_.assign(as_size(count_), none);
        cycles_.clear();
        for (Rank u = count_ - 1; u >= 0; --u)
            for (const Rank w : edges_.of(u)) {
                merge_superlevel(u, w);
                merge_sublevel(u, w);
            }
        list_pairs(pairs);
    }

private:
    static constexpr Rank none = -1;
    static std::size_t as_size(std::int64_t n) { return static_cast<std::size_t>(n); }
    Branch& branch(Rank x) { return branches_[as_size(x)]; }

    void merge_superlevel(Rank u, Rank w) {
        const Rank a = components_.find(u), b = components_.find(w);
        if (a == b) return;
        components_.attach(std::min(a, b), std::max(a, b));
        falls_[as_size(std::min(a, b))] = u;
    }

    // The branch that x is part of at a level; a branch that has joined its own goal's goal is sent on directly.
    Rank branch_at(Rank x, Rank level) {
        while (branch(x).top <= level) {
            Branch& here = branch(x);
            const Branch& goal = branch(here.into);
            if (goal.top <= here.top) here.into = goal.into;
            x = here.into;
        }
        return x;
    }

    void merge_sublevel(Rank u, Rank w) {
        for (Branch next{w, w}; next.top < count_;) {
            const Rank level = next.top, x = branch_at(next.into, level);
            if (x == u) {
                cycles_.push_back({level, u});
                return;
            }
            next = branch(x);
            branch(x) = {level, u};
        }
    }

    std::int64_t cell(Rank rank) const { return first_ + order_.vertex(rank); }
    bool equal(Rank a, Rank b) const { return order_.equal(order_.vertex(a), order_.vertex(b)); }

    void list_pairs(ExtendedPairs& pairs) {
        for (Rank v = 0; v < count_; ++v) {
            const Rank r = order_.rank(v);
            const Rank top = branch(r).top;
            if (top < count_ && !equal(r, top)) pairs.ord0.push_back({0, cell(r), cell(top)});
            if (const Rank low = falls_[as_size(r)]; low != none && !equal(r, low))
                pairs.rel1.push_back({1, cell(r), cell(low)});
            if (top == count_) pairs.ext0.push_back({0, cell(r), cell(components_.find(r))});
        }
        sort_cycles_(cycles_, count_, [this](const Cycle& c) { return order_.vertex(c.low); });
        sort_cycles_(cycles_, count_, [this](const Cycle& c) { return order_.vertex(c.high); });
        pairs.ext1.reserve(cycles_.size());
        for (const auto& [high, low] : cycles_) pairs.ext1.push_back({1, cell(high), cell(low)});
    }

    std::int64_t first_ = 0;
    Rank count_ = 0;
    VertexOrder<Real> order_;
    RankedEdges edges_;
    std::vector<Branch> branches_;
    UnionFind<Rank> components_{0};
    std::vector<Rank> falls_;  // per rank: where the superlevel set named by it joins another
    std::vector<Cycle> cycles_;
    CountingSort<Cycle> sort_cycles_;
};

// Direction and repetition of edges do not matter, self-loops are left out.
template <class Real>
std::vector<ExtendedPairs> extended_graph_pairs(const Real* values, const GraphBatch& graphs, int threads) {
    std::vector<ExtendedPairs> pairs(static_cast<std::size_t>(graphs.graphs()));
    parallel_chunks(graphs.graphs(), threads, [&](std::int64_t first, std::int64_t last) {
        ExtendedGraphPairs<Real> engine;
        for (std::int64_t g = first; g < last; ++g)
            engine.compute(values, graphs, g, pairs[static_cast<std::size_t>(g)]);
    });
    return pairs;
}

}  // namespace topolens
