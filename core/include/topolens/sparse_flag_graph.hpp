// The sorted edges of a flag complex on many vertices, with lists of neighbours. Memory: 24 bytes an edge.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "edge_order.hpp"
#include "flag_graph.hpp"
#include "simplex_index.hpp"

namespace topolens {

struct Neighbour {
    Vertex vertex;
    Rank rank;  // of the edge to it
};

class SparseFlagGraph {
public:
    // More loops than these may be open at once on many vertices, and a bit matrix of them would outgrow the edges.
    static constexpr std::int64_t most_bit_classes = 8192;

    // `edges` in rising order. Refuses edges that come twice.
    SparseFlagGraph(std::int64_t n, std::vector<Ends> edges)
        : edges_(std::move(edges)), start_(static_cast<std::size_t>(n) + 1), neighbours_(2 * edges_.size()) {
        for (const Ends edge : edges_)
            for (const Vertex v : {edge.i, edge.j}) ++start_[static_cast<std::size_t>(v) + 1];
        for (std::size_t v = 0; v < static_cast<std::size_t>(n); ++v) start_[v + 1] += start_[v];
        std::vector<std::int64_t> next(start_.begin(), start_.end() - 1);
        for (Rank rank = 0; rank < static_cast<Rank>(edges_.size()); ++rank) {
            const Ends edge = ends(rank);
            neighbours_[static_cast<std::size_t>(next[static_cast<std::size_t>(edge.i)]++)] = {edge.j, rank};
            neighbours_[static_cast<std::size_t>(next[static_cast<std::size_t>(edge.j)]++)] = {edge.i, rank};
        }
        for (Vertex v = 0; v < n; ++v) sort_neighbours(v);
    }

    std::int64_t size() const { return static_cast<std::int64_t>(start_.size()) - 1; }
    std::int64_t edge_count() const { return static_cast<std::int64_t>(edges_.size()); }
    Ends ends(Rank rank) const { return edges_[static_cast<std::size_t>(rank)]; }

    // By rising vertex.
    std::span<const Neighbour> neighbours(Vertex v) const {
        const auto begin = start_[static_cast<std::size_t>(v)], end = start_[static_cast<std::size_t>(v) + 1];
        return {neighbours_.data() + begin, static_cast<std::size_t>(end - begin)};
    }

    Rank rank(Vertex a, Vertex b) const {
        const auto near = neighbours(a);
        const auto found = std::lower_bound(near.begin(), near.end(), b, before);
        return found != near.end() && found->vertex == b ? found->rank : absent;
    }

    // Calls visit(k, longer of the edges to k) for the vertices k joined to both a and b, rising.
    template <class Visit>
    void common_neighbours(Vertex a, Vertex b, Visit&& visit) const {
        const auto first = neighbours(a), second = neighbours(b);
        for (auto p = first.begin(), q = second.begin(); p != first.end() && q != second.end();) {
            if (p->vertex == q->vertex) visit(p->vertex, std::max(p->rank, q->rank));
            const bool step = p->vertex <= q->vertex;
            q += q->vertex <= p->vertex;
            p += step;
        }
    }

    // The functions below are those of FlagGraph.

    Vertex detour(Rank rank) const {
        const Ends edge = ends(rank);
        Rank least = absent;
        Vertex over = -1;
        common_neighbours(edge.i, edge.j, [&](Vertex k, Rank longer) {
            if (longer >= least) return;
            least = longer;
            over = k;
        });
        return over;
    }

    template <class Visit>
    void below(Vertex v, Visit&& visit) const {
        const auto near = neighbours(v);
        auto next = std::lower_bound(near.begin(), near.end(), v, before);
        while (next != near.begin()) visit((--next)->vertex);
    }

    template <class Visit>
    void cofacets(std::span<const Vertex> simplex, Rank diameter, Visit&& visit) {
        common(simplex, -1, -1, [&](Vertex k, Rank widest) { return visit(k, std::max(widest, diameter)); });
    }

    Vertex nearer_vertex(std::span<const Vertex> simplex, Rank diameter, Vertex above, Vertex skip = -1) const {
        Vertex found = -1;
        common(simplex, above, skip, [&](Vertex k, Rank widest) {
            if (widest < diameter) found = k;
            return found < 0;
        });
        return found;
    }

private:
    static bool before(const Neighbour& neighbour, Vertex v) { return neighbour.vertex < v; }

    void sort_neighbours(Vertex v) {
        const auto begin = neighbours_.begin() + start_[static_cast<std::size_t>(v)];
        const auto end = neighbours_.begin() + start_[static_cast<std::size_t>(v) + 1];
        std::sort(begin, end, [](const Neighbour& a, const Neighbour& b) { return a.vertex < b.vertex; });
        const auto twice =
            std::adjacent_find(begin, end, [](const Neighbour& a, const Neighbour& b) { return a.vertex == b.vertex; });
        if (twice != end)
            throw std::invalid_argument("each edge may be given once, but (" + std::to_string(v) + ", " +
                                        std::to_string(twice->vertex) + ") comes twice");
    }

    // Vertices k > above joined to all but `skip`, falling, with the longest of the edges to k.
    template <class Visit>
    void common(std::span<const Vertex> simplex, Vertex above, Vertex skip, Visit&& visit) const {
        std::span<const Neighbour> lists[max_simplex];
        std::size_t count = 0;
        for (const Vertex v : simplex)
            if (v != skip) lists[count++] = neighbours(v);
        std::sort(lists, lists + count, [](const auto& a, const auto& b) { return a.size() < b.size(); });
        for (auto& shortest = lists[0]; !shortest.empty(); shortest = shortest.first(shortest.size() - 1)) {
            const auto [k, rank] = shortest.back();
            if (k <= above) return;
            Rank widest = rank;
            for (std::size_t l = 1; l < count && widest != absent; ++l) {
                auto& list = lists[l];
                while (!list.empty() && list.back().vertex > k) list = list.first(list.size() - 1);
                if (list.empty()) return;
                widest = list.back().vertex == k ? std::max(widest, list.back().rank) : absent;
            }
            if (widest != absent && !visit(k, widest)) return;
        }
    }

    static constexpr std::size_t max_simplex = 64;  // 2^62 simplices are numbered, so none is larger

    std::vector<Ends> edges_;
    std::vector<std::int64_t> start_;
    std::vector<Neighbour> neighbours_;
};

}  // namespace topolens
