// Bars of degrees 1 and 2 from the lunes of the edges, without going through all triangles and tetrahedra.
//
// An edge with all that enters with it glues in a suspension of its lune: degree k of the lune meets degrees
// k + 1 and k + 2 of the complex. A further component of a lune closes a loop or, if the loop it tells of is
// a boundary already, opens a void; a loop of a lune tells of a sphere, its suspension, and so may close a void.
// To write that sphere in further components, its triangles are taken by falling longest edge. Triangles over one
// edge, a sum of vertices of its lune, move along a tree of the lune to one vertex per component, leaving shorter
// triangles behind. What then stands on a further component is a multiple of its relation, which is taken off;
// the loop of that relation stays owed, is pushed down over detours, and the triangles of these join the rest.
// A sphere is known by the components that open voids.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "edge_order.hpp"
#include "flag_graph.hpp"
#include "loop_classes.hpp"
#include "lune_loops.hpp"
#include "prime_field.hpp"
#include "rips_loops.hpp"
#include "rips_lunes.hpp"

namespace topolens {

namespace detail {

// Writes the suspension of a loop of a lune in further components of lunes.
class SphereWriter {
public:
    SphereWriter(const FlagGraph& graph, const Lunes& lunes, PrimeField field)
        : graph_(graph), field_(field), first_split_(static_cast<std::size_t>(graph.edge_count()), -1),
          empty_(first_split_.size()), place_(static_cast<std::size_t>(graph.size()), -1) {
        for (std::size_t s = lunes.split.size(); s-- > 0;)
            first_split_[static_cast<std::size_t>(lunes.split[s].edge)] = static_cast<std::int32_t>(s);
        for (const Rank rank : lunes.empty) empty_[static_cast<std::size_t>(rank)] = true;
    }

    // Calls term(number of the split lune, coefficient) for each part.
    template <class Term>
    void write(const LuneLoop& loop, Term&& term) {
        const Ends edge = graph_.ends(loop.edge);
        for (std::size_t k = 0; k < loop.vertices.size(); ++k) {
            const Vertex u = loop.vertices[k], v = loop.vertices[(k + 1) % loop.vertices.size()];
            add_triangle(edge.i, u, v, 1);
            add_triangle(u, edge.j, v, 1);
        }
        while (!parts_.empty()) settle(parts_.front().rank, term);
    }

private:
    // A triangle by its longest edge, taken from its smaller to its larger vertex, and the third vertex, or an
    // edge that is owed (vertex -1).
    struct Part {
        Rank rank;
        Vertex vertex;
        Coefficient coefficient;
    };
    static bool shorter(const Part& a, const Part& b) { return a.rank < b.rank; }

    void push(Part part) {
        parts_.push_back(part);
        std::push_heap(parts_.begin(), parts_.end(), shorter);
    }
    Part pop() {
        std::pop_heap(parts_.begin(), parts_.end(), shorter);
        const Part top = parts_.back();
        parts_.pop_back();
        return top;
    }

    void add_triangle(Vertex a, Vertex b, Vertex c, Coefficient coefficient) {
        Rank longest = graph_.rank(a, b);
        const Rank second = graph_.rank(b, c), third = graph_.rank(c, a);
        Vertex from = a, to = b, apex = c;
        if (second > longest) {
            longest = second;
            from = b, to = c, apex = a;
        }
        if (third > longest) {
            longest = third;
            from = c, to = a, apex = b;
        }
        push({longest, apex, from < to ? coefficient : field_.negate(coefficient)});
    }

    void owe(Vertex from, Vertex to, Coefficient coefficient) {
        const Rank rank = graph_.rank(from, to);
        if (!empty_[static_cast<std::size_t>(rank)])
            push({rank, -1, from < to ? coefficient : field_.negate(coefficient)});
    }

    // Clears all parts at the longest edge.
    template <class Term>
    void settle(Rank rank, Term&& term) {
        const Ends edge = graph_.ends(rank);
        here_.clear();
        Coefficient owed = 0;
        while (!parts_.empty() && parts_.front().rank == rank) {
            const Part part = pop();
            if (part.vertex < 0)
                owed = field_.add(owed, part.coefficient);
            else
                here_.push_back(part);
        }
        if (owed != 0) {
            const Vertex over = graph_.detour(rank);
            here_.push_back({rank, over, owed});
            owe(edge.j, over, owed);
            owe(over, edge.i, owed);
        }
        if (merge_here()) move_to_roots(rank, edge, term);
    }

    // Sums equal vertices; false if nothing is left.
    bool merge_here() {
        std::sort(here_.begin(), here_.end(), [](const Part& a, const Part& b) { return a.vertex < b.vertex; });
        auto kept = here_.begin();
        for (auto next = here_.begin(); next != here_.end();) {
            Part sum = *next++;
            for (; next != here_.end() && next->vertex == sum.vertex; ++next)
                sum.coefficient = field_.add(sum.coefficient, next->coefficient);
            if (sum.coefficient != 0) *kept++ = sum;
        }
        here_.erase(kept, here_.end());
        return !here_.empty();
    }

    template <class Term>
    void move_to_roots(Rank rank, Ends edge, Term&& term) {
        grow_trees(rank, edge);
        for (const Part& part : here_) {
            auto& value = value_[static_cast<std::size_t>(place_[static_cast<std::size_t>(part.vertex)])];
            value = field_.add(value, part.coefficient);
        }
        for (std::size_t p = tree_.size(); p-- > 0;) {
            const Coefficient value = value_[p];
            const Vertex u = tree_[p].vertex;
            place_[static_cast<std::size_t>(u)] = -1;
            if (value == 0) continue;
            if (tree_[p].parent >= 0) {
                const auto parent = static_cast<std::size_t>(tree_[p].parent);
                const Vertex w = tree_[parent].vertex;
                value_[parent] = field_.add(value_[parent], value);
                add_triangle(edge.i, u, w, value);
                add_triangle(u, edge.j, w, value);
            } else if (tree_[p].component > 0) {
                const Vertex first = tree_[0].vertex;
                term(first_split_[static_cast<std::size_t>(rank)] + tree_[p].component - 1, value);
                owe(edge.i, u, value);
                owe(u, edge.j, value);
                owe(edge.j, first, value);
                owe(first, edge.i, value);
            }
        }
    }

    // Trees of the lune from the least vertex of each component, as find_lunes orders them.
    void grow_trees(Rank rank, Ends edge) {
        left_.clear();
        for (Vertex k = 0; k < graph_.size(); ++k)
            if (graph_.rank(edge.i, k) < rank && graph_.rank(edge.j, k) < rank) left_.push_back(k);
        tree_.clear();
        const auto take = [&](Vertex v, std::int32_t parent, std::int32_t component) {
            place_[static_cast<std::size_t>(v)] = static_cast<std::int32_t>(tree_.size());
            tree_.push_back({v, parent, component});
        };
        for (std::int32_t component = 0; !left_.empty(); ++component) {
            std::size_t head = tree_.size();
            take(left_.front(), -1, component);
            left_.erase(left_.begin());
            for (; head < tree_.size() && !left_.empty(); ++head)
                std::erase_if(left_, [&](Vertex v) {
                    if (graph_.rank(tree_[head].vertex, v) >= rank) return false;
                    take(v, static_cast<std::int32_t>(head), component);
                    return true;
                });
        }
        value_.assign(tree_.size(), 0);
    }

    struct Node {
        Vertex vertex;
        std::int32_t parent, component;
    };

    const FlagGraph& graph_;
    PrimeField field_;
    std::vector<std::int32_t> first_split_;  // by edge: number of its first split lune
    std::vector<bool> empty_;
    std::vector<Part> parts_, here_;
    std::vector<Vertex> left_;
    std::vector<Node> tree_;
    std::vector<std::int32_t> place_;  // of a vertex in tree_
    std::vector<Coefficient> value_;
};

template <class Classes>
std::pair<std::vector<LoopBar>, std::vector<LoopBar>> loops_and_voids(const FlagGraph& graph,
                                                                      const std::vector<Edge>& edges,
                                                                      const std::vector<Rank>& forest,
                                                                      PrimeField field, int threads) {
    const Lunes lunes = find_lunes(graph.size(), edges, threads);
    std::vector<Rank> openers;
    std::set_difference(lunes.empty.begin(), lunes.empty.end(), forest.begin(), forest.end(),
                        std::back_inserter(openers));
    const auto classes = [&](std::size_t count) {
        return make_classes<Classes>(static_cast<std::int64_t>(count), field);
    };
    LoopWriter loop_writer(graph, openers, lunes.empty, field);
    std::vector<Rank> void_openers;
    std::vector<Opener> opener_of(lunes.split.size(), -1);
    auto loops = class_bars(
        classes(openers.size()), openers, lunes.split,
        [&](const SplitLune& relation, auto& loop) {
            loop_writer.write(relation, [&](Opener opener, Coefficient a) { add_term(loop, opener, a); });
        },
        [&](std::size_t split) {
            opener_of[split] = static_cast<Opener>(void_openers.size());
            void_openers.push_back(lunes.split[split].edge);
        });
    const auto spheres = find_lune_loops<Classes>(graph.size(), edges, field, threads);
    SphereWriter sphere_writer(graph, lunes, field);
    auto voids = class_bars(
        classes(void_openers.size()), void_openers, spheres,
        [&](const LuneLoop& sphere, auto& loop) {
            sphere_writer.write(sphere, [&](std::int64_t split, Coefficient a) {
                const Opener opener = opener_of[static_cast<std::size_t>(split)];
                if (opener >= 0) add_term(loop, opener, a);
            });
        },
        [](std::size_t) {});
    return {std::move(loops), std::move(voids)};
}

}  // namespace detail

// Bars of degree 1 and of degree 2. `forest` holds the ranks of the edges that join components, rising.
inline std::pair<std::vector<LoopBar>, std::vector<LoopBar>> rips_loops_and_voids(const FlagGraph& graph,
                                                                                  const std::vector<Edge>& edges,
                                                                                  const std::vector<Rank>& forest,
                                                                                  PrimeField field, int threads) {
    return field.prime() == 2 ? detail::loops_and_voids<LoopClassesModTwo>(graph, edges, forest, field, threads)
                              : detail::loops_and_voids<LoopClasses>(graph, edges, forest, field, threads);
}

}  // namespace topolens
