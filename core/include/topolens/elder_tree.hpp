// Which cells must move for a bar of degree 0 to move: critical sets, read off the merges of components.
//
// When component r joins an older one, r hangs below it in the elder tree; what hangs below r is the component
// that r names just before it dies. With a target for the birth or the death of r, the cells to move are
//   birth later:   the vertices of that component below the target
//   birth earlier: r alone
//   death later:   what joins that component to the outside below the target
//   death earlier: what lies above the target on the way from r to the older component through the spanning tree.
// These are the nonzero rows of the matrices U and V of the reduction that "Topological optimization with big
// steps" (2024) moves, for degree 0.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

#include "edge_order.hpp"
#include "spanning_tree.hpp"
#include "union_find.hpp"

namespace topolens {

struct CriticalCell {
    std::int64_t bar;   // position in the list of bars asked for
    std::int64_t cell;
    bool of_death;
};

class ElderTree {
public:
    explicit ElderTree(std::int64_t n)
        : components_(n), elder_(static_cast<std::size_t>(n), -1), up_(static_cast<std::size_t>(n), -1),
          depth_(static_cast<std::size_t>(n), 0), neighbours_(static_cast<std::size_t>(n)) {}

    std::int64_t root(std::int64_t v) { return components_.find(v); }

    // The component named `younger` joins the one named `elder` through the edge (a, b).
    void join(std::int64_t younger, std::int64_t elder, std::int64_t a, std::int64_t b) {
        components_.attach(younger, elder);
        elder_[static_cast<std::size_t>(younger)] = elder;
        neighbours_[static_cast<std::size_t>(a)].push_back(b);
        neighbours_[static_cast<std::size_t>(b)].push_back(a);
    }

    // To be called once after the last join.
    void finish() {
        const auto n = static_cast<std::int64_t>(elder_.size());
        std::vector<std::vector<std::int64_t>> younger(elder_.size());
        std::vector<std::int64_t> stack;
        for (std::int64_t v = n; v-- > 0;) {
            const std::int64_t above = elder_[static_cast<std::size_t>(v)];
            if (above < 0)
                stack.push_back(v);
            else
                younger[static_cast<std::size_t>(above)].push_back(v);
        }
        const std::vector<std::int64_t> oldest = stack;
        start_.resize(elder_.size());
        size_.assign(elder_.size(), 1);
        while (!stack.empty()) {
            const std::int64_t v = stack.back();
            stack.pop_back();
            start_[static_cast<std::size_t>(v)] = static_cast<std::int64_t>(order_.size());
            order_.push_back(v);
            for (const std::int64_t w : younger[static_cast<std::size_t>(v)]) stack.push_back(w);
        }
        for (auto v = order_.rbegin(); v != order_.rend(); ++v)
            if (const std::int64_t above = elder(*v); above >= 0)
                size_[static_cast<std::size_t>(above)] += size_[static_cast<std::size_t>(*v)];
        for (const std::int64_t top : oldest) hang(top);
    }

    std::int64_t elder(std::int64_t v) const { return elder_[static_cast<std::size_t>(v)]; }

    // Calls visit(vertex) for the component that `r` names just before it dies.
    template <class Visit>
    void for_members(std::int64_t r, Visit&& visit) const {
        const auto start = order_.begin() + start_[static_cast<std::size_t>(r)];
        std::for_each(start, start + size_[static_cast<std::size_t>(r)], visit);
    }

    bool is_member(std::int64_t v, std::int64_t r) const {
        const std::int64_t place = start_[static_cast<std::size_t>(v)] - start_[static_cast<std::size_t>(r)];
        return place >= 0 && place < size_[static_cast<std::size_t>(r)];
    }

    // Calls visit(a, b) for the edges on the way from a to b in the spanning tree.
    template <class Visit>
    void for_path(std::int64_t a, std::int64_t b, Visit&& visit) const {
        while (a != b) {
            std::int64_t& lower = depth(a) >= depth(b) ? a : b;
            visit(lower, up_[static_cast<std::size_t>(lower)]);
            lower = up_[static_cast<std::size_t>(lower)];
        }
    }

private:
    std::int64_t depth(std::int64_t v) const { return depth_[static_cast<std::size_t>(v)]; }

    void hang(std::int64_t top) {
        std::vector<std::int64_t> stack{top};
        while (!stack.empty()) {
            const std::int64_t v = stack.back();
            stack.pop_back();
            for (const std::int64_t w : neighbours_[static_cast<std::size_t>(v)]) {
                if (w == up_[static_cast<std::size_t>(v)]) continue;
                up_[static_cast<std::size_t>(w)] = v;
                depth_[static_cast<std::size_t>(w)] = depth(v) + 1;
                stack.push_back(w);
            }
        }
    }

    UnionFind<> components_;
    std::vector<std::int64_t> elder_;               // the component joined, -1 for the oldest
    std::vector<std::int64_t> up_, depth_;          // the spanning tree, hung from the oldest
    std::vector<std::vector<std::int64_t>> neighbours_;
    std::vector<std::int64_t> order_, start_, size_;  // elder tree in preorder: a component is a range
};

template <class Scalar>
struct BarTarget {
    std::int64_t birth;      // vertex that names the bar
    Scalar to_birth, to_death;  // where the ends should go; NaN: nowhere
};

// Critical vertices in a lower-star filtration of a graph: values (n,), ends (edges, 2). Vertices of value +inf
// never enter.
template <class Scalar>
std::vector<CriticalCell> lower_star_critical(const Scalar* values, std::int64_t n, const std::int64_t* ends,
                                              std::int64_t edges, const std::vector<BarTarget<Scalar>>& bars) {
    const auto earlier = [&](std::int64_t a, std::int64_t b) {
        return values[a] != values[b] ? values[a] < values[b] : a < b;
    };
    std::vector<std::int64_t> first(static_cast<std::size_t>(n + 1), 0), around(static_cast<std::size_t>(2 * edges));
    for (std::int64_t k = 0; k < 2 * edges; ++k) ++first[static_cast<std::size_t>(ends[k] + 1)];
    std::partial_sum(first.begin(), first.end(), first.begin());
    {
        auto next = first;
        for (std::int64_t k = 0; k < 2 * edges; ++k) around[static_cast<std::size_t>(next[static_cast<std::size_t>(ends[k])]++)] = ends[k ^ 1];
    }
    const auto for_neighbours = [&](std::int64_t v, auto&& visit) {
        for (std::int64_t k = first[static_cast<std::size_t>(v)]; k < first[static_cast<std::size_t>(v + 1)]; ++k)
            visit(around[static_cast<std::size_t>(k)]);
    };
    std::vector<std::int64_t> rising(static_cast<std::size_t>(n));
    std::iota(rising.begin(), rising.end(), std::int64_t{0});
    std::sort(rising.begin(), rising.end(), earlier);

    ElderTree tree(n);
    std::vector<Scalar> death(static_cast<std::size_t>(n), std::numeric_limits<Scalar>::infinity());
    for (const std::int64_t v : rising) {
        if (values[v] == std::numeric_limits<Scalar>::infinity()) break;
        // A vertex belongs to the oldest component it touches, so that it is outside of those it ends.
        std::int64_t oldest = -1, through = -1;
        for_neighbours(v, [&](std::int64_t w) {
            if (!earlier(w, v)) return;
            if (const std::int64_t root = tree.root(w); oldest < 0 || earlier(root, oldest)) oldest = root, through = w;
        });
        if (oldest < 0) continue;
        tree.join(v, oldest, v, through);
        death[static_cast<std::size_t>(v)] = values[v];
        for_neighbours(v, [&](std::int64_t w) {
            if (!earlier(w, v)) return;
            const std::int64_t root = tree.root(w);
            if (root == oldest) return;
            tree.join(root, oldest, v, w);
            death[static_cast<std::size_t>(root)] = values[v];
        });
    }
    tree.finish();

    std::vector<CriticalCell> found;
    std::vector<std::int64_t> seen(static_cast<std::size_t>(n), -1);
    for (std::size_t k = 0; k < bars.size(); ++k) {
        const BarTarget<Scalar>& bar = bars[k];
        const auto add = [&](std::int64_t v, bool of_death) { found.push_back({static_cast<std::int64_t>(k), v, of_death}); };
        const Scalar dies = death[static_cast<std::size_t>(bar.birth)];
        if (bar.to_birth <= values[bar.birth])
            add(bar.birth, false);
        else if (bar.to_birth > values[bar.birth])
            tree.for_members(bar.birth, [&](std::int64_t v) {
                if (values[v] < bar.to_birth) add(v, false);
            });
        if (bar.to_death >= dies) {
            tree.for_members(bar.birth, [&](std::int64_t v) {
                for_neighbours(v, [&](std::int64_t w) {
                    const bool joins = values[w] >= dies && (values[w] < bar.to_death || values[w] == dies);
                    if (!joins || tree.is_member(w, bar.birth) || seen[static_cast<std::size_t>(w)] == static_cast<std::int64_t>(k)) return;
                    seen[static_cast<std::size_t>(w)] = static_cast<std::int64_t>(k);
                    add(w, true);
                });
            });
        } else if (bar.to_death < dies && tree.elder(bar.birth) >= 0) {
            tree.for_path(bar.birth, tree.elder(bar.birth), [&](std::int64_t a, std::int64_t b) {
                for (const std::int64_t v : {a, b}) {
                    if (!(values[v] > bar.to_death) || seen[static_cast<std::size_t>(v)] == static_cast<std::int64_t>(k)) continue;
                    seen[static_cast<std::size_t>(v)] = static_cast<std::int64_t>(k);
                    add(v, true);
                }
            });
        }
    }
    return found;
}

// Critical edges (as cells) in a Rips filtration whose vertices all enter at 0; only deaths move.
template <class Scalar>
std::vector<CriticalCell> rips_critical(const Scalar* edge_values, std::int64_t n, const std::vector<BarTarget<Scalar>>& bars) {
    const auto length = [&](std::int64_t a, std::int64_t b) { return edge_values[edge_number(std::max(a, b), std::min(a, b))]; };
    const auto cell = [&](std::int64_t a, std::int64_t b) { return n + edge_number(std::max(a, b), std::min(a, b)); };
    ElderTree tree(n);
    std::vector<Scalar> death(static_cast<std::size_t>(n), std::numeric_limits<Scalar>::infinity());
    for (const auto& edge : spanning_tree_of_triangle(edge_values, n)) {
        const std::int64_t a = tree.root(edge.i), b = tree.root(edge.j);
        tree.join(std::max(a, b), std::min(a, b), edge.i, edge.j);
        death[static_cast<std::size_t>(std::max(a, b))] = length(edge.i, edge.j);
    }
    tree.finish();

    std::vector<CriticalCell> found;
    for (std::size_t k = 0; k < bars.size(); ++k) {
        const BarTarget<Scalar>& bar = bars[k];
        const auto add = [&](std::int64_t a, std::int64_t b) { found.push_back({static_cast<std::int64_t>(k), cell(a, b), true}); };
        const Scalar dies = death[static_cast<std::size_t>(bar.birth)];
        if (bar.to_death >= dies)
            tree.for_members(bar.birth, [&](std::int64_t v) {
                for (std::int64_t w = 0; w < n; ++w)
                    if (!tree.is_member(w, bar.birth) && (length(v, w) < bar.to_death || length(v, w) == dies)) add(v, w);
            });
        else if (bar.to_death < dies && tree.elder(bar.birth) >= 0)
            tree.for_path(bar.birth, tree.elder(bar.birth), [&](std::int64_t a, std::int64_t b) {
                if (length(a, b) > bar.to_death) add(a, b);
            });
    }
    return found;
}

}  // namespace topolens
