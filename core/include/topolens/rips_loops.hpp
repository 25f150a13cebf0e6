// Bars of degree 1 from the lunes of the edges, without going through all triangles.
//
// Loops are opened by edges with an empty lune outside the spanning forest, and two components of a lune
// give one relation each: the loop i, first, j, other bounds once edge (i, j) is there. A longer edge of such a
// loop is homologous to the two edges over a vertex of its own lune, so every relation can be written in edges
// with an empty lune; of these only the ones outside the forest count, because a loop is known by them.
// What is left is to keep count of the classes of open loops.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

#include "edge_order.hpp"
#include "flag_graph.hpp"
#include "loop_classes.hpp"
#include "prime_field.hpp"
#include "rips_lunes.hpp"

namespace topolens {

struct LoopBar {
    Rank birth, death;  // death `absent`: never
};

namespace detail {

// Writes relations in openers.
template <class Graph>
class LoopWriter {
public:
    LoopWriter(const Graph& graph, const std::vector<Rank>& openers, const std::vector<Rank>& empty, PrimeField field)
        : graph_(graph), field_(field), role_(static_cast<std::size_t>(graph.edge_count()), replaceable) {
        for (const Rank rank : empty) role_[static_cast<std::size_t>(rank)] = in_forest;
        for (std::size_t r = 0; r < openers.size(); ++r)
            role_[static_cast<std::size_t>(openers[r])] = static_cast<Opener>(r);
    }

    // Calls term(opener, coefficient) for each part of the relation's loop, an opener possibly several times.
    template <class Term>
    void write(const SplitLune& relation, Term&& term) {
        const Ends edge = graph_.ends(relation.edge);
        walk(edge.i, relation.first, 1, term);
        walk(relation.first, edge.j, 1, term);
        walk(edge.j, relation.other, 1, term);
        walk(relation.other, edge.i, 1, term);
        while (!steps_.empty()) {  // longest edges first, so that each is replaced once
            Step longest = pop();
            while (!steps_.empty() && steps_.front().rank == longest.rank)
                longest.coefficient = field_.add(longest.coefficient, pop().coefficient);
            if (longest.coefficient == 0) continue;
            const Ends replaced = graph_.ends(longest.rank);
            const Vertex over = detour(longest.rank);
            walk(replaced.j, over, longest.coefficient, term);
            walk(over, replaced.i, longest.coefficient, term);
        }
    }

private:
    // The role of an edge is the number of its opener, or in_forest, or that it is to be replaced. Once the
    // vertex of its detour is known, that is taken from replaceable.
    static constexpr std::int32_t in_forest = -1, replaceable = -2;

    struct Step {
        Rank rank;
        Coefficient coefficient;  // for the edge taken from its smaller to its larger vertex
    };
    static bool shorter(const Step& a, const Step& b) { return a.rank < b.rank; }

    template <class Term>
    void walk(Vertex from, Vertex to, Coefficient coefficient, Term&& term) {
        const Rank rank = graph_.rank(from, to);
        const std::int32_t role = role_[static_cast<std::size_t>(rank)];
        if (role == in_forest) return;
        if (from > to) coefficient = field_.negate(coefficient);
        if (role >= 0) {
            term(Opener{role}, coefficient);
        } else {
            steps_.push_back({rank, coefficient});
            std::push_heap(steps_.begin(), steps_.end(), shorter);
        }
    }

    Step pop() {
        std::pop_heap(steps_.begin(), steps_.end(), shorter);
        const Step top = steps_.back();
        steps_.pop_back();
        return top;
    }

    Vertex detour(Rank rank) {
        std::int32_t& role = role_[static_cast<std::size_t>(rank)];
        if (role == replaceable) role -= 1 + graph_.detour(rank);
        return replaceable - 1 - role;
    }

    const Graph& graph_;
    PrimeField field_;
    std::vector<std::int32_t> role_;
    std::vector<Step> steps_;
};

// `write(relation, loop)` fills in the loop of a relation. One that follows from earlier ones, so that nothing
// closes, is told to free(number of the relation).
template <class Classes, class Relation, class Write, class Free>
std::vector<LoopBar> class_bars(Classes classes, const std::vector<Rank>& openers,
                                const std::vector<Relation>& relations, Write&& write, Free&& free) {
    std::vector<LoopBar> found;
    typename Classes::Loop loop;
    auto next = openers.begin();
    for (std::size_t r = 0; r < relations.size(); ++r) {
        for (; next != openers.end() && *next < relations[r].edge; ++next) classes.open();
        loop.clear();
        if (classes.alive() > 0) write(relations[r], loop);
        const Opener closed = classes.alive() > 0 ? classes.close(loop) : -1;
        if (closed >= 0)
            found.push_back({openers[static_cast<std::size_t>(closed)], relations[r].edge});
        else
            free(r);
    }
    for (; next != openers.end(); ++next) classes.open();
    for (const Opener opener : classes.openers()) found.push_back({openers[static_cast<std::size_t>(opener)], absent});
    return found;
}

}  // namespace detail

// `forest` holds the ranks of the edges that join components, rising.
template <class Graph>
std::vector<LoopBar> rips_loops(const Graph& graph, const Lunes& lunes, const std::vector<Rank>& forest,
                                PrimeField field) {
    std::vector<Rank> openers;
    std::set_difference(lunes.empty.begin(), lunes.empty.end(), forest.begin(), forest.end(),
                        std::back_inserter(openers));
    detail::LoopWriter writer(graph, openers, lunes.empty, field);
    const auto bars = [&](auto classes) {
        return detail::class_bars(
            std::move(classes), openers, lunes.split,
            [&](const SplitLune& relation, auto& loop) {
                writer.write(relation, [&](Opener opener, Coefficient a) { add_term(loop, opener, a); });
            },
            [](std::size_t) {});
    };
    const auto count = static_cast<std::int64_t>(openers.size());
    const bool as_bits = field.prime() == 2 && count <= Graph::most_bit_classes;
    return as_bits ? bars(LoopClassesModTwo{}) : bars(LoopClasses(count, field));
}

}  // namespace topolens
