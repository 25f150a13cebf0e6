// The sorted edges of a flag complex on few vertices, with the matrix of their ranks.
//
// SparseFlagGraph has the same functions and no matrix. Both answer in ranks, which have no ties.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "edge_order.hpp"
#include "simd.hpp"
#include "simplex_index.hpp"

namespace topolens {

struct Ends {
    Vertex i, j;  // i > j
};

namespace detail {

// For the edge (a, b): the least rank that the longer of the edges to a third vertex has.
TOPOLENS_VECTORISED inline Rank shortest_detour(const Rank* a, const Rank* b, std::int64_t n) {
    Rank least = absent;
    for (std::int64_t k = 0; k < n; ++k) least = std::min(least, std::max(a[k], b[k]));
    return least;
}

}  // namespace detail

class FlagGraph {
public:
    // Up to so many classes are kept as a bit matrix.
    static constexpr std::int64_t most_bit_classes = std::int64_t{1} << 40;

    // Both must outlive the graph.
    FlagGraph(const RankMatrix& ranks, const std::vector<Edge>& edges)
        : ranks_(ranks), edges_(edges), distance_(static_cast<std::size_t>(ranks.size())) {}

    std::int64_t size() const { return ranks_.size(); }
    std::int64_t edge_count() const { return static_cast<std::int64_t>(edges_.size()); }
    Rank rank(Vertex a, Vertex b) const { return ranks_.row(a)[b]; }
    Ends ends(Rank rank) const {
        const Edge edge = edges_[static_cast<std::size_t>(rank)];
        return {edge.i, edge.j};
    }

    // The vertex of the edge's lune whose two edges are shortest; a rank names it.
    Vertex detour(Rank rank) const {
        const Ends edge = ends(rank);
        const Ends longer = ends(detail::shortest_detour(ranks_.row(edge.i), ranks_.row(edge.j), size()));
        return longer.i == edge.i || longer.i == edge.j ? longer.j : longer.i;
    }

    // Calls visit(u) for the vertices u < v joined to v, falling.
    template <class Visit>
    void below(Vertex v, Visit&& visit) const {
        const Rank* row = ranks_.row(v);
        for (Vertex u = v - 1; u >= 0; --u)
            if (row[u] != absent) visit(u);
    }

    // Calls visit(k, diameter of the simplex with k) for the vertices k joined to all, falling, until it returns false.
    template <class Visit>
    void cofacets(std::span<const Vertex> simplex, Rank diameter, Visit&& visit) {
        std::fill(distance_.begin(), distance_.end(), diameter);
        for (const Vertex v : simplex) {
            const Rank* row = ranks_.row(v);
            for (std::size_t k = 0; k < distance_.size(); ++k) distance_[k] = std::max(distance_[k], row[k]);
        }
        for (auto k = static_cast<Vertex>(size() - 1); k >= 0; --k)
            if (const Rank widest = distance_[static_cast<std::size_t>(k)]; widest != absent && !visit(k, widest)) return;
    }

    // Largest vertex k > above joined to all vertices but `skip` by edges before `diameter`, or -1.
    Vertex nearer_vertex(std::span<const Vertex> simplex, Rank diameter, Vertex above, Vertex skip = -1) const {
        for (auto k = static_cast<Vertex>(size() - 1); k > above; --k) {
            bool nearer = true;
            for (const Vertex v : simplex)
                if (v != skip && ranks_.row(v)[k] >= diameter) {
                    nearer = false;
                    break;
                }
            if (nearer) return k;
        }
        return -1;
    }

private:
    const RankMatrix& ranks_;
    const std::vector<Edge>& edges_;
    std::vector<Rank> distance_;
};

}  // namespace topolens
