// Persistent cohomology of a flag complex in degrees >= 1, with implicit coboundaries.
//
// Simplices are ordered by (diameter rank, falling number). Columns are reduced latest first; a column's
// pivot is its earliest cofacet. Three things keep the work small: clearing (a simplex that kills needs no
// column), apparent pairs (found by looking at one simplex, never stored) and emergent pairs (the first
// cofacet of equal diameter settles a column before it is built). Ranks have no ties, so a simplex has one
// longest edge, and a cofacet has the diameter of its facet exactly when the new vertex is nearer to all.
#pragma once

#include <algorithm>
#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include "edge_order.hpp"
#include "flag_graph.hpp"
#include "prime_field.hpp"
#include "rips_column.hpp"
#include "simplex_index.hpp"

namespace topolens {

// A class of positive length in ranks, with a cocycle that represents it just below its death.
struct CohomologyBar {
    Rank birth, death;  // death `absent`: never
    std::vector<Simplex> cocycle;
};

template <class Graph>
class RipsCohomology {
public:
    // `forest` holds the ranks of the edges that end bars of degree 0.
    RipsCohomology(Graph& graph, const SimplexIndex& index, PrimeField field, const std::vector<Rank>& forest)
        : graph_(graph), index_(index), field_(field), column_(graph.edge_count()) {
        for (const Rank rank : forest) {
            const Ends edge = graph.ends(rank);
            pivots_.emplace(edge_number(edge.i, edge.j), Pivot{});
        }
    }

    // Bars of the next degree, starting with 1. Cocycles are filled in only when asked for.
    std::vector<CohomologyBar> next_degree(bool with_cocycles = false) {
        ++dim_;
        resize_scratch();
        columns_ = unsettled_simplices();
        std::sort(columns_.begin(), columns_.end(), later);
        pivots_.clear();
        chain_.clear();
        chain_start_.assign(1, 0);
        std::vector<CohomologyBar> bars;
        for (std::size_t column = 0; column < columns_.size(); ++column) {
            const Rank death = reduce(column);
            chain_start_.push_back(chain_.size());
            if (death == columns_[column].diameter) continue;
            bars.push_back({columns_[column].diameter, death, {}});
            if (!with_cocycles) continue;
            bars.back().cocycle.assign(chain_.begin() + static_cast<std::ptrdiff_t>(chain_start_[column]), chain_.end());
            bars.back().cocycle.push_back(columns_[column]);
        }
        return bars;
    }

private:
    struct Pivot {
        std::size_t column = 0;
        Coefficient inverse = 1;
    };

    void resize_scratch() {
        const auto size = static_cast<std::size_t>(dim_ + 1);
        facet_.resize(size);
        cofacet_.resize(size + 1);
    }

    // --- which simplices need a column -----------------------------------------------------------------

    std::vector<Simplex> unsettled_simplices() {
        std::vector<Simplex> found;
        std::vector<Vertex> clique;
        for (auto v = static_cast<Vertex>(graph_.size() - 1); v >= dim_; --v) {
            clique.assign(1, v);
            collect(clique, -1, found);
        }
        return found;
    }

    void collect(std::vector<Vertex>& clique, Rank diameter, std::vector<Simplex>& found) {
        if (static_cast<std::int64_t>(clique.size()) == dim_ + 1) {
            if (apparent_cofacet(clique, diameter)) return;
            const std::int64_t number = index_.number(clique);
            if (pivots_.contains(number) || (dim_ > 1 && apparent_facet(clique, diameter) >= 0)) return;
            found.push_back({number, diameter, 1});
            return;
        }
        const auto missing = dim_ + 1 - static_cast<std::int64_t>(clique.size());
        graph_.below(clique.back(), [&](Vertex v) {
            if (v < missing - 1) return;
            Rank widest = diameter;
            for (const Vertex u : clique) widest = std::max(widest, graph_.rank(u, v));
            if (widest == absent) return;
            clique.push_back(v);
            collect(clique, widest, found);
            clique.pop_back();
        });
    }

    // --- apparent pairs --------------------------------------------------------------------------------

    // Position in `simplex` of the largest vertex off its longest edge; without it lies the latest facet.
    template <class Vertices>
    std::size_t largest_off_longest(const Vertices& simplex, Rank diameter) const {
        const Ends longest = graph_.ends(diameter);
        std::size_t position = 0;
        while (position < simplex.size() && (simplex[position] == longest.i || simplex[position] == longest.j)) ++position;
        return position;
    }

    bool apparent_cofacet(const std::vector<Vertex>& simplex, Rank diameter) const {
        const std::size_t position = largest_off_longest(simplex, diameter);
        const Vertex above = position < simplex.size() ? simplex[position] : -1;
        return graph_.nearer_vertex(simplex, diameter, above) >= 0;
    }

    // Position of the vertex whose removal gives the facet that forms an apparent pair with `simplex`, or -1.
    std::ptrdiff_t apparent_facet(const std::vector<Vertex>& simplex, Rank diameter) const {
        const std::size_t position = largest_off_longest(simplex, diameter);
        const Vertex removed = simplex[position];
        return graph_.nearer_vertex(simplex, diameter, removed, removed) < 0 ? static_cast<std::ptrdiff_t>(position) : -1;
    }

    // --- coboundaries ----------------------------------------------------------------------------------

    // Calls visit(cofacet) with each coface of `simplex`, new vertex falling, until it returns false.
    // The sign is that of the boundary formula: (-1)^q for the vertex at rising position q.
    template <class Visit>
    void coboundary(const Simplex& simplex, Visit&& visit) {
        index_.decode(simplex.number, facet_);
        const Coefficient opposite = field_.negate(simplex.coefficient);
        std::int64_t above = 0, below = simplex.number;
        std::int64_t position = dim_ + 1;  // vertices of the facet below k
        graph_.cofacets(facet_, simplex.diameter, [&](Vertex k, Rank diameter) {
            for (; position > 0 && facet_[static_cast<std::size_t>(dim_ + 1 - position)] > k; --position) {
                const Vertex passed = facet_[static_cast<std::size_t>(dim_ + 1 - position)];
                below -= index_.binomial(passed, position);
                above += index_.binomial(passed, position + 1);
            }
            return visit(Simplex{above + index_.binomial(k, position + 1) + below, diameter,
                                 position % 2 == 0 ? simplex.coefficient : opposite});
        });
    }

    void add_coboundary(const Simplex& simplex) {
        coboundary(simplex, [this](const Simplex& cofacet) {
            column_.add(cofacet);
            return true;
        });
    }

    // Adds `factor` times an apparent or an already reduced column.
    void add_simplex(Simplex simplex, Coefficient factor) {
        simplex.coefficient = field_.multiply(simplex.coefficient, factor);
        chain_.push_back(simplex);
        add_coboundary(simplex);
    }

    // --- the reduction ---------------------------------------------------------------------------------

    // Reduces one column, records its pivot and its chain, and returns the diameter of its pivot.
    Rank reduce(std::size_t column) {
        const Simplex& simplex = columns_[column];
        if (emergent_pair(column)) return simplex.diameter;
        for (Simplex pivot; column_.take_pivot(field_, pivot);) {
            const auto known = pivots_.find(pivot.number);
            if (known != pivots_.end()) {
                const Coefficient factor =
                    field_.negate(field_.multiply(pivot.coefficient, known->second.inverse));
                const std::size_t other = known->second.column;
                add_simplex(columns_[other], factor);
                for (std::size_t c = chain_start_[other]; c < chain_start_[other + 1]; ++c) add_simplex(chain_[c], factor);
                continue;
            }
            index_.decode(pivot.number, cofacet_);
            const std::ptrdiff_t removed = apparent_facet(cofacet_, pivot.diameter);
            if (removed < 0) {
                pivots_.emplace(pivot.number, Pivot{column, field_.inverse(pivot.coefficient)});
                merge_chain(column);
                return pivot.diameter;
            }
            cofacet_.erase(cofacet_.begin() + removed);
            const Simplex facet{index_.number(cofacet_), pivot.diameter, 1};
            const bool even = (dim_ + 1 - removed) % 2 == 0;
            cofacet_.push_back(0);
            add_simplex(facet, even ? field_.negate(pivot.coefficient) : pivot.coefficient);
        }
        merge_chain(column);
        return absent;
    }

    // Fills column_ with the column's coboundary unless its earliest cofacet of equal diameter is free.
    bool emergent_pair(std::size_t column) {
        const Simplex& simplex = columns_[column];
        column_.clear();
        bool first = true, settled = false;
        coboundary(simplex, [&](const Simplex& cofacet) {
            if (first && cofacet.diameter == simplex.diameter) {
                first = false;
                index_.decode(cofacet.number, cofacet_);
                if (!pivots_.contains(cofacet.number) && apparent_facet(cofacet_, cofacet.diameter) < 0) {
                    pivots_.emplace(cofacet.number, Pivot{column, field_.inverse(cofacet.coefficient)});
                    settled = true;
                    return false;
                }
            }
            column_.add(cofacet);
            return true;
        });
        return settled;
    }

    // Sums equal simplices of the chain of `column`, the last one.
    void merge_chain(std::size_t column) {
        const auto begin = chain_.begin() + static_cast<std::ptrdiff_t>(chain_start_[column]);
        std::sort(begin, chain_.end(), later);
        auto kept = begin;
        for (auto next = begin; next != chain_.end();) {
            Simplex sum = *next++;
            for (; next != chain_.end() && next->number == sum.number; ++next)
                sum.coefficient = field_.add(sum.coefficient, next->coefficient);
            if (sum.coefficient != 0) *kept++ = sum;
        }
        chain_.erase(kept, chain_.end());
    }

    Graph& graph_;
    const SimplexIndex& index_;
    PrimeField field_;
    std::int64_t dim_ = 0;

    std::unordered_map<std::int64_t, Pivot> pivots_;  // by number of the pivot, in the last degree done
    std::vector<Simplex> columns_;
    std::vector<Simplex> chain_;  // column c is the coboundary of columns_[c] + chain_[chain_start_[c], ...)
    std::vector<std::size_t> chain_start_;
    RipsColumn column_;
    std::vector<Vertex> facet_, cofacet_;
};

}  // namespace topolens
