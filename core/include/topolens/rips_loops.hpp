// Bars of degree 1 from the lunes of the edges, without going through all triangles.
//
// Loops are opened by edges with an empty lune outside the spanning forest, and two components of a lune
// give one relation each: the loop i, first, j, other bounds once edge (i, j) is there. A longer edge of such a
// loop is homologous to the two edges over a vertex of its own lune, so every relation can be written in edges
// with an empty lune; of these only the ones outside the forest count, because a loop is known by them.
// What is left is the reduction of a small matrix: rows open, columns (in their order) close.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <vector>

#include "edge_order.hpp"
#include "prime_field.hpp"
#include "rips_lunes.hpp"
#include "simd.hpp"

namespace topolens {

struct LoopBar {
    Rank birth, death;  // death `absent`: never
};

namespace detail {

// For the edge (a, b): the least rank that the longer of the edges to a third vertex has.
TOPOLENS_VECTORISED inline Rank shortest_detour(const Rank* a, const Rank* b, std::int64_t n) {
    Rank least = absent;
    for (std::int64_t k = 0; k < n; ++k) least = std::min(least, std::max(a[k], b[k]));
    return least;
}

class LoopReduction {
public:
    LoopReduction(const RankMatrix& ranks, const std::vector<Edge>& edges, const std::vector<Rank>& openers,
                  const std::vector<Rank>& empty, PrimeField field)
        : ranks_(ranks), edges_(edges), openers_(openers), field_(field), row_(edges.size(), replaceable),
          detour_(edges.size(), -1), closed_(openers.size()), columns_(openers.size()), work_(openers.size()) {
        for (const Rank rank : empty) row_[static_cast<std::size_t>(rank)] = in_forest;
        for (std::size_t r = 0; r < openers.size(); ++r) row_[static_cast<std::size_t>(openers[r])] = static_cast<std::int32_t>(r);
    }

    std::vector<LoopBar> bars(const std::vector<SplitLune>& relations) {
        std::vector<LoopBar> found;
        std::size_t opened = 0;
        for (const SplitLune& relation : relations) {
            while (opened < openers_.size() && openers_[opened] < relation.edge) ++opened;
            if (opened == found.size()) continue;  // no loop is open
            write_relation(relation);
            const std::int64_t row = reduce(static_cast<std::int64_t>(opened) - 1);
            if (row >= 0) found.push_back({openers_[static_cast<std::size_t>(row)], relation.edge});
        }
        for (std::size_t r = 0; r < openers_.size(); ++r)
            if (!closed_[r]) found.push_back({openers_[r], absent});
        return found;
    }

private:
    static constexpr std::int32_t replaceable = -2, in_forest = -1;

    struct Entry {
        std::int32_t row;
        Coefficient coefficient;
    };
    struct Step {
        Rank rank;
        Coefficient coefficient;  // for the edge taken from its smaller to its larger vertex
    };
    static bool shorter(const Step& a, const Step& b) { return a.rank < b.rank; }

    // The loop of a relation as coefficients in work_; longest edges are replaced first, so each once.
    void write_relation(const SplitLune& relation) {
        const Edge edge = edges_[static_cast<std::size_t>(relation.edge)];
        walk(edge.i, relation.first, 1);
        walk(relation.first, edge.j, 1);
        walk(edge.j, relation.other, 1);
        walk(relation.other, edge.i, 1);
        while (!steps_.empty()) {
            Step longest = pop();
            while (!steps_.empty() && steps_.front().rank == longest.rank)
                longest.coefficient = field_.add(longest.coefficient, pop().coefficient);
            if (longest.coefficient == 0) continue;
            const Edge replaced = edges_[static_cast<std::size_t>(longest.rank)];
            const Vertex over = detour(longest.rank);
            walk(replaced.j, over, longest.coefficient);
            walk(over, replaced.i, longest.coefficient);
        }
    }

    void walk(Vertex from, Vertex to, Coefficient coefficient) {
        const Rank rank = ranks_.row(from)[to];
        const std::int32_t row = row_[static_cast<std::size_t>(rank)];
        if (row == in_forest) return;
        if (from > to) coefficient = field_.negate(coefficient);
        if (row >= 0) {
            auto& entry = work_[static_cast<std::size_t>(row)];
            entry = field_.add(entry, coefficient);
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

    // The vertex of the lune whose two edges are shortest; ranks are distinct, so the rank names it.
    Vertex detour(Rank rank) {
        Vertex& known = detour_[static_cast<std::size_t>(rank)];
        if (known < 0) {
            const Edge edge = edges_[static_cast<std::size_t>(rank)];
            const Rank least = shortest_detour(ranks_.row(edge.i), ranks_.row(edge.j), ranks_.size());
            const Edge longer = edges_[static_cast<std::size_t>(least)];
            known = longer.i == edge.i || longer.i == edge.j ? longer.j : longer.i;
        }
        return known;
    }

    // Reduces work_ by the columns kept so far; keeps what is left and returns its last row, or -1 if nothing is.
    std::int64_t reduce(std::int64_t last) {
        for (std::int64_t r = last; r >= 0; --r) {
            const Coefficient coefficient = work_[static_cast<std::size_t>(r)];
            if (coefficient == 0) continue;
            if (!closed_[static_cast<std::size_t>(r)]) {
                keep(r);
                return r;
            }
            const Coefficient factor = field_.negate(coefficient);
            for (const Entry& entry : columns_[static_cast<std::size_t>(r)]) {
                auto& target = work_[static_cast<std::size_t>(entry.row)];
                target = field_.add(target, field_.multiply(entry.coefficient, factor));
            }
        }
        return -1;
    }

    // Moves work_ into the column of `last`, scaled to 1 there.
    void keep(std::int64_t last) {
        const Coefficient scale = field_.inverse(work_[static_cast<std::size_t>(last)]);
        auto& column = columns_[static_cast<std::size_t>(last)];
        for (std::int64_t r = 0; r <= last; ++r) {
            auto& entry = work_[static_cast<std::size_t>(r)];
            if (entry == 0) continue;
            column.push_back({static_cast<std::int32_t>(r), field_.multiply(entry, scale)});
            entry = 0;
        }
        closed_[static_cast<std::size_t>(last)] = true;
    }

    const RankMatrix& ranks_;
    const std::vector<Edge>& edges_;
    const std::vector<Rank>& openers_;
    PrimeField field_;
    std::vector<std::int32_t> row_;  // of each edge: number of its opener, or why it has none
    std::vector<Vertex> detour_;  // of each edge, found when first needed
    std::vector<bool> closed_;
    std::vector<std::vector<Entry>> columns_;  // by last row
    std::vector<Coefficient> work_;
    std::vector<Step> steps_;
};

}  // namespace detail

// `forest` holds the ranks of the edges that join components, rising.
inline std::vector<LoopBar> rips_loops(const RankMatrix& ranks, const std::vector<Edge>& edges,
                                       const std::vector<Rank>& forest, PrimeField field, int threads) {
    const Lunes lunes = find_lunes(ranks.size(), edges, threads);
    std::vector<Rank> openers;
    std::set_difference(lunes.empty.begin(), lunes.empty.end(), forest.begin(), forest.end(), std::back_inserter(openers));
    return detail::LoopReduction(ranks, edges, openers, lunes.empty, field).bars(lunes.split);
}

}  // namespace topolens
